package daemon

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestNetwork(t *testing.T) {
	type facts struct {
		Network Network
		Known   bool
		RPC     int
		P2P     int
		Spacing time.Duration
	}
	want := map[string]facts{
		"main":         {Main, true, 10225, 10226, 2 * time.Minute},
		"test":         {Test, true, 10231, 10230, time.Minute},
		"devnet-asset": {Devnet, true, 19798, 19799, 2 * time.Minute},
		"regtest":      {Regtest, true, 19898, 19899, 2 * time.Minute},
	}
	got := map[string]facts{}
	for chain := range want {
		network, known := NetworkOf(chain)
		got[chain] = facts{network, known, network.RPCPort(), network.P2PPort(), network.BlockSpacing()}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for rpc, want := range map[string]Network{
		"http://127.0.0.1:10225": Main, "http://smartnode:10231/": Test, "http://[::1]:19798": Devnet, "http://h:19898": Regtest,
		"http://127.0.0.1:10226": "", "http://10225": "", "http://h:x": "", "": "",
	} {
		if got := NetworkOfRPC(rpc); got != want {
			t.Errorf("%s: %q, want %q", rpc, got, want)
		}
	}
	for _, chain := range []string{"", "devnet", "signet", "Main"} {
		if network, known := NetworkOf(chain); known {
			t.Errorf("%q is %s", chain, network)
		}
	}
}
