package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"raptoreum_exporter/collector"
	"raptoreum_exporter/internal/simnet"
)

// exporter is the exporter of this program beside a fake network, in this process.
type exporter struct {
	*testing.T
	network *simnet.Network
	url     string
	conf    string
	log     *syncBuffer
}

const (
	testPassword = "Tr0ub4dor-of-the-test"
	testBLSKey   = "4a6f686e20446f6520776173206e6576657220686572652c206f6b3f21212121"
)

// startExporter starts it; change may alter the fake and the flags before, faults the state of
// the network.
func startExporter(t *testing.T, scenario string, change func(*simnet.Config, *options), faults ...func(*simnet.State)) *exporter {
	t.Helper()
	s, err := simnet.Load(os.DirFS("testdata/scenarios/" + scenario))
	if err != nil {
		t.Fatal(err)
	}
	fake := simnet.Config{Scenario: s, Captures: os.DirFS("testdata/captures"), User: "rtm", Password: testPassword, AuthDelay: time.Millisecond, OwnAddress: true}
	o, _, err := parse([]string{"--log.level=debug"}, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	o.disabled["release"] = true // asks an address outside unless told
	if change != nil {
		change(&fake, o)
	}
	n, err := simnet.Start(fake)
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults {
		n.Set(fault)
	}
	if o.daemon.conf == "" && o.daemon.url == "" {
		o.daemon.conf = writeConf(t, n)
	}
	if len(o.explorers) == 0 {
		o.explorers = n.ExplorerURLs()
	}
	e := &exporter{T: t, network: n, conf: o.daemon.conf, log: new(syncBuffer)}
	ctx, cancel := context.WithCancel(t.Context())
	logger := log.NewLogfmtLogger(e.log)
	sources, err := connect(ctx, o, logger)
	if err != nil {
		t.Fatal(err)
	}
	handler, err := newHandler(collector.New(collector.Config{Sources: sources, Disabled: o.disabled, Logger: logger}), o, logger)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	e.url = server.URL
	t.Cleanup(func() {
		cancel()
		n.Close()
		server.Close()
		sources.Daemon.CloseIdle()
	})
	return e
}

// writeConf writes a raptoreum.conf for a fake daemon, with a secret that must never be seen.
func writeConf(t *testing.T, n *simnet.Network) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "raptoreum.conf")
	host, port, _ := strings.Cut(strings.TrimPrefix(n.RPCURL(), "http://"), ":")
	content := fmt.Sprintf("regtest=1\nrpcuser=rtm\nrpcpassword=%s\nsmartnodeblsprivkey=%s\nexternalip=%s\n[regtest]\nrpcport=%s\n", testPassword, testBLSKey, n.PeerAddress(), port)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil || host != "127.0.0.1" {
		t.Fatal(err, host)
	}
	return path
}

// series is what a scrape showed: values by name and labels.
type series map[string]string

// scrape asks for /metrics as Prometheus does and fails the test when that takes too long.
func (e *exporter) scrape(patience time.Duration) series {
	e.Helper()
	shown, took := fetchMetrics(e.T, e.url, patience)
	if took > patience {
		e.Errorf("the scrape took %s of %s", took, patience)
	}
	return shown
}

func fetchMetrics(t *testing.T, url string, patience time.Duration) (series, time.Duration) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", fmt.Sprint(patience.Seconds()))
	began := time.Now()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	took := time.Since(began)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("status %s, %v: %s", response.Status, err, body)
	}
	shown := series{}
	for line := range strings.Lines(string(body)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && !strings.HasPrefix(line, "#") {
			if i := strings.LastIndex(line, "} "); i > 0 {
				name, value = line[:i+1], strings.TrimSpace(line[i+2:])
			}
			shown[name] = value
		}
	}
	return shown, took
}

// until scrapes again until name is shown: what a scrape does not wait for comes with a later one.
func (e *exporter) until(name string, patience time.Duration) series {
	e.Helper()
	return e.untilWithin(name, patience, 10*time.Second)
}

func (e *exporter) untilWithin(name string, patience, limit time.Duration) series {
	e.Helper()
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if shown := e.scrape(patience); shown[name] != "" {
			return shown
		}
	}
	e.Fatalf("%s never came; log:\n%s", name, e.log)
	return nil
}

