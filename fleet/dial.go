package fleet

import (
	"fmt"
	"net/netip"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/internal/text"
)

// dialable returns an error if a registered address ("ip:port") must not be dialled, because a
// smartnode cannot have it on the public network. Anyone can register any address for a fee, so a
// registration must not direct the prober into its operator's own network. With AllowPrivate every usable
// address is allowed.
func (f *Fleet) dialable(address string, network daemon.Network) error {
	a, err := netip.ParseAddrPort(address)
	switch {
	case err != nil:
		return fmt.Errorf("%q is not an IP address with a port", text.Clip(address, 40))
	case !daemon.Usable(address):
		return fmt.Errorf("%s cannot be dialled", a)
	case f.sources.AllowPrivate:
		return nil
	}
	ip := a.Addr()
	if !ip.Is4() { // CheckService allows nothing else (evo/providertx.cpp); a 4-in-6 form hides its IPv4 address
		return fmt.Errorf("%s is not an IPv4 address, and smartnodes have no other", a)
	}
	for _, block := range f.reserved {
		if block.Contains(ip) {
			return fmt.Errorf("%s is not public (%s)", a, block)
		}
	}
	if want := daemon.Main.P2PPort(); network == daemon.Main && int(a.Port()) != want {
		return fmt.Errorf("%s does not have port %d, as all smartnodes of the main network do", a, want)
	}
	return nil
}

// reservedBlocks returns the IPv4 blocks that are not globally reachable (IANA special-purpose
// registry), and multicast.
func reservedBlocks() []netip.Prefix {
	var blocks []netip.Prefix
	for _, block := range []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
		"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	} {
		blocks = append(blocks, netip.MustParsePrefix(block))
	}
	return blocks
}
