package setup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"raptoreum_exporter/config"
)

// Node configures the setup beside raptoreumd. Its zero value sets up every running raptoreumd.
type Node struct {
	Confs       []string // raptoreum.conf of those to set up; empty: all that are found
	ProTx       []string // NAME=HASH, or HASH if there is only one raptoreumd
	Name        string   // of the smartnode in Prometheus; empty: the host name
	Credentials string   // password or user, for a raptoreumd that has only a cookie; empty: ask
	Heal        bool     // restart raptoreumd if it hangs
	Listen      string   // address of the exporter for a Prometheus elsewhere; empty: loopback
	Web         string   // folder with web.yml, tls.crt and tls.key that setup watch has written; empty: none
}

const (
	etc          = config.Etc
	unitDir      = "/usr/lib/systemd/system"
	exporterUser = "raptoreum_exporter"
	program      = "/usr/bin/raptoreum_exporter"

	// A raptoreumd without rpcpassword accepts these.
	byPassword = "password" // a separate one, after its next start
	byUser     = "user"     // the cookie, if the exporter runs as its user
)

// nodes sets up an exporter for each raptoreumd.
func (c *command) nodes(ctx context.Context, past record) (int, error) {
	if !c.exists(unitDir + "/raptoreum_exporter@.service") {
		return exitPartly, errors.New("the package raptoreum-exporter is not installed; run dpkg -i or rpm -U first")
	}
	nodes, code, err := c.selected(ctx, past)
	if err != nil {
		return exitPartly, err
	}
	for _, n := range nodes {
		c.print("found %s", n.title())
		if n.pid == 0 && n.known {
			c.print("  it is not running, so its exporter stays as it is")
			continue
		}
		c.System.ask(ctx, n)
		if err := c.report(ctx, n); err != nil {
			return exitPartly, err
		}
	}
	p, err := c.planNodes(ctx, nodes, past)
	if err != nil {
		return exitPartly, err
	}
	for _, n := range nodes {
		c.placing = append(c.placing, placed{n.confPath, n.name, n.listen, c.label(n)})
	}
	_, kept, err := c.perform(ctx, p, past)
	if err != nil {
		return exitPartly, err
	}
	if kept {
		code = exitPartly
	}
	if c.DryRun {
		return code, nil
	}
	if err := c.answering(ctx); err != nil {
		return exitPartly, err
	}
	var unknown []string
	for _, n := range nodes {
		if !c.check(ctx, n) {
			unknown = append(unknown, n.protx)
		}
	}
	c.nextSteps(nodes)
	if len(unknown) > 0 {
		c.print("Not registered: no smartnode has the proTxHash %s. Run setup again with the right one (--protx), or register the smartnode.", strings.Join(unknown, ", "))
		code = exitPartly
	}
	return code, nil
}

// selected returns the raptoreumd that are to be set up, with the names and addresses of their exporters.
func (c *command) selected(ctx context.Context, past record) (nodes []*node, code int, err error) {
	c.Node.remember(past.Node)
	if err := c.Node.check(); err != nil {
		return nil, exitPartly, err
	}
	found, err := c.find(past)
	if err != nil {
		return nil, exitPartly, err
	}
	if found, err = c.choose(found); err != nil {
		return nil, exitPartly, err
	}
	nodes, code, err = c.usable(found)
	if err != nil {
		return nil, exitPartly, err
	}
	c.nameAll(nodes, past)
	if err := c.listen(nodes); err != nil {
		return nil, exitPartly, err
	}
	if err := c.Node.checkInstances(nodes); err != nil {
		return nil, exitPartly, err
	}
	if err := c.checkFree(ctx, nodes); err != nil {
		return nil, exitPartly, err
	}
	for _, n := range nodes {
		if last, ok := past.placed(n.confPath); ok && n.known && last.Name != n.name { // it is no longer the only one
			n.known = false
			if n.err != nil {
				return nil, exitPartly, fmt.Errorf("%s: %w", n.title(), n.err)
			}
		}
	}
	return nodes, code, nil
}

// remember completes the flags with those of the last run. proTxHashes are in its flags files.
func (n *Node) remember(last *Node) {
	if last == nil {
		return
	}
	if len(n.Confs) == 0 {
		n.Confs = last.Confs
	}
	n.Name, n.Credentials = cmp.Or(n.Name, last.Name), cmp.Or(n.Credentials, last.Credentials)
	n.Listen, n.Web, n.Heal = cmp.Or(n.Listen, last.Listen), cmp.Or(n.Web, last.Web), n.Heal || last.Heal
}

