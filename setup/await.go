package setup

import (
	"context"
	"fmt"
	"net"
	"slices"
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

// label returns the name of a node in Prometheus. A host name that setup watch would refuse is not used.
func (c *command) label(n *node) string {
	base := c.Node.Name
	if base == "" {
		base, _ = c.Hostname() // without one, the usual name
	}
	if checkName(base) != nil {
		base = "smartnode"
	}
	if n.name != "" {
		return base + "-" + n.name
	}
	return base
}

const startsWithin = 30 * time.Second

// answering waits until the exporters of this run answer. An error has the end of the log of the one that does not.
func (c *command) answering(ctx context.Context) error {
	for _, p := range c.placing {
		n := &node{name: p.Name}
		if slices.Contains(c.keptFiles, n.dir()+"/flags") { // it listens where a person chose
			continue
		}
		service := n.service()
		for waited := time.Duration(0); ; waited += time.Second {
			err := c.exporterAt(ctx, p.Listen)
			if err == nil {
				break
			}
			if waited >= startsWithin || ctx.Err() != nil {
				return fmt.Errorf("%s does not answer at %s: %w%s; see journalctl -u %s", service, p.Listen, err, c.log(ctx, service), service)
			}
			c.Sleep(ctx, time.Second)
		}
	}
	return nil
}

// check prints the check of the exporter of a node. It reports whether its smartnode is not known to be unregistered.
func (c *command) check(ctx context.Context, n *node) bool {
	as, flags := exporterUser, []string{"@" + n.dir() + "/flags"}
	switch {
	case c.exists("/etc/systemd/system/" + n.service() + ".d/setup.conf"):
		as = n.user.name
	case n.cookie: // raptoreumd accepts the exporter only after its next start, but its user at once
		as, flags = n.user.name, []string{"--daemon.conf=" + n.confPath}
		if n.protx != "" {
			flags = append(flags, "--smartnode.protx="+n.protx)
		}
	}
	at := "http://" + n.listen
	if c.Node.Web != "" {
		at = n.listen + " with TLS and a password"
	}
	report, _ := c.Exec(ctx, "runuser", append([]string{"-u", as, "--", program, "check"}, flags...)...) // its code is its verdict
	c.print("\n%s answers at %s:\n%s", n.service(), at, report)
	return !strings.Contains(report, "--runbook=RaptoreumSmartnodeNotRegistered")
}

// nextSteps prints what is left to do on the machine that watches.
func (c *command) nextSteps(nodes []*node) {
	reach, watched := "", ""
	for _, n := range nodes {
		to := n.protx
		if host, _, _ := net.SplitHostPort(n.listen); !net.ParseIP(host).IsLoopback() {
			reach, to = " --reach=address", strings.TrimPrefix(to+"@"+n.listen, "@")
		}
		if to != "" {
			watched += " --node " + c.label(n) + "=" + to
		}
	}
	switch {
	case c.Node.Web != "":
		c.print("On the machine that watches, which has made the certificate, this says whether it reaches the exporter:\n\n  sudo raptoreum_exporter setup watch\n")
	default:
		c.print("\nFor Prometheus, also in %s/scrape.yml:\n\n%s", etc, c.scrape(nodes))
		if watched != "" {
			c.print("On the machine that watches:\n\n  sudo raptoreum_exporter setup watch%s%s\n", reach, watched)
		}
	}
	c.print("To take everything back: sudo raptoreum_exporter setup --undo")
}
