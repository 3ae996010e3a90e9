package harness

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"raptoreum_exporter/internal/simnet"
)

// Fleet is an exporter that probes a crowd of fake smartnodes.
type Fleet struct {
	*Exporter
	File string // fleet.yml
}

// StartFleet starts it; every member of the crowd is in fleet.yml as node-0, node-1 and so on.
func StartFleet(t *testing.T, crowd []simnet.Member, change func(*Options), faults ...func(*simnet.State)) *Fleet {
	t.Helper()
	n := Network(t, "healthy", nil)
	if err := n.SetCrowd(crowd); err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults {
		n.Set(fault)
	}
	o := DefaultOptions()
	o.Fleet.File = filepath.Join(t.TempDir(), "fleet.yml")
	o.Fleet.AllowPrivate, o.Fleet.Vantage = true, "here"
	WriteFleet(t, o.Fleet.File, n, len(crowd))
	o.Daemon.Conf = WriteConf(t, n)
	if change != nil {
		change(o)
	}
	return &Fleet{Run(t, n, o), o.Fleet.File}
}

// WriteFleet writes a fleet.yml of the first members of the crowd.
func WriteFleet(t testing.TB, file string, n *simnet.Network, members int) {
	t.Helper()
	var b strings.Builder
	b.WriteString("nodes:\n")
	for k := range members {
		fmt.Fprintf(&b, "  - {protx: %s, name: node-%d, labels: {provider: p%d}}\n", n.MadeProTxHash(k), k, k%2)
	}
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Loopback returns an address of 127.0.0.0/8 with a free port.
func Loopback(t testing.TB, k int) string {
	t.Helper()
	l, err := net.Listen("tcp", fmt.Sprintf("127.7.%d.%d:0", k>>8, k&255))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Get requests a path with Prometheus's default timeout.
func (f *Fleet) Get(path string) (status int, body string) {
	f.Helper()
	return f.Exporter.Get(path, 10*time.Second)
}

// Probe requests /probe for one node.
func (f *Fleet) Probe(target string) Series {
	f.Helper()
	status, body := f.Get("/probe?target=" + url.QueryEscape(target))
	if status != http.StatusOK {
		f.Fatalf("%s: status %d: %s", target, status, body)
	}
	return Parse(body)
}

// Post requests a path with POST.
func (f *Fleet) Post(path string) (status int, body string) {
	f.Helper()
	response, err := http.Post(f.URL+path, "", nil)
	if err != nil {
		f.Fatal(err)
	}
	defer response.Body.Close()
	text := make([]byte, 1000)
	n, _ := response.Body.Read(text)
	return response.StatusCode, string(text[:n])
}
