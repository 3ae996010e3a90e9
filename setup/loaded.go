package setup

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

const loadsWithin = 5 * time.Second // after a reload

// loaded reports whether Prometheus and Alertmanager run with what their files have, and prints what they lack. A file
// of a person is reloaded by that person.
func (c *command) loaded(ctx context.Context, p plan) bool {
	ok := true
	for _, f := range p.files {
		program, page := "Prometheus", c.address("prometheus", "9090")+"/api/v1/status/config"
		switch f.path {
		case prometheusConf:
		case alertConf:
			program, page = "Alertmanager", c.address("prometheus-alertmanager", "9093")+"/api/v2/status"
		default:
			continue
		}
		file, err := c.read(f.path)
		if err != nil || file == nil {
			continue
		}
		for waited := time.Duration(0); ; waited += time.Second {
			missing, err := c.notLoaded(ctx, page, f, file.content)
			if err == nil && len(missing) == 0 {
				break
			}
			if waited < loadsWithin && ctx.Err() == nil {
				c.Sleep(ctx, time.Second)
				continue
			}
			ok = false
			if err != nil {
				c.print("Not known: what %s runs with: %v. See systemctl status %s", program, err, strings.Join(f.units, " "))
				break
			}
			c.print("Not loaded: %s runs without %s, which %s has. Run sudo systemctl reload-or-restart %s, and then setup watch again. If this line remains, see journalctl -u %[4]s",
				program, strings.Join(missing, ", "), f.path, strings.Join(f.units, " "))
			break
		}
	}
	return ok
}

// notLoaded returns the names of what a file has and the configuration that a program runs with has not.
func (c *command) notLoaded(ctx context.Context, page string, f change, file string) (names []string, err error) {
	body, err := c.Get(ctx, page)
	if err != nil {
		return nil, err
	}
	var status struct {
		Data   struct{ YAML string }     // of Prometheus
		Config struct{ Original string } // of Alertmanager
	}
	if err := json.Unmarshal([]byte(body), &status); err != nil {
		return nil, err
	}
	lacks := f.lacks(file)
	return slices.DeleteFunc(f.lacks(status.Data.YAML+status.Config.Original), func(name string) bool { return slices.Contains(lacks, name) }), nil
}
