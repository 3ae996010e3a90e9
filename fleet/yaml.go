package fleet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

const shownMax = 16 // bytes of a text that errors show; a longer text may be a key

// shown formats a text of the file for an error.
func shown(s string) string {
	if len(s) > shownMax {
		return fmt.Sprintf("of %d characters", utf8.RuneCountInString(s))
	}
	return strconv.Quote(s)
}

// place is a line of a file.
type place struct {
	file string
	line int
}

func (p place) String() string { return fmt.Sprintf("%s:%d", p.file, p.line) }

func (p place) errorf(format string, args ...any) error {
	return fmt.Errorf("%s: "+format, append([]any{p}, args...)...)
}

// document parses the only document of the file and returns its root.
func (p *parser) document(content []byte) (*yaml.Node, error) {
	start := place{p.file, 1}
	if len(content) > maxFile {
		return nil, start.errorf("the file is larger than 16 MiB; make sure that it is the fleet file")
	}
	number := 0
	for line := range bytes.Lines(content) { // the error of yaml has no line
		number++
		if bytes.ContainsFunc(line, notText) {
			return nil, place{p.file, number}.errorf("this line has a character that is not text; save the file as UTF-8")
		}
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var document, second yaml.Node
	err := decoder.Decode(&document)
	if errors.Is(err, io.EOF) {
		return nil, start.errorf("the file is empty; add at least one smartnode below nodes, sets or import")
	}
	if err != nil {
		return nil, p.syntax(err, number)
	}
	if err := decoder.Decode(&second); err == nil {
		return nil, p.at(&second).errorf("a second document starts here; remove the line --- and keep one of each key")
	} else if !errors.Is(err, io.EOF) {
		return nil, p.syntax(err, number)
	}
	return document.Content[0], nil
}

func notText(r rune) bool {
	return r == utf8.RuneError || unicode.IsControl(r) && r != '\t' && r != '\r' && r != '\n'
}

// syntax converts an error of the yaml package, such as "yaml: line 3: did not find expected key".
// An error in the first line has no number. "did not find expected" errors count lines from 0 and give
// the line where the list or mapping starts, or the one after the last.
func (p *parser) syntax(err error, lines int) error {
	reason := strings.TrimPrefix(err.Error(), "yaml: ")
	if strings.HasPrefix(reason, "unknown anchor") { // this error contains a text of the file
		return place{p.file, 1}.errorf("an alias (*) is used here or below; replace it with its value, or put the text in quotes")
	}
	line := 1
	if rest, found := strings.CutPrefix(reason, "line "); found {
		digits, after, _ := strings.Cut(rest, ": ")
		if n, err := strconv.Atoi(digits); err == nil {
			line, reason = n, after
			if strings.HasPrefix(reason, "did not find expected") {
				line++
			}
		}
	}
	return place{p.file, min(line, lines)}.errorf("not valid YAML here or below: %s; check indentation, quotes and brackets", reason)
}

// want returns an error unless n is a node of that kind.
func (p *parser) want(n *yaml.Node, kind yaml.Kind, what string) error {
	switch {
	case n.Kind == yaml.AliasNode: // a small file with aliases could expand to a large one
		return p.at(n).errorf("%s is an alias (*); replace it with its value", what)
	case n.Style&yaml.TaggedStyle != 0:
		return p.at(n).errorf("%s has a tag (!); remove the tag", what)
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		return p.at(n).errorf("%s is empty; fill it in or remove it", what)
	case n.Kind == kind:
		return nil
	case kind == yaml.SequenceNode:
		return p.at(n).errorf(`%s is not a list; start each entry on its own line with "- "`, what)
	case kind == yaml.MappingNode:
		return p.at(n).errorf(`%s is not a mapping; write it as lines of "key: value"`, what)
	}
	return p.at(n).errorf("%s is not a single value; write one value on this line", what)
}

// scalar returns the text of a scalar as written: a hash that consists of digits is not a number.
func (p *parser) scalar(n *yaml.Node, what string) (string, error) {
	if err := p.want(n, yaml.ScalarNode, what); err != nil {
		return "", err
	}
	return n.Value, nil
}

type pair struct{ key, value *yaml.Node }

// pairs returns the keys and values of a mapping. Its keys must be scalars.
func (p *parser) pairs(n *yaml.Node, what string) ([]pair, error) {
	if err := p.want(n, yaml.MappingNode, what); err != nil {
		return nil, err
	}
	lines := map[string]int{}
	var pairs []pair
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if _, err := p.scalar(k, "a key of "+what); err != nil {
			return nil, err
		}
		if first, again := lines[k.Value]; again {
			return nil, p.at(k).errorf("key %s of %s is already on line %d; remove one of them", shown(k.Value), what, first)
		}
		lines[k.Value] = k.Line
		pairs = append(pairs, pair{k, n.Content[i+1]})
	}
	return pairs, nil
}

// fields returns the values of a mapping by key. Only known keys are allowed.
func (p *parser) fields(n *yaml.Node, what string, known ...string) (map[string]*yaml.Node, error) {
	pairs, err := p.pairs(n, what)
	if err != nil {
		return nil, err
	}
	fields := map[string]*yaml.Node{}
	for _, pair := range pairs {
		if !slices.Contains(known, pair.key.Value) {
			return nil, p.at(pair.key).errorf("unknown key %s of %s; the keys are %s", shown(pair.key.Value), what, strings.Join(known, ", "))
		}
		fields[pair.key.Value] = pair.value
	}
	return fields, nil
}
