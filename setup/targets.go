package setup

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"raptoreum_exporter/daemon"
)

// target is a smartnode to watch.
type target struct {
	name  string
	protx string // empty: only its exporter is scraped
	host  string // host:port of its exporter; empty: it is only probed from outside
}

// targets parses the values of --node.
func (w *Watch) targets() (all []target, err error) {
	for _, value := range w.Nodes {
		t, err := parseTarget(value)
		if err != nil {
			return nil, fmt.Errorf("--node: %w", err)
		}
		for _, other := range all {
			switch {
			case other.name == t.name:
				return nil, fmt.Errorf("--node: there are two smartnodes with the name %s", t.name)
			case other.protx == t.protx && t.protx != "":
				return nil, fmt.Errorf("--node: %s and %s have the same proTxHash", other.name, t.name)
			}
		}
		all = append(all, t)
	}
	return all, w.checkReach(all)
}

func parseTarget(value string) (t target, err error) {
	name, rest, ok := strings.Cut(value, "=")
	if !ok || rest == "" {
		return t, fmt.Errorf("%q is not NAME=PROTX, NAME=HOST or NAME=PROTX@HOST", value)
	}
	if err := checkName(name); err != nil {
		return t, err
	}
	t.name = name
	protx, host, both := strings.Cut(rest, "@")
	if !both && !likeHash.MatchString(protx) {
		protx, host = "", rest
	}
	if protx != "" || both {
		if t.protx, err = parseProTx(protx); err != nil {
			return t, fmt.Errorf("%s: %w", name, err)
		}
	}
	if host != "" || both {
		if t.host, err = hostPort(host); err != nil {
			return t, fmt.Errorf("%s: %w", name, err)
		}
	}
	return t, nil
}

// likeHash matches a proTxHash with typing errors. No part of a host name is as long.
var likeHash = regexp.MustCompile(`^[0-9a-fA-F]{32,}$|^[0-9A-Za-z]{60,}$|^0x[0-9a-fA-F]{8,}$`)

// parseProTx returns a proTxHash in lower case.
func parseProTx(s string) (string, error) {
	if strings.HasPrefix(s, "0x") {
		return "", errors.New("a proTxHash has 64 hex digits without 0x")
	}
	h, err := daemon.ParseHash(s)
	switch {
	case err == nil:
		return h.String(), nil
	case len(s) != 64:
		return "", fmt.Errorf("a proTxHash has 64 hex digits, this has %d", len(s))
	}
	return "", fmt.Errorf("a proTxHash has 64 hex digits 0-9 and a-f: %w", err)
}

// watcherNode is the label node of the exporter that probes.
const watcherNode = "watcher"

// checkName returns an error about a name that cannot be the label node of a smartnode.
func checkName(name string) error {
	if name == watcherNode {
		return fmt.Errorf("%q is the name of the exporter on the machine that watches; give another one", name)
	}
	return checkCharacters(name)
}

// checkCharacters returns an error about a name that is not the same everywhere without quotes.
func checkCharacters(name string) error {
	if !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`).MatchString(name) {
		return fmt.Errorf("%q: a name has 1 to 63 of the characters a-z, A-Z, 0-9, '.', '_' and '-', and begins with a letter or digit", name)
	}
	return nil
}

func (w *Watch) checkReach(all []target) error {
	w.Reach = cmp.Or(w.Reach, reachOutside)
	if !slices.Contains([]string{reachOutside, reachAddress, reachTLS}, w.Reach) {
		return fmt.Errorf("--reach: %q is not outside, address or tls", w.Reach)
	}
	for _, t := range all {
		switch {
		case w.Reach == reachOutside && t.host != "":
			return fmt.Errorf("--node: %s: to scrape the exporter at %s, also give --reach=address (WireGuard or an ssh tunnel) or --reach=tls", t.name, t.host)
		case w.Reach == reachOutside && t.protx == "":
			return fmt.Errorf("--node: %s: give its proTxHash", t.name)
		case w.Reach == reachAddress && public(t.host):
			return fmt.Errorf("--node: %s: anyone could connect to the exporter at the public address %s; give that of WireGuard or of an ssh tunnel, or --reach=tls", t.name, t.host)
		}
	}
	return nil
}

// public reports whether everybody can connect to host:port.
func public(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return host == ""
	}
	shared := netip.MustParsePrefix("100.64.0.0/10") // of Tailscale
	return ip.IsUnspecified() || ip.IsGlobalUnicast() && !ip.IsPrivate() && !shared.Contains(ip)
}

// hostPort adds the usual port of the exporter.
func hostPort(s string) (string, error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		host, port = strings.Trim(s, "[]"), "10227"
	}
	if net.ParseIP(host) == nil && !regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$`).MatchString(host) {
		return "", fmt.Errorf("%q is not a host or host:port", s)
	}
	if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 {
		return "", fmt.Errorf("%q: a port is a number from 1 to 65535", s)
	}
	return net.JoinHostPort(host, port), nil
}
