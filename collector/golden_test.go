package collector_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"
	"go.uber.org/goleak"

	"raptoreum_exporter/collector"
	"raptoreum_exporter/daemon"
	"raptoreum_exporter/explorer"
	"raptoreum_exporter/fleet"
	"raptoreum_exporter/host"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/internal/simnet"
	"raptoreum_exporter/internal/tools"
	"raptoreum_exporter/p2p"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const scenarios = "../testdata/scenarios"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestGolden compares the metrics of each recorded scenario with its golden files.
func TestGolden(t *testing.T) {
	for _, name := range scenarioNames(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, sources := fakeSources(t, name)
			set := collector.New(collector.Config{Sources: sources, Enabled: collector.Names()})
			gather(t, set) // reads the list, which contains a banned smartnode
			gather(t, set) // requests that smartnode from the explorers
			tools.Golden(t, *update, filepath.Join(scenarios, name, "metrics.txt"), fixed(gather(t, set), n))
			tools.Golden(t, *update, filepath.Join(scenarios, name, "probe.txt"), fixed(probe(t, sources), n))
		})
	}
}

// probe gathers the metrics of /probe for the smartnode of this daemon.
func probe(t *testing.T, in collector.Sources) string {
	t.Helper()
	s := in.Fleet.Snapshot(t.Context(), poll.Wait)
	node, ok := s.Find("own")
	if !ok {
		t.Fatal("no such node")
	}
	p, r := collector.NewProbe(), in.Fleet.Probe(t.Context(), s, node, poll.Wait)
	return render(t, collector.Declared{Metrics: p.Metrics(), Families: p.Families(&r)})
}

// fakeSources plays a scenario and returns sources that read from it.
func fakeSources(t *testing.T, scenario string) (*simnet.Network, collector.Sources) {
	t.Helper()
	s, err := simnet.Load(os.DirFS(filepath.Join(scenarios, scenario)))
	if err != nil {
		t.Fatal(err)
	}
	n, err := simnet.Start(simnet.Config{Scenario: s, Captures: os.DirFS("../testdata/captures"), Password: "x"})
	if err != nil {
		t.Fatal(err)
	}
	n.Set(func(s *simnet.State) { s.PeersOffset = simnet.Duration(-2 * time.Second) }) // those that were recorded connected long ago
	releases := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `[{"tag_name":"2.0.4.01-testnet"},{"tag_name":"2.0.3.01-mainnet"}]`)
	}))
	ctx, cancel := context.WithCancel(t.Context())
	var in collector.Sources
	in.Daemon, err = daemon.NewClient(ctx, daemon.Config{
		URL: n.RPCURL(), Network: daemon.Regtest, DebugLog: recordedLog(t),
		Credentials: func() (daemon.Credentials, error) { return daemon.Credentials{Password: "x"}, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	if in.Explorers, err = explorer.New(ctx, explorer.Config{URLs: n.ExplorerURLs(), HTTP: transport}); err != nil {
		t.Fatal(err)
	}
	if in.Releases, err = explorer.NewReleases(ctx, explorer.ReleasesConfig{URL: releases.URL, HTTP: transport}); err != nil {
		t.Fatal(err)
	}
	in.Port = p2p.NewProber(ctx, p2p.Config{Dial: func(ctx context.Context, _, network string) (p2p.Peer, error) {
		return p2p.Dialer{UserAgent: "/test/"}.Dial(ctx, n.PeerAddress(), network)
	}})
	in.Host, err = host.New(host.Config{
		Procfs: "../testdata/host/proc", Cgroupfs: "../testdata/host/cgroup",
		Statfs: func(string) (uint64, uint64, error) { return 20e9, 80e9, nil },
		Home:   func(uint64) (string, error) { return "/home/rtm", nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	fleetFile := filepath.Join(t.TempDir(), "fleet.yml")
	own := s.ProTxHash()
	if own == "" {
		own = strings.Repeat("1", 64)
	}
	if err := os.WriteFile(fleetFile, fmt.Appendf(nil, "nodes:\n- {protx: %s, name: own}\n- {protx: %064d, name: gone}\n", own, 7), 0o600); err != nil {
		t.Fatal(err)
	}
	if in.Fleet, err = fleet.New(ctx, fleetFile, fleet.Sources{Daemon: in.Daemon, Port: in.Port, AllowPrivate: true}); err != nil {
		t.Fatal(err)
	}
	in.Datadir = "/home/rtm/.raptoreumcore"
	in.Process = host.Query{Datadir: in.Datadir}
	now := time.Now().UTC()
	in.HealHistory = filepath.Join(t.TempDir(), "history.json")
	if err := os.WriteFile(in.HealHistory, fmt.Appendf(nil, `{"version":1,"last_check":%q,"attempts":[{"started":%q}],"restarts":1,"gave_up":false}`,
		now.Format(time.RFC3339), now.Add(-time.Hour).Format(time.RFC3339)), 0o600); err != nil {
		t.Fatal(err)
	}
	in.Expected = true
	t.Cleanup(func() {
		cancel()
		n.Close()
		releases.Close()
		transport.CloseIdleConnections()
	})
	return n, in
}

// recordedLog returns the path of a recorded debug.log that was written at a fixed time.
func recordedLog(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile("../daemon/testdata/debuglog/shutdown.log")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "debug.log")
	written := time.Date(2026, 11, 25, 22, 10, 0, 0, time.UTC)
	if err := errors.Join(os.WriteFile(path, content, 0o600), os.Chtimes(path, written, written)); err != nil {
		t.Fatal(err)
	}
	return path
}

// gather gathers once and checks the result with a pedantic registry and promlint.
func gather(t *testing.T, set *collector.Set) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	return render(t, collector.Declared{Metrics: set.Metrics(), Families: set.Gather(ctx, poll.Wait).Families})
}

// render returns metrics as text after a check by a pedantic registry and promlint.
func render(t *testing.T, c prometheus.Collector) string {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(c); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("promlint: %v, %v", problems, err)
	}
	var text bytes.Buffer
	for _, family := range families {
		if _, err := expfmt.MetricFamilyToText(&text, family); err != nil {
			t.Fatal(err)
		}
	}
	return text.String()
}

// fixed replaces values that differ from run to run: times, traffic counters and the ports of the fakes.
func fixed(text string, n *simnet.Network) string {
	for i, url := range n.ExplorerURLs() {
		text = strings.ReplaceAll(text, strings.TrimPrefix(url, "http://"), fmt.Sprintf("explorer-%d", i+1))
	}
	volatile := regexp.MustCompile(`(?m)^((?:raptoreum_|probe_)(?:\w*duration_seconds|list_age_seconds|daemon_answer_age_seconds|daemon_start_time_seconds|network_\w+_bytes_total|explorer_observed_timestamp_seconds|fleet_config_reload_success_timestamp_seconds|heal_last_\w+_timestamp_seconds|probe_handshake_age_seconds)(?:\{.*\})?) .*$`)
	text = volatile.ReplaceAllString(text, "$1 *")
	lines := strings.Split(regexp.MustCompile(`(?m)^# .*\n`).ReplaceAllString(text, ""), "\n")
	slices.Sort(lines) // the ports of the fakes come in any order
	return strings.TrimSpace(strings.Join(lines, "\n")) + "\n"
}
