package setup

import (
	"cmp"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
)

// listen moves the exporters from loopback to where a Prometheus on another machine reaches them: the first one to
// the port of --listen, the others to the next ones.
func (c *command) listen(nodes []*node) error {
	if c.Node.Listen == "" && c.Node.Web == "" {
		return nil
	}
	host, port, err := net.SplitHostPort(cmp.Or(c.Node.Listen, ":10227"))
	first, number := strconv.Atoi(port)
	if err != nil || number != nil || first < 1 || first+len(nodes) > 1<<16 || host != "" && net.ParseIP(host) == nil {
		return fmt.Errorf("--listen: %q is not an address such as 10.8.0.2:10227", c.Node.Listen)
	}
	if c.Node.Web == "" && public(c.Node.Listen) {
		return fmt.Errorf("--listen: anyone could connect to %s; give the address of WireGuard, or --web with TLS and a password", c.Node.Listen)
	}
	for i, n := range nodes {
		n.listen = net.JoinHostPort(host, strconv.Itoa(first+i))
	}
	return nil
}

// webFiles returns what --web has for the exporter of a node.
func (c *command) webFiles(n *node) (files []change, err error) {
	for _, name := range []string{"tls.key", "tls.crt", "web.yml"} {
		content, err := readRegular(filepath.Join(c.Node.Web, name), maxSecret)
		if err != nil && c.exists(n.dir()+"/"+name) { // the folder was only needed once
			content, err = readRegular(c.path(n.dir()+"/"+name), maxSecret)
		}
		if err != nil {
			return nil, fmt.Errorf("--web: %w", err)
		}
		files = append(files, change{path: n.dir() + "/" + name, content: string(content), mode: 0o640, group: exporterUser, secret: true})
	}
	return files, nil
}
