package collector_test

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/log"

	"raptoreum_exporter/collector"
	"raptoreum_exporter/daemon"
	"raptoreum_exporter/explorer"
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
		asked   bool   // an explorer
	}{
		{"another network", daemon.Main, simnet.DaemonOK, "absent", false},
		{"the same network", daemon.Regtest, simnet.DaemonOK, "compared", true},
		{"unknown, the daemon is down", daemon.Main, simnet.DaemonRefused, "absent", false},
		{"given, the daemon is down", "", simnet.DaemonRefused, "height", true},
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
			if asked := len(n.Calls().Explorers[0]) > 0; asked != test.asked {
				t.Errorf("an explorer was asked: %t", asked)
			}
			if shown != test.shown {
				t.Errorf("%s, want %s:\n%s", shown, test.shown, got)
			}
		})
	}
}

// TestExplorersThatStopped: a fleet without a daemon has no facts from explorers that have stopped, and one line says so.
func TestExplorersThatStopped(t *testing.T) {
	n, sources := fakeSources(t, "healthy")
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var err error
	sources.Daemon = nil
	sources.Explorers, err = explorer.New(ctx, explorer.Config{URLs: n.ExplorerURLs(), HTTP: transport, Every: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	var logged bytes.Buffer
	set := collector.New(collector.Config{Sources: sources, Logger: log.NewLogfmtLogger(&logged), Enabled: []string{"explorer"}})
	until := func(want string) {
		t.Helper()
		for began := time.Now(); !strings.Contains(logged.String(), want); time.Sleep(20 * time.Millisecond) {
			if gather(t, set); time.Since(began) > 10*time.Second {
				t.Fatalf("no %s:\n%s", want, &logged)
			}
		}
	}
	n.Set(func(s *simnet.State) { s.BlockTime = time.Now().Add(-time.Hour).Unix() })
	until(`level=warn msg="source failed" source="smartnodes on explorers" err=`)
	for range 5 {
		gather(t, set)
	}
	if lines := strings.Count(logged.String(), "\n"); lines != 1 || !strings.Contains(logged.String(), "it has stopped or is behind") {
		t.Errorf("want one line with the reason:\n%s", &logged)
	}
	n.Set(func(s *simnet.State) { s.NetworkHeight, s.BlockTime = s.NetworkHeight+1, time.Now().Unix() })
	until(`level=info msg="source recovered" source="smartnodes on explorers"`)
}
