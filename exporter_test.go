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
	return runExporter(t, n, o)
}

// runExporter starts an exporter beside a network that it closes in the end.
func runExporter(t *testing.T, n *simnet.Network, o *options) *exporter {
	t.Helper()
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
	handler, err := newHandler(sources, o, logger)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	e.url = server.URL
	t.Cleanup(func() {
		cancel()
		n.Close()
		server.Close()
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
	testscript.Main(leakChecked{m}, map[string]func(){name: main, patientName: bePatient})
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
