package fleet

import (
	"fmt"
	"net/netip"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/internal/text"
)

// Dialable returns why an address that the chain names must not be dialled: it is not one that a
// smartnode can have on the public network. A registration is written by whoever pays for it, so it
// must not lead a prober into the network of its owner. With private any that can be dialled may be.
func (f *Fleet) Dialable(address string, network daemon.Network, private bool) error {
	a, err := netip.ParseAddrPort(address)
	switch {
	case err != nil:
		return fmt.Errorf("%q is no address", text.Clip(address, 40))
	case !daemon.Usable(address):
		return fmt.Errorf("%s cannot be dialled", a)
	case private:
		return nil
	}
	ip := a.Addr()
	if !ip.Is4() { // CheckService allows no other (evo/providertx.cpp); 4-in-6 forms hide what they mean
		return fmt.Errorf("%s is no IPv4 address, which a smartnode has", a)
	}
	for _, block := range f.reserved {
		if block.Contains(ip) {
			return fmt.Errorf("%s is not public (%s)", a, block)
		}
	}
	if network == daemon.Main && int(a.Port()) != daemon.Main.P2PPort() {
		return fmt.Errorf("%s has another port than every smartnode of the main network", a)
	}
	return nil
}

// reservedBlocks are the blocks of IPv4 that are not globally reachable (IANA special-purpose registry), and
// multicast.
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
