package collector_test

import (
	"context"
	"strings"
	"testing"

	"raptoreum_exporter/collector"
	"raptoreum_exporter/daemon"
	"raptoreum_exporter/internal/simnet"
)

// TestExplorersOfAnotherNetwork: with --daemon.url alone, the network of the daemon is known only after its first
// answer. Explorers of the main network are not compared with a daemon of another one, not even in the first scrape.
func TestExplorersOfAnotherNetwork(t *testing.T) {
	for _, test := range []struct {
		name    string
		network daemon.Network
		mode    simnet.DaemonMode
		shown   string // absent, height, or compared
	}{
		{"another network", daemon.Main, simnet.DaemonOK, "absent"},
		{"the same network", daemon.Regtest, simnet.DaemonOK, "compared"},
		{"unknown, the daemon is down", daemon.Main, simnet.DaemonRefused, "height"},
	} {
		t.Run(test.name, func(t *testing.T) {
			n, sources := fakeSources(t, "healthy")
			n.Set(func(s *simnet.State) { s.Daemon = test.mode })
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			client, err := daemon.NewClient(ctx, daemon.Config{
				URL:         n.RPCURL(),
				Credentials: func() (daemon.Credentials, error) { return daemon.Credentials{Password: "x"}, nil },
			})
			if err != nil {
				t.Fatal(err)
			}
			sources.Daemon, sources.ExplorerNetwork = client, test.network
			got := gather(t, collector.New(collector.Config{Sources: sources, Enabled: []string{"explorer"}}))
			shown := "absent"
			if strings.Contains(got, "raptoreum_explorer_block_height{") {
				shown = "height"
			}
			if strings.Contains(got, "raptoreum_explorer_height_delta_blocks{") {
				shown = "compared"
			}
			if shown != test.shown {
				t.Errorf("%s, want %s:\n%s", shown, test.shown, got)
			}
		})
	}
}
