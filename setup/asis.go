package setup

import (
	"path/filepath"
	"strings"
)

// planAsIs keeps what an earlier run wrote for a raptoreumd that is not running now.
func (c *command) planAsIs(p *plan, n *node, past record) error {
	for _, path := range past.order() {
		w := past.Files[path]
		ours := path == n.confPath || strings.Contains(path, "/"+n.service()+".d/") || filepath.Dir(path) == n.dir() && path != etc+"/scrape.yml"
		if !ours {
			continue
		}
		one := change{path: path, line: w.Line, units: w.Units, secret: w.Secret}
		var err error
		if one.as, err = c.read(path); err != nil {
			return err
		}
		if one.as != nil {
			p.files = append(p.files, one)
		}
	}
	for _, name := range []string{n.service(), n.instance("raptoreum_heal", ".timer")} {
		if _, ours := past.Units[name]; ours {
			p.units = append(p.units, unit{name: name, running: true})
		}
	}
	return nil
}
