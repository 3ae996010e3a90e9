//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"raptoreum_exporter/collector"
	"raptoreum_exporter/daemon"
	"raptoreum_exporter/explorer"
	"raptoreum_exporter/host"
	"raptoreum_exporter/internal/simnet"
	"raptoreum_exporter/p2p"
)

const (
	user, password = "rtm", "Tr0ub4dor-of-the-test"
	blockEvery     = 120 * time.Second
	askEvery       = time.Minute // explorers and the port
	// What waits for an answer is not scaled: the machine is no faster than others.
	scrapeTime    = 700 * time.Millisecond // of the second that Prometheus waits
	handshakeTime = 400 * time.Millisecond
	// registered smartnodes are as many points to the ban; and our penalty is no storm among them.
	registered = 200
)

// node is a smartnode of the owner: a fake network, the machine and the exporter.
type node struct {
	name    string
	network *simnet.Network
	machine string       // folder that holds proc and cgroup
	missed  atomic.Int64 // scrapes still to be answered 503
	address string       // of the exporter
	set     *collector.Set
	server  *http.Server
}

// startNode starts a healthy node that ends with the test.
func startNode(t *testing.T, name string, scenario *simnet.Scenario) *node {
	t.Helper()
	network, err := simnet.Start(simnet.Config{
		Scenario: scenario, Captures: os.DirFS("../testdata/captures"),
		User: user, Password: password, AuthDelay: time.Millisecond, OwnAddress: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(network.Close)
	network.AddBlock() // the recorded tip is old
	network.Set(func(s *simnet.State) {
		s.AdvanceEvery = simnet.Duration(scaled(blockEvery))
		s.PeersIn, s.PeersOut, s.ListSize = 6, 8, registered
	})
	n := &node{name: name, network: network, machine: t.TempDir(), address: "127.0.0.1:0"}
	for file, content := range map[string]string{
		"proc/self": "", "proc/1/cmdline": "init\x00", "proc/1/comm": "init\n",
		"proc/70/cmdline": "raptoreumd\x00-datadir=" + n.machine + "\x00", "proc/70/comm": "raptoreumd\n",
		"proc/70/status": "Name:\traptoreumd\nTgid:\t70\nUid:\t1000\t1000\t1000\t1000\n",
		"proc/70/cgroup": "0::/raptoreumd\n",
	} {
		n.write(file, content)
	}
	n.oomKills("proc/vmstat", 3)
	n.oomKills("cgroup/raptoreumd/memory.events", 0)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	sources, err := n.sources(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sources.Daemon.CloseIdle)
	n.set = collector.New(collector.Config{Sources: sources})
	n.serve()
	t.Cleanup(n.kill)
	return n
}

// sources are what the exporter makes of a raptoreum.conf, on scaled time.
func (n *node) sources(ctx context.Context) (s collector.Sources, err error) {
	s = collector.Sources{Expected: true, Datadir: n.machine, Process: host.Query{Datadir: n.machine}}
	s.Daemon, err = daemon.NewClient(ctx, daemon.Config{
		URL: n.network.RPCURL(), Address: n.network.PeerAddress(), Network: daemon.Regtest,
		Credentials: func() (daemon.Credentials, error) {
			return daemon.Credentials{User: user, Password: password}, nil
		},
	})
	if err != nil {
		return s, err
	}
	s.Host, err = host.New(host.Config{
		Procfs: filepath.Join(n.machine, "proc"), Cgroupfs: filepath.Join(n.machine, "cgroup"),
		Statfs: func(string) (free, size uint64, err error) { return 40e9, 80e9, nil },
	})
	if err != nil {
		return s, err
	}
	s.Explorers, err = explorer.New(ctx, explorer.Config{
		URLs: n.network.ExplorerURLs(), Every: scaled(askEvery), HTTP: &http.Transport{DisableKeepAlives: true},
	})
	dialer := p2p.Dialer{UserAgent: "/" + collector.UserAgent + "/"}
	s.Port = p2p.NewProber(ctx, p2p.Config{
		Every: scaled(askEvery),
		Dial: func(ctx context.Context, address, network string) (p2p.Peer, error) {
			ctx, cancel := context.WithTimeout(ctx, handshakeTime)
			defer cancel()
			return dialer.Dial(ctx, address, network)
		},
	})
	return s, err
}

// ServeHTTP answers a scrape.
func (n *node) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if n.missed.Add(-1) >= 0 {
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), scrapeTime)
	defer cancel()
	registry := prometheus.NewRegistry()
	registry.MustRegister(n.set.Bind(ctx, false))
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{DisableCompression: true}).ServeHTTP(w, r)
}

// serve starts the exporter, again on its old port, which a stranger may use for a moment.
func (n *node) serve() {
	l, err := net.Listen("tcp", n.address)
	for try := 0; err != nil && try < 50; try++ {
		time.Sleep(20 * time.Millisecond)
		l, err = net.Listen("tcp", n.address)
	}
	if err != nil {
		panic(err)
	}
	n.address = l.Addr().String()
	n.server = &http.Server{Handler: n}
	go n.server.Serve(l) // it says that it was closed
}

func (n *node) kill() { n.server.Close() }

// change switches the fake network.
func (n *node) change(change func(*simnet.State)) { n.network.Set(change) }

// restart is what the daemon does when it has died or is stopped and started.
func (n *node) restart() {
	if err := n.network.Restart(); err != nil {
		panic(err)
	}
}

// oomKills writes a file of the kernel's that counts OOM kills.
func (n *node) oomKills(file string, kills int) {
	n.write(file, fmt.Sprintf("oom_kill %d\n", kills))
}

// write replaces a file of the machine at once: a scrape sees the old or the new one.
func (n *node) write(file, content string) {
	path := filepath.Join(n.machine, file)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		panic(err)
	}
	if err := os.WriteFile(path+"~", []byte(content), 0o644); err != nil {
		panic(err)
	}
	if err := os.Rename(path+"~", path); err != nil {
		panic(err)
	}
}
