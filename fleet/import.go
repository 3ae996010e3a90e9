package fleet

import (
	"errors"
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"raptoreum_exporter/internal/text"
)

// nodeProTx matches an assignment to NODE_PROTX: at the start of a line, as in the check script and,
// with spaces and $, in its PowerShell version; or after other text, as in the crontab line
// "0 * * * * NODE_PROTX=...". With spaces and after other text, it is a comparison.
const nodeProTx = `(?:^\s*(?:export\s+)?(?:\$(?:env:)?)?NODE_PROTX\s*=\s*|[\s;]NODE_PROTX=)("[^"]*"?|'[^']*'?|[^\s;&|]*)`

// importFile adds every NODE_PROTX of a file.
func (p *parser) importFile(n *yaml.Node) error {
	path, err := p.scalar(n, "an entry of import")
	if err != nil {
		return err
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(p.folder, path)
	}
	content, err := p.readFile(path)
	if err != nil {
		return p.at(n).errorf("an imported file: %w; write the full path of a file that the exporter's user can read", cause(err))
	}
	if len(content) > maxFile {
		return p.at(n).errorf("an imported file is larger than 16 MiB; make sure that it is the check script")
	}
	file := text.Clip(path, maxPath)
	assignment := regexp.MustCompile(nodeProTx)
	number, found := 0, false
	for line := range strings.Lines(strings.TrimPrefix(string(content), "\ufeff")) { // a byte order mark, as the PowerShell editor writes it
		number++
		code, _, _ := strings.Cut(line, "#")
		for _, match := range assignment.FindAllStringSubmatch(code, -1) {
			found = true
			if err := p.importHash(place{file, number}, strings.Trim(match[1], `"'`)); err != nil {
				return err
			}
		}
	}
	if !found {
		return p.at(n).errorf("%s has no NODE_PROTX=..., or only after a #; add it there, or list the smartnode below nodes", file)
	}
	return nil
}

func (p *parser) importHash(here place, digits string) error {
	hash, err := parseHash(digits)
	if digits == "" {
		err = errors.New("is empty; enter the proTxHash that smartnode status shows, or remove the line")
	}
	if err != nil {
		return here.errorf("NODE_PROTX %w", err)
	}
	if first, again := p.imported[hash]; again {
		return here.errorf("NODE_PROTX is the same smartnode as in %s; remove one of them", first)
	}
	p.imported[hash] = here
	if _, named := p.listed[hash]; !named { // its entry below nodes has the name and the labels
		p.config.nodes[hash] = entry{}
	}
	return nil
}
