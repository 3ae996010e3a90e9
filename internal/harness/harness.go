// Package harness starts the exporter beside a fake network, for the tests of several packages.
package harness

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-kit/log"

	"raptoreum_exporter/collector"
	"raptoreum_exporter/config"
	"raptoreum_exporter/internal/simnet"
	"raptoreum_exporter/web"
)

// The secrets of the fake daemon, which nothing may ever show.
const (
	Password = "Tr0ub4dor-of-the-test"
	BLSKey   = "4a6f686e20446f6520776173206e6576657220686572652c206f6b3f21212121"
)

// Options are those of an exporter under test.
type Options struct {
	config.Config
	Web config.Web
}

// Collectors returns the names of all collectors but these, and but release, which contacts a host outside.
func Collectors(but ...string) []string {
	but = append(but, "release")
	return slices.DeleteFunc(collector.Names(), func(name string) bool { return slices.Contains(but, name) })
}

// Exporter is an exporter beside a fake network, in this process.
type Exporter struct {
	*testing.T
	Network *simnet.Network
	URL     string
	Conf    string
	Log     *Buffer
}

// Network starts the fake network of a scenario, which the end of the test closes.
func Network(t testing.TB, scenario string, change func(*simnet.Config)) *simnet.Network {
	t.Helper()
	root := Root(t)
	s, err := simnet.Load(os.DirFS(filepath.Join(root, "testdata/scenarios", scenario)))
	if err != nil {
		t.Fatal(err)
	}
	c := simnet.Config{
		Scenario: s, Captures: os.DirFS(filepath.Join(root, "testdata/captures")),
		User: "rtm", Password: Password, AuthDelay: time.Millisecond, OwnAddress: true,
	}
	if change != nil {
		change(&c)
	}
	n, err := simnet.Start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return n
}

// Root returns the top of the project.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	for ; err == nil && dir != "/"; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "testdata/scenarios")); err == nil {
			return dir
		}
	}
	t.Fatal("no testdata/scenarios above the test")
	return ""
}

// Start starts an exporter; change may alter the fake and the options before, faults the state of
// the network.
func Start(t *testing.T, scenario string, change func(*simnet.Config, *Options), faults ...func(*simnet.State)) *Exporter {
	t.Helper()
	o := DefaultOptions()
	n := Network(t, scenario, func(c *simnet.Config) {
		if change != nil {
			change(c, o)
		}
	})
	for _, fault := range faults {
		n.Set(fault)
	}
	if o.Daemon.Conf == "" && o.Daemon.URL == "" {
		o.Daemon.Conf = WriteConf(t, n)
	}
	return Run(t, n, o)
}

// DefaultOptions are those of the flags' defaults, but for the collector release.
func DefaultOptions() *Options {
	return &Options{
		Config: config.Config{Collectors: Collectors()},
		Web:    config.Web{TelemetryPath: "/metrics", MaxRequests: 250},
	}
}

// Run starts an exporter beside a network.
func Run(t *testing.T, n *simnet.Network, o *Options) *Exporter {
	t.Helper()
	if len(o.ExplorerURLs) == 0 {
		o.ExplorerURLs = n.ExplorerURLs()
	}
	e := &Exporter{T: t, Network: n, Conf: o.Daemon.Conf, Log: new(Buffer)}
	ctx, cancel := context.WithCancel(t.Context())
	logger := log.NewLogfmtLogger(e.Log)
	sources, err := o.Config.Connect(ctx, logger)
	if err != nil {
		t.Fatal(err)
	}
	c := web.Config{Web: o.Web, Sources: sources, Collectors: o.Collectors, Logger: logger}
	if sources.Fleet != nil {
		if c.Vantage, err = o.Fleet.Place(); err != nil {
			t.Fatal(err)
		}
	}
	server := httptest.NewServer(web.NewHandler(c))
	e.URL = server.URL
	t.Cleanup(func() {
		cancel()
		n.Close()
		server.Close()
	})
	return e
}

// WriteConf writes a raptoreum.conf for a fake daemon, with secrets that must never be seen, and returns its
// path.
func WriteConf(t testing.TB, n *simnet.Network) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "raptoreum.conf")
	host, port, _ := strings.Cut(strings.TrimPrefix(n.RPCURL(), "http://"), ":")
	content := fmt.Sprintf("regtest=1\nrpcuser=rtm\nrpcpassword=%s\nsmartnodeblsprivkey=%s\nexternalip=%s\n[regtest]\nrpcport=%s\n", Password, BLSKey, n.PeerAddress(), port)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil || host != "127.0.0.1" {
		t.Fatal(err, host)
	}
	return path
}

// Get requests a path as Prometheus does, with its scrape timeout.
func (e *Exporter) Get(path string, timeout time.Duration) (status int, body string) {
	e.Helper()
	request, err := http.NewRequestWithContext(e.Context(), http.MethodGet, e.URL+path, nil)
	if err != nil {
		e.Fatal(err)
	}
	request.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", fmt.Sprint(timeout.Seconds()))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		e.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		e.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// busy is by how much a busy machine may delay a scrape. One that ignored its timeout would take longer.
const busy = time.Second

// Scrape requests /metrics and fails the test when that takes longer than the timeout.
func (e *Exporter) Scrape(timeout time.Duration) Series {
	e.Helper()
	began := time.Now()
	status, body := e.Get("/metrics", timeout)
	if took := time.Since(began); took > timeout+busy || status != http.StatusOK {
		e.Errorf("the scrape took %s of %s, status %d", took, timeout, status)
	}
	return Parse(body)
}

// Until scrapes until a series exists: what a scrape does not wait for comes with a later one.
func (e *Exporter) Until(name string, timeout time.Duration) Series {
	e.Helper()
	return e.UntilWithin(name, timeout, 10*time.Second)
}

// UntilWithin is Until with another limit.
func (e *Exporter) UntilWithin(name string, timeout, limit time.Duration) Series {
	e.Helper()
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if shown := e.Scrape(timeout); shown[name] != "" {
			return shown
		}
	}
	e.Fatalf("%s never came; log:\n%s", name, e.Log)
	return nil
}

// Explorer returns the label of one explorer.
func (e *Exporter) Explorer(i int) string {
	return fmt.Sprintf("{explorer=%q}", strings.TrimPrefix(e.Network.ExplorerURLs()[i], "http://"))
}

// Buffer is a buffer that is read while others write to it.
type Buffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

// Write implements io.Writer.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

// String returns what was written so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}
