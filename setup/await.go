package setup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// scrape returns the scrape configuration of the exporters.
func (c *command) scrape(nodes []*node) string {
	var b strings.Builder
	b.WriteString("- job_name: raptoreum\n  scrape_interval: 1m\n  static_configs:\n")
	for _, n := range nodes {
		fmt.Fprintf(&b, "    - targets: [%q]\n      labels: {node: %q, vantage: self}\n", n.listen, c.label(n))
	}
	return b.String()
}

// label returns the name of a node in Prometheus.
func (c *command) label(n *node) string {
	base := c.Node.Name
	if base == "" {
		base, _ = os.Hostname() // without one, the usual name
	}
	base = cmp.Or(base, "smartnode")
	if n.name != "" {
		return base + "-" + n.name
	}
	return base
}

const startsWithin = 30 * time.Second

// await waits until the exporter of a node answers, and prints its check.
func (c *command) await(ctx context.Context, n *node) error {
	for waited := time.Duration(0); ; waited += time.Second {
		body, err := c.Get(ctx, "http://"+n.listen+"/metrics")
		if err == nil && strings.Contains(body, "raptoreum_exporter_build_info") {
			break
		}
		if strings.Contains(body, "HTTPS server") { // it requires TLS
			break
		}
		if waited >= startsWithin || ctx.Err() != nil {
			err = cmp.Or(err, errors.New("another program listens there"))
			return fmt.Errorf("%s does not answer at %s: %w; see journalctl -u %s. To take everything back: raptoreum_exporter setup --undo", n.service(), n.listen, err, n.service())
		}
		c.Sleep(ctx, time.Second)
	}
	as, flags := exporterUser, "@"+n.dir()+"/flags"
	switch {
	case c.exists("/etc/systemd/system/" + n.service() + ".d/setup.conf"):
		as = n.user.name
	case n.cookie: // raptoreumd accepts the exporter only after its next start, but its user at once
		as, flags = n.user.name, "--daemon.conf="+n.confPath
	}
	report, _ := c.Exec(ctx, "runuser", "-u", as, "--", program, "check", flags) // its code is its verdict
	c.print("\n%s answers at http://%s:\n%s", n.service(), n.listen, report)
	return nil
}
