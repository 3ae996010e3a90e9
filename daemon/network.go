package daemon

import (
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Network is one of the networks that raptoreumd can join. Its text is also the name of the
// network's section in raptoreum.conf.
type Network string

// The networks. A devnet of any name is Devnet.
const (
	Main    Network = "main"
	Test    Network = "test"
	Devnet  Network = "devnet"
	Regtest Network = "regtest"
)

// NetworkOf returns the network that getblockchaininfo reports in chain, and false for an unknown
// one.
func NetworkOf(chain string) (Network, bool) {
	switch network := Network(chain); network {
	case Main, Test, Regtest:
		return network, true
	}
	if strings.HasPrefix(chain, "devnet-") {
		return Devnet, true
	}
	return "", false
}

// Folder returns the folder in the data directory of a chain, as getblockchaininfo names it; empty: the data directory
// itself (chainparamsbase.cpp).
func Folder(chain string) string {
	switch chain {
	case string(Main):
		return ""
	case string(Test):
		return "rip01-testnet"
	}
	return chain
}

// IsFolder reports whether a name in the data directory is the folder of a test network.
func IsFolder(name string) bool {
	return name == Folder(string(Test)) || name == Folder(string(Regtest)) || strings.HasPrefix(name, Folder("devnet-"))
}

// RPCPort returns the port of the RPC server where raptoreum.conf names none
// (chainparamsbase.cpp).
func (n Network) RPCPort() int {
	switch n {
	case Test:
		return 10231
	case Devnet:
		return 19798
	case Regtest:
		return 19898
	}
	return 10225
}

// NetworkOfRPC returns the network whose RPC port a URL has; empty: none of them.
func NetworkOfRPC(rpc string) Network {
	u, err := url.Parse(rpc)
	if err != nil {
		return ""
	}
	for _, n := range []Network{Main, Test, Devnet, Regtest} {
		if u.Port() == strconv.Itoa(n.RPCPort()) {
			return n
		}
	}
	return ""
}

// P2PPort returns the port that peers connect to where raptoreum.conf names none
// (chainparams.cpp). On Main a smartnode must use it.
func (n Network) P2PPort() int {
	switch n {
	case Test:
		return 10230
	case Devnet:
		return 19799
	case Regtest:
		return 19899
	}
	return 10226
}

// BlockSpacing returns the time between two blocks that the network aims at (chainparams.cpp).
func (n Network) BlockSpacing() time.Duration {
	if n == Test {
		return time.Minute
	}
	return 2 * time.Minute
}
