package fleet

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"raptoreum_exporter/explorer"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/internal/simnet"
)

// explorerFleet is a fleet without a daemon, of a registered node and one that is not, and the network that
// its explorers show.
func explorerFleet(t *testing.T, now func() time.Time) (*Fleet, *simnet.Network) {
	t.Helper()
	scenario, err := simnet.Load(os.DirFS("../testdata/scenarios/healthy"))
	if err != nil {
		t.Fatal(err)
	}
	network, err := simnet.Start(simnet.Config{Scenario: scenario, Captures: os.DirFS("../testdata/captures"), Password: "x"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(network.Close)
	ctx, cancel := context.WithCancel(t.Context())
	transport := &http.Transport{}
	t.Cleanup(func() { cancel(); transport.CloseIdleConnections() })
	explorers, err := explorer.New(ctx, explorer.Config{URLs: network.ExplorerURLs(), HTTP: transport, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "fleet.yml")
	nodes := fmt.Sprintf("nodes:\n- {protx: %s, name: registered}\n- {protx: %064d, name: gone}\n", scenario.ProTxHash(), 7)
	if err := os.WriteFile(file, []byte(nodes), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := New(ctx, file, Sources{Explorers: explorers})
	if err != nil {
		t.Fatal(err)
	}
	return f, network
}

// registered returns "1", "0", or "" for unknown.
func registered(t *testing.T, f *Fleet, name string) string {
	t.Helper()
	s := f.Snapshot(t.Context(), poll.Wait)
	node, ok := s.Find(name)
	if !ok {
		t.Fatalf("no node %s", name)
	}
	facts := f.Facts(t.Context(), s, node, poll.Wait)
	if facts.Registered == nil {
		return ""
	}
	if *facts.Registered != (facts.Smartnode != nil) {
		t.Errorf("%s: %+v", name, facts)
	}
	return map[bool]string{true: "1", false: "0"}[*facts.Registered]
}

// TestRegisteredByExplorer: an explorer that lags says "unknown" about every smartnode registered above its
// height. That must not make a node unregistered.
func TestRegisteredByExplorer(t *testing.T) {
	for _, test := range []struct {
		first, second    simnet.ExplorerMode
		registered, gone string
	}{
		{simnet.ExplorerOK, simnet.ExplorerOK, "1", "0"},
		{simnet.ExplorerLagging, simnet.ExplorerOK, "1", "0"},
		{simnet.ExplorerOK, simnet.ExplorerLagging, "1", "0"},
		{simnet.ExplorerResyncing, simnet.ExplorerOK, "1", "0"},
		{simnet.ExplorerStarting, simnet.ExplorerOK, "1", "0"},
		{simnet.ExplorerUnknownNode, simnet.ExplorerOK, "1", "0"},
		{simnet.ExplorerUnknownNode, simnet.ExplorerUnknownNode, "0", "0"},
		{simnet.ExplorerErrorText, simnet.ExplorerOK, "1", "0"},
		{simnet.ExplorerRateLimited, simnet.ExplorerErrorText, "", ""},
		{simnet.ExplorerResyncing, simnet.ExplorerDown, "", ""},
		{simnet.ExplorerLagging, simnet.ExplorerDown, "", ""},
	} {
		t.Run(fmt.Sprintf("%s then %s", test.first, test.second), func(t *testing.T) {
			f, network := explorerFleet(t, nil)
			network.Set(func(s *simnet.State) {
				s.BlockTime = time.Now().Unix() // only explorers with a recent block count
				s.Explorers[0].Mode, s.Explorers[1].Mode = test.first, test.second
			})
			if got := registered(t, f, "registered"); got != test.registered {
				t.Errorf("registered %q, want %q", got, test.registered)
			}
			if got := registered(t, f, "gone"); got != test.gone {
				t.Errorf("not registered %q, want %q", got, test.gone)
			}
		})
	}
}

// TestRegisteredWhileOthersFail: the explorer that lags is the only one left.
func TestRegisteredWhileOthersFail(t *testing.T) {
	start := time.Now()
	var minutes atomic.Int64
	f, network := explorerFleet(t, func() time.Time { return start.Add(time.Duration(minutes.Load()) * time.Minute) })
	network.Set(func(s *simnet.State) { s.BlockTime = start.Unix() })
	if got := registered(t, f, "registered"); got != "1" {
		t.Fatalf("registered %q", got)
	}
	network.Set(func(s *simnet.State) {
		s.Explorers[0].Mode, s.Explorers[1].Mode = simnet.ExplorerLagging, simnet.ExplorerErrorText
	})
	for minute := range 15 {
		minutes.Add(1)
		if got := registered(t, f, "registered"); got == "0" {
			t.Fatalf("minute %d: not registered", minute)
		}
	}
}
