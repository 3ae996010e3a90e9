package setup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// check returns an error about a wrong flag, before anything is asked or changed.
func (n *Node) check() error {
	if n.Name != "" {
		if err := checkName(n.Name); err != nil {
			return fmt.Errorf("--name: %w", err)
		}
	}
	if !slices.Contains([]string{"", byUser, byPassword}, n.Credentials) {
		return fmt.Errorf("--credentials: %q is not password or user", n.Credentials)
	}
	for _, given := range n.ProTx {
		_, hash := splitProTx(given)
		if _, err := parseProTx(hash); err != nil {
			return fmt.Errorf("--protx: %w", err)
		}
	}
	return nil
}

func splitProTx(given string) (name, hash string) {
	name, hash, named := strings.Cut(given, "=")
	if !named {
		return "", given
	}
	return name, hash
}

// checkInstances returns an error about a --protx that is of none of the instances.
func (n *Node) checkInstances(nodes []*node) error {
	var names []string
	for _, each := range nodes {
		names = append(names, each.name)
	}
	for _, given := range n.ProTx {
		name, hash := splitProTx(given)
		switch {
		case slices.Contains(names, name):
		case name == "":
			return fmt.Errorf("--protx: there are several raptoreumd; give NAME=%s, where NAME is %s", hash, strings.Join(names, " or "))
		case len(names) == 1:
			return fmt.Errorf("--protx: there is only one raptoreumd, which has no instance name; give --protx=%s", hash)
		default:
			return fmt.Errorf("--protx: there is no instance %s; there are %s", name, strings.Join(names, ", "))
		}
	}
	return nil
}

// protx returns the proTxHash that was given for a node; empty: none.
func (n *Node) protx(of *node) string {
	for _, given := range n.ProTx {
		if name, hash := splitProTx(given); name == of.name {
			return strings.ToLower(hash)
		}
	}
	return ""
}

// choose returns the raptoreumd to set up: those of --conf, or those that run and those of the last run, or else all.
func (c *command) choose(nodes []*node) (chosen []*node, err error) {
	for _, conf := range c.Node.Confs {
		i := slices.IndexFunc(nodes, func(n *node) bool { return n.confPath == conf })
		if i >= 0 {
			continue
		}
		if _, err := os.Stat(c.path(conf)); err != nil {
			return nil, fmt.Errorf("--conf: %s: %w", conf, errors.Unwrap(err))
		}
		return nil, fmt.Errorf("--conf: %s is not the raptoreum.conf of a raptoreumd that runs or has a systemd unit, and not ~/.raptoreumcore/raptoreum.conf of a user", conf)
	}
	for _, n := range nodes {
		if len(c.Node.Confs) == 0 && (n.pid > 0 || n.known) || slices.Contains(c.Node.Confs, n.confPath) {
			chosen = append(chosen, n)
		}
	}
	if len(chosen) == 0 {
		return nodes, nil
	}
	return chosen, nil
}

// checkFree returns an error if another program uses the address of an exporter.
func (c *command) checkFree(ctx context.Context, nodes []*node) error {
	for _, n := range nodes {
		if c.Free(n.listen) || c.exporterAt(ctx, n.listen) == nil { // by the exporter that runs already
			continue
		}
		return fmt.Errorf("another program uses %s, or this machine does not have that address; give the exporter another one: --listen=127.0.0.1:10300", n.listen)
	}
	return nil
}

// exporterAt returns an error if no exporter listens at an address.
func (c *command) exporterAt(ctx context.Context, address string) error {
	body, err := c.Get(ctx, "http://"+address+"/metrics")
	if strings.Contains(body, "raptoreum_exporter_build_info") || strings.Contains(body, "HTTPS server") { // it requires TLS
		return nil
	}
	return cmp.Or(err, errors.New("another program listens there"))
}