// want checks values; "" means that nothing of that name, with whatever labels, may be shown.
func (s series) want(t *testing.T, wants map[string]string) {
	t.Helper()
	for name, want := range wants {
		if want != "" {
			if s[name] != want {
				t.Errorf("%s is %q, want %q", name, s[name], want)
			}
			continue
		}
		for shown, value := range s {
			if shown == name || strings.HasPrefix(shown, name+"{") {
				t.Errorf("%s %s is shown", shown, value)
			}
		}
	}
}

// syncBuffer is a buffer that is read while others write to it.
type syncBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

func TestMain(m *testing.M) {
	testscript.Main(leakChecked{m}, map[string]func(){name: main})
}

// leakChecked fails tests that leave goroutines behind.
type leakChecked struct{ *testing.M }

func (m leakChecked) Run() int {
	code := m.M.Run()
	http.DefaultClient.CloseIdleConnections()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func state(name string) string { return fmt.Sprintf("raptoreum_daemon_state{state=%q}", name) }

// gone is what must not be shown while the daemon does not answer.
func gone(more map[string]string) map[string]string {
	wants := map[string]string{
		"raptoreum_up": "0", "raptoreum_block_height": "", "raptoreum_block_timestamp_seconds": "", "raptoreum_peers": "",
		"raptoreum_smartnode_pose_penalty": "", "raptoreum_smartnode_state": "", "raptoreum_smartnode_registered": "",
		"raptoreum_smartnode_payment_queue_position": "", "raptoreum_quorum_memberships": "", "raptoreum_safe_to_restart": "",
		"raptoreum_explorer_height_delta_blocks": "", "raptoreum_daemon_info": "", "raptoreum_initial_block_download": "",
		"raptoreum_smartnode_expected": "1", "raptoreum_host_cpus": fmt.Sprint(numCPU()),
		`raptoreum_scrape_collector_success{collector="chain"}`:  "0",
		`raptoreum_scrape_collector_success{collector="daemon"}`: "1",
	}
	for name, want := range more {
		wants[name] = want
	}
	return wants
}

func numCPU() int {
	n, _ := filepath.Glob("/sys/devices/system/cpu/cpu[0-9]*")
	return len(n)
}

// TestDaemonFaults switches each fault on after a healthy scrape: nothing of that may stay.
func TestDaemonFaults(t *testing.T) {
	const patience = 2 * time.Second
	lockfree := map[string]string{"raptoreum_sync_finished": "1", "raptoreum_smartnodes{state=\"enabled\"}": "4"}
	nothing := map[string]string{"raptoreum_daemon_start_time_seconds": "", "raptoreum_sync_finished": "", "raptoreum_smartnodes": "", "raptoreum_network_receive_bytes_total": ""}
	for _, c := range []struct {
		mode  simnet.DaemonMode
		state string
		more  map[string]string
	}{
		{simnet.DaemonRefused, "unreachable", nothing},
		{simnet.DaemonHung, "hung", nothing},
		{simnet.DaemonHungMainLock, "hung", lockfree},
		{simnet.DaemonWarmingUp, "warming_up", nothing},
		{simnet.DaemonUnauthorized, "unauthorized", nothing},
		{simnet.DaemonForbidden, "forbidden", nothing},
		{simnet.DaemonBusy, "busy", nothing},
		{simnet.DaemonStopping, "unreachable", nothing},
		{simnet.DaemonTruncated, "error", nothing},
		{simnet.DaemonHuge, "error", nothing},
		{simnet.DaemonNotJSON, "error", nothing},
		{simnet.DaemonOtherShape, "error", nothing},
	} {
		t.Run(string(c.mode), func(t *testing.T) {
			t.Parallel()
			e := startExporter(t, "healthy", nil)
			e.until("raptoreum_explorer_height_delta_blocks"+e.explorer(0), patience)
			e.network.Set(func(s *simnet.State) { s.Daemon = c.mode })
			wants := gone(c.more)
			if c.state == "error" {
				wants[`raptoreum_scrape_collector_success{collector="daemon"}`] = "0"
			}
			wants[state(c.state)], wants[state("ready")] = "1", "0"
			for range 2 {
				e.scrape(patience).want(t, wants)
			}
			if n := strings.Count(e.log.String(), "daemon is not ready"); n != 1 {
				t.Errorf("%d log lines of one transition:\n%s", n, e.log)
			}
			e.network.Set(func(s *simnet.State) { s.Daemon = simnet.DaemonOK })
			e.scrape(patience).want(t, map[string]string{"raptoreum_up": "1", "raptoreum_block_height": "529", "raptoreum_smartnode_pose_penalty": "0"})
		})
	}
}

// explorer returns the label of one.
func (e *exporter) explorer(i int) string {
	return fmt.Sprintf("{explorer=%q}", strings.TrimPrefix(e.network.ExplorerURLs()[i], "http://"))
}

// TestSlowDaemon: one that answers within the scrape's time is ready, whatever comes later is absent.
func TestSlowDaemon(t *testing.T) {
	for _, c := range []struct {
		perCall  time.Duration
		patience time.Duration
		want     map[string]string
	}{
		{time.Millisecond, 10 * time.Second, map[string]string{"raptoreum_up": "1", "raptoreum_peers_best_height": "529", "raptoreum_safe_to_restart": "1"}},
		{3 * time.Second, 10 * time.Second, map[string]string{"raptoreum_up": "0", state("hung"): "1", "raptoreum_block_height": ""}},
		{130 * time.Millisecond, 2 * time.Second, map[string]string{"raptoreum_up": "1", "raptoreum_block_height": "529", "raptoreum_block_timestamp_seconds": "", "raptoreum_safe_to_restart": ""}},
	} {
		t.Run(c.perCall.String(), func(t *testing.T) {
			t.Parallel()
			e := startExporter(t, "healthy", nil)
			e.network.Set(func(s *simnet.State) { s.RPCDelay = simnet.Duration(c.perCall) })
			e.scrape(c.patience).want(t, c.want)
		})
	}
}

// TestConcurrentScrapes: many scrapes cost a slow daemon those of two, and a hung one a single request.
func TestConcurrentScrapes(t *testing.T) {
	all := func(e *exporter, count int, patience time.Duration) {
		var running sync.WaitGroup
		for range count {
			running.Go(func() { e.scrape(patience) })
		}
		running.Wait()
	}
	t.Run("slow", func(t *testing.T) {
		e := startExporter(t, "healthy", nil)
		e.until(`raptoreum_smartnodes{state="pose_banned"}`, 5*time.Second)
		before := e.network.Calls().RoundTrips
		e.network.Set(func(s *simnet.State) { s.RPCDelay = simnet.Duration(500 * time.Millisecond) })
		all(e, 200, 30*time.Second)
		if got := e.network.Calls().RoundTrips - before; got > 8 {
			t.Errorf("%d round trips for 200 scrapes, want at most the 8 of two", got)
		}
	})
	t.Run("hung", func(t *testing.T) {
		e := startExporter(t, "healthy", nil)
		e.network.Set(func(s *simnet.State) { s.Daemon = simnet.DaemonHungMainLock })
		for range 2 {
			all(e, 50, 3*time.Second)
		}
		if c := e.network.Calls(); c.MainLock != 1 || c.MaxMainLock != 1 {
			t.Errorf("%d main lock requests outstanding, at most %d at once, want 1", c.MainLock, c.MaxMainLock)
		}
	})
}

func TestRestartedDaemon(t *testing.T) {
	dir := t.TempDir()
	e := startExporter(t, "healthy", func(c *simnet.Config, o *options) {
		c.Password, c.CookieDir = "", dir
		o.daemon.cookieFile = filepath.Join(dir, ".cookie")
	})
	const started = "raptoreum_daemon_start_time_seconds"
	before := e.scrape(5 * time.Second)
	if again := e.scrape(5 * time.Second); again[started] != before[started] {
		t.Errorf("the start moved from %s to %s", before[started], again[started])
	}
	if err := e.network.Restart(); err != nil {
		t.Fatal(err)
	}
	after := e.scrape(5 * time.Second)
	after.want(t, map[string]string{"raptoreum_up": "1"}) // with the new cookie
	if after[started] == before[started] {
		t.Errorf("the start is still %s", after[started])
	}
}
