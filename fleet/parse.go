package fleet

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"raptoreum_exporter/daemon"
)

// parser walks the nodes of the YAML document instead of decoding it into structs: the errors of the
// yaml package contain values and Go types, and sometimes no line.
type parser struct {
	file     string // path of the fleet file in errors
	folder   string
	readFile func(path string) ([]byte, error)
	config   *Config
	listed   map[daemon.Hash]place // smartnodes below nodes
	imported map[daemon.Hash]place
	names    map[string]place // in lower case
	sets     map[key]place
}

func (p *parser) at(n *yaml.Node) place { return place{p.file, n.Line} }

func (p *parser) parse(content []byte) error {
	root, err := p.document(content)
	if err != nil {
		return err
	}
	fields, err := p.fields(root, "the file", "nodes", "sets", "import")
	if err != nil {
		return err
	}
	for _, section := range []struct {
		name string
		take func(*yaml.Node) error
	}{
		{"nodes", p.node},
		{"sets", p.set},
		{"import", p.importFile}, // after nodes, which take precedence
	} {
		list := fields[section.name]
		if list == nil {
			continue
		}
		if err := p.want(list, yaml.SequenceNode, section.name); err != nil {
			return err
		}
		for _, n := range list.Content {
			if err := section.take(n); err != nil {
				return err
			}
		}
	}
	if len(p.config.nodes)+len(p.config.sets) == 0 {
		return p.at(root).errorf("no smartnodes; add at least one below nodes, sets or import")
	}
	return nil
}

func (p *parser) node(n *yaml.Node) error {
	fields, err := p.fields(n, "an entry of nodes", "protx", "name", "labels")
	if err != nil {
		return err
	}
	if fields["protx"] == nil {
		return p.at(n).errorf("an entry of nodes has no protx; add protx: and the proTxHash that smartnode status shows")
	}
	digits, err := p.scalar(fields["protx"], "protx")
	if err != nil {
		return err
	}
	here := p.at(fields["protx"])
	hash, err := parseHash(digits)
	if err != nil {
		return here.errorf("protx %w", err)
	}
	if first, again := p.listed[hash]; again {
		return here.errorf("protx is the same smartnode as in %s; remove one of them", first)
	}
	p.listed[hash] = here
	var e entry
	if e.name, err = p.name(fields["name"]); err != nil {
		return err
	}
	if e.labels, err = p.labels(fields["labels"]); err != nil {
		return err
	}
	p.config.nodes[hash] = e
	return nil
}

func (p *parser) name(n *yaml.Node) (string, error) {
	if n == nil {
		return "", nil
	}
	name, err := p.scalar(n, "name")
	if err != nil {
		return "", err
	}
	if err := checkName(name); err != nil {
		return "", p.at(n).errorf("name %s %w", shown(name), err)
	}
	if first, again := p.names[strings.ToLower(name)]; again {
		return "", p.at(n).errorf("name %s is also in %s; names must differ in more than case", shown(name), first)
	}
	p.names[strings.ToLower(name)] = p.at(n)
	return name, nil
}

func (p *parser) set(n *yaml.Node) error {
	choices := []string{payoutAddress, ownerAddress, votingAddress, operatorKey}
	fields, err := p.fields(n, "an entry of sets", append(choices, "labels")...)
	if err != nil {
		return err
	}
	var chosen []string
	for _, field := range choices {
		if fields[field] != nil {
			chosen = append(chosen, field)
		}
	}
	if len(chosen) != 1 {
		return p.at(n).errorf("an entry of sets has %d of %s; write exactly one in each entry", len(chosen), strings.Join(choices, ", "))
	}
	k := key{field: chosen[0]}
	here := p.at(fields[k.field])
	if k.value, err = p.scalar(fields[k.field], k.field); err != nil {
		return err
	}
	if k.field == operatorKey {
		k.value = strings.ToLower(k.value)
		err = checkOperatorKey(k.value)
	} else {
		err = checkAddress(k.value)
	}
	if err != nil {
		return here.errorf("%s: %w", k.field, err)
	}
	if first, again := p.sets[k]; again {
		return here.errorf("%s is the same as in %s; remove one of them", k.field, first)
	}
	p.sets[k] = here
	labels, err := p.labels(fields["labels"])
	if err != nil {
		return err
	}
	p.config.sets[k] = set{order: len(p.config.sets), labels: labels}
	return nil
}

func (p *parser) labels(n *yaml.Node) (map[string]string, error) {
	if n == nil {
		return nil, nil
	}
	pairs, err := p.pairs(n, "labels")
	if err != nil {
		return nil, err
	}
	if len(pairs) > maxLabels {
		return nil, p.at(n).errorf("labels has %d labels; keep at most %d", len(pairs), maxLabels)
	}
	labels := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		name := pair.key.Value
		if err := checkLabel(name); err != nil {
			return nil, p.at(pair.key).errorf("label %s %w", shown(name), err)
		}
		value, err := p.scalar(pair.value, "label "+shown(name))
		if err != nil {
			return nil, err
		}
		if err := checkLabelValue(value); err != nil {
			return nil, p.at(pair.value).errorf("the value of label %s %w", shown(name), err)
		}
		labels[name] = value
	}
	return labels, nil
}
