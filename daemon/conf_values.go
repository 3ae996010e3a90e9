package daemon

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// confValues is the ArgsManager of raptoreumd once the network is known: the section of the network
// comes before the top level, and the first value wins.
type confValues struct {
	*confParser
	path  string
	chain Network
}

func (v confValues) negated(key string) bool {
	values, found := v.values[string(v.chain)+"."+key]
	if !found {
		values, found = v.values[key]
	}
	return found && len(values) == 0
}

func (v confValues) all(key string) []string {
	if v.negated(key) {
		return nil
	}
	section := v.values[string(v.chain)+"."+key]
	if v.chain != Main && (key == "rpcport" || key == "rpcbind") { // NETWORK_ONLY in init.cpp
		return section
	}
	return append(section[:len(section):len(section)], v.values[key]...)
}

// get returns the effective value; a negated key reads "0", even a password.
func (v confValues) get(key, otherwise string) string {
	if v.negated(key) {
		return "0"
	}
	if values := v.all(key); len(values) > 0 {
		return values[0]
	}
	return otherwise
}

func (v confValues) set(key string) bool { return v.negated(key) || len(v.all(key)) > 0 }

func (v confValues) port(key string, otherwise int) int {
	if !v.set(key) {
		return otherwise
	}
	port := confInt(v.get(key, ""))
	if port < 1 || port > 65535 {
		v.warn(v.path, 0, fmt.Sprintf("%s is not a port from 1 to 65535, so %d is assumed; correct it", key, otherwise))
		return otherwise
	}
	return int(port)
}

// folder returns the name of the directory of the network in the datadir.
func (v confValues) folder() string {
	if v.chain == Devnet {
		return Folder("devnet-" + cmp.Or(v.get("devnet", ""), "asset"))
	}
	return Folder(string(v.chain))
}

// url follows HTTPBindAddresses (httpserver.cpp): rpcbind counts only together with rpcallowip;
// without them raptoreumd listens on the loopback addresses.
func (v confValues) url() string {
	host, port := "127.0.0.1", v.port("rpcport", v.chain.RPCPort())
	binds := v.all("rpcbind")
	if len(binds) > 0 && !v.set("rpcallowip") {
		v.warn(v.path, 0, "raptoreumd ignores rpcbind unless rpcallowip is set; set or remove both")
		binds = nil
	}
	for _, bind := range binds {
		bound, boundPort := confSplitHostPort(bind, port)
		if callable, ok := confCallable(bound); ok {
			host, port = callable, boundPort
			break
		}
	}
	return (&url.URL{Scheme: "http", Host: net.JoinHostPort(host, strconv.Itoa(port))}).String()
}

// confCallable returns the host to connect to for one that raptoreumd listens on, and false for
// one that is neither.
func confCallable(host string) (string, bool) {
	if host == "" {
		return "127.0.0.1", true
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return host, confPlain(host)
	}
	switch {
	case !addr.Unmap().IsUnspecified():
		return host, confPlain(addr.Zone())
	case addr.Unmap().Is4():
		return "127.0.0.1", true
	}
	return "::1", true
}

// confPlain reports whether name needs no escaping in a URL.
func confPlain(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool {
		return !strings.ContainsRune("-._abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", r)
	})
}

// externalAddress has the preference of raptoreumd: on every network except regtest a smartnode
// needs a public IPv4 address, whatever else is listed.
func (v confValues) externalAddress() (first string) {
	listen := v.port("port", v.chain.P2PPort())
	for _, value := range v.all("externalip") {
		host, port := confSplitHostPort(value, listen)
		addr, err := netip.ParseAddr(host)
		if err != nil || addr.IsUnspecified() || addr.Zone() != "" {
			continue // a name: only raptoreumd knows the address it resolved to
		}
		addr = addr.Unmap()
		address := netip.AddrPortFrom(addr, uint16(port)).String()
		if addr.Is4() && addr.IsGlobalUnicast() && !addr.IsPrivate() {
			return address
		}
		first = cmp.Or(first, address)
	}
	return first
}

// confSplitHostPort is SplitHostPort (util/strencodings.cpp): a colon starts a port if it is the
// only one or follows a bracket; an invalid port stays in the host.
func confSplitHostPort(address string, port int) (string, int) {
	colon := strings.LastIndexByte(address, ':')
	bracketed := colon > 0 && address[0] == '[' && address[colon-1] == ']'
	if colon >= 0 && (bracketed || strings.Count(address, ":") == 1) {
		if n, err := strconv.Atoi(address[colon+1:]); err == nil && n > 0 && n < 1<<16 {
			address, port = address[:colon], n
		}
	}
	if len(address) > 1 && address[0] == '[' && address[len(address)-1] == ']' {
		address = address[1 : len(address)-1]
	}
	return address, port
}