// usable returns the nodes that can be set up, and prints why others cannot.
func (c *command) usable(found []*node) (nodes []*node, code int, err error) {
	var skipped []error
	for _, n := range found {
		if n.pid == 0 && n.known { // what it has stays
			nodes = append(nodes, n)
			continue
		}
		if n.err == nil {
			n.err = c.trusted(n)
		}
		if n.err == nil && n.container && n.cookie {
			n.err = errors.New("it runs in a container and has no rpcpassword; set rpcuser and rpcpassword in its raptoreum.conf, and restart it")
		}
		if n.err != nil {
			c.print("skipped %s: %v", n.title(), n.err)
			skipped, code = append(skipped, fmt.Errorf("%s: %w", n.title(), n.err)), exitPartly
			continue
		}
		nodes = append(nodes, n)
	}
	if len(nodes) == 0 && len(skipped) > 0 {
		return nil, exitPartly, errors.Join(skipped...)
	}
	if len(nodes) == 0 {
		return nil, exitPartly, errors.New("no raptoreumd was found; start it, and run setup again. To watch smartnodes of other machines: raptoreum_exporter setup watch")
	}
	return nodes, code, nil
}

// report prints what a node answered, and completes what it did not say.
func (c *command) report(ctx context.Context, n *node) (err error) {
	switch {
	case n.protx != "":
		c.print("  smartnode %s", n.protx)
	case n.why != nil:
		c.print("  it does not answer at %s: %v", n.conf.URL, n.why)
	}
	if given := c.Node.protx(n); given != "" {
		if n.protx != "" && n.protx != given {
			c.print("  warning: --protx gives another smartnode, %s, which the exporter will expect", given)
		}
		n.protx = given
	}
	if flags, err := c.read(n.dir() + "/flags"); n.protx == "" && err == nil && flags != nil {
		n.protx = argument(flags.content, "smartnode.protx")
	}
	if n.protx == "" {
		n.protx, err = c.ask(ctx, "  proTxHash of its smartnode, if it is one (Enter: none):", "")
	}
	if err == nil && n.protx != "" {
		n.protx, err = parseProTx(n.protx)
	}
	return err
}

// planNodes returns the files and units for all nodes.
func (c *command) planNodes(ctx context.Context, nodes []*node, past record) (plan, error) {
	var p plan
	if nodes[0].name != "" {
		p.units = append(p.units, unit{name: "raptoreum_exporter.service"}) // each has its own instance
	}
	for _, n := range nodes {
		if n.pid == 0 && n.known {
			if err := c.planAsIs(&p, n, past); err != nil {
				return p, err
			}
			continue
		}
		if err := c.planNode(ctx, &p, n); err != nil {
			return p, err
		}
	}
	if c.Node.Web != "" { // setup watch has configured Prometheus already
		return p, nil
	}
	p.files = append(p.files, change{path: etc + "/scrape.yml", mode: 0o644, content: "# Add this to scrape_configs of prometheus.yml.\n" + c.scrape(nodes)})
	return p, nil
}

func (n *node) dir() string { return filepath.Join(etc, n.name) }

func (n *node) instance(kind, suffix string) string {
	if n.name == "" {
		return kind + suffix
	}
	return kind + "@" + n.name + suffix
}

func (n *node) service() string { return n.instance("raptoreum_exporter", ".service") }

// planNode adds what one node needs. The flags come last: the other files have no effect without them.
func (c *command) planNode(ctx context.Context, p *plan, n *node) error {
	access, err := c.access(ctx, p, n)
	if err != nil {
		return err
	}
	flags := append([]string{"--daemon.conf=" + n.confPath, "--daemon.url=" + n.conf.URL}, access...)
	if n.protx != "" {
		flags = append(flags, "--smartnode.protx="+n.protx)
	}
	if n.container {
		flags = append(flags, "--no-collector.datadir") // of the container
	}
	if n.name != "" || c.Node.Listen != "" || c.Node.Web != "" {
		flags = append(flags, "--web.listen-address="+n.listen)
	}
	if c.Node.Web != "" {
		files, err := c.webFiles(n)
		if err != nil {
			return err
		}
		p.files = append(p.files, files...)
		flags = append(flags, "--web.config.file="+n.dir()+"/web.yml")
	}
	if n.name != "" {
		flags = append(flags, "--heal.history=/var/lib/raptoreum_heal/"+n.name+"/history.json")
	}
	if n.unit != "" && c.Node.Heal {
		p.files = append(p.files, change{
			path: n.dir() + "/heal.flags", mode: 0o644, replaces: onlyComments,
			content: "# Written by raptoreum_exporter setup.\n--heal.command=systemctl restart " + n.unit + "\n",
		})
	}
	p.files = append(p.files, change{
		path: n.dir() + "/flags", mode: 0o644, replaces: onlyComments, units: []string{n.service()},
		content: "# Written by raptoreum_exporter setup, which does not change this file again if you edit it.\n" + strings.Join(flags, "\n") + "\n",
	})
	p.units = append(p.units, unit{name: n.service(), running: true})
	if c.Node.Heal {
		if n.unit == "" {
			return fmt.Errorf("--heal: %s is not a systemd service, so heal cannot restart it", n.title())
		}
		p.units = append(p.units, unit{name: n.instance("raptoreum_heal", ".timer"), running: true})
	}
	return nil
}

// onlyComments reports whether a flags file is the one of the package: it has no flag.
func onlyComments(old string) bool {
	for line := range strings.Lines(old) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			return false
		}
	}
	return true
}
