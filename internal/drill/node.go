package drill

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"

	"raptoreum_exporter/alerts"
	"raptoreum_exporter/collector"
	"raptoreum_exporter/daemon"
	"raptoreum_exporter/explorer"
	"raptoreum_exporter/host"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/internal/simnet"
	"raptoreum_exporter/p2p"
)

const (
	user, password = "rtm", "Tr0ub4dor-of-the-test"
	blockEvery     = 120 * time.Second
	requestEvery   = time.Minute // explorers and the port
	// Timeouts are not scaled, because the machine is not faster.
	scrapeTime    = 700 * time.Millisecond // Prometheus waits one second
	handshakeTime = 400 * time.Millisecond
	// Registered is the number of smartnodes, and so the penalty of a ban. One penalty among them does not count as a PoSe storm.
	Registered = 200
)

// Node is one of the owner's smartnodes: a fake network, a fake machine and an exporter on scaled time.
type Node struct {
	Name string
	Job  string // scrape job; nodes of one job count as one network

	network *simnet.Network
	protx   string
	machine string       // folder with proc and cgroup
	missed  atomic.Int64 // number of scrapes still to be answered with 503
	address string       // of the exporter
	set     *collector.Set
	sources collector.Sources
	server  *http.Server
	closed  <-chan struct{}
	cancel  context.CancelFunc
}

// StartNode starts a healthy node from the recordings of the repository at root. The caller must Close it.
func StartNode(ctx context.Context, root, job, name string) (n *Node, err error) {
	scenario, err := simnet.Load(os.DirFS(filepath.Join(root, "testdata", "scenarios", "healthy")))
	if err != nil {
		return nil, err
	}
	n = &Node{Name: name, Job: "raptoreum-" + job, protx: scenario.ProTxHash(), address: "127.0.0.1:0"}
	ctx, n.cancel = context.WithCancel(ctx)
	n.closed = ctx.Done()
	defer func() {
		if err != nil {
			n.Close()
		}
	}()
	n.network, err = simnet.Start(simnet.Config{
		Scenario: scenario, Captures: os.DirFS(filepath.Join(root, "testdata", "captures")),
		User: user, Password: password, AuthDelay: time.Millisecond, OwnAddress: true,
	})
	if err != nil {
		return n, err
	}
	n.network.AddBlock() // the recorded tip is old
	n.Change(func(s *simnet.State) {
		s.AdvanceEvery = simnet.Duration(Scaled(blockEvery))
		s.PeersIn, s.PeersOut, s.ListSize = 6, 8, Registered
	})
	if err := n.build(filepath.Join(root, "testdata", "host", "proc")); err != nil {
		return n, err
	}
	if n.sources, err = n.connect(ctx); err != nil {
		return n, err
	}
	n.set = collector.New(collector.Config{Sources: n.sources, Enabled: collector.Names()})
	n.serve()
	return n, nil
}

// build creates the files of proc and cgroup that the exporter reads, with recorded CPUs and memory.
func (n *Node) build(recorded string) (err error) {
	if n.machine, err = os.MkdirTemp("", "raptoreum_exporter-drill-"); err != nil {
		return err
	}
	for file, content := range map[string]string{
		"proc/self": "", "proc/1/cmdline": "init\x00", "proc/1/comm": "init\n",
	} {
		n.write(file, content)
	}
	for _, file := range []string{"stat", "meminfo", "pressure/cpu"} {
		content, err := os.ReadFile(filepath.Join(recorded, file))
		if err != nil {
			return err
		}
		n.write("proc/"+file, string(content))
	}
	n.createProcess()
	n.oomKills("proc/vmstat", 3)
	n.oomKills("cgroup/raptoreumd/memory.events", 0)
	return nil
}

// createProcess and removeProcess add and remove the daemon's process.
func (n *Node) createProcess() {
	n.write("proc/70/comm", "raptoreumd\n")
	n.write("proc/70/status", "Name:\traptoreumd\nTgid:\t70\nUid:\t1000\t1000\t1000\t1000\n")
	n.write("proc/70/cgroup", "0::/raptoreumd\n")
	n.write("proc/70/cmdline", "raptoreumd\x00-datadir="+n.machine+"\x00")
}

func (n *Node) removeProcess() {
	if err := os.RemoveAll(filepath.Join(n.machine, "proc", "70")); err != nil {
		panic(err)
	}
}

// connect returns the exporter's sources, as it would from raptoreum.conf, on scaled time.
func (n *Node) connect(ctx context.Context) (s collector.Sources, err error) {
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
		URLs: n.network.ExplorerURLs(), Every: Scaled(requestEvery), HTTP: &http.Transport{DisableKeepAlives: true},
	})
	dialer := p2p.Dialer{UserAgent: "/" + collector.UserAgent + "/"}
	s.Port = p2p.NewProber(ctx, p2p.Config{
		Every: Scaled(requestEvery),
		Dial: func(ctx context.Context, address, network string) (p2p.Peer, error) {
			ctx, cancel := context.WithTimeout(ctx, handshakeTime)
			defer cancel()
			return dialer.Dial(ctx, address, network)
		},
	})
	return s, err
}

// scrape serves /metrics.
func (n *Node) scrape(w http.ResponseWriter, r *http.Request) {
	if n.missed.Add(-1) >= 0 {
		http.Error(w, "unavailable", http.StatusServiceUnavailable)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), scrapeTime)
	defer cancel()
	gatherer := prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return n.set.Gather(ctx, poll.NoWait).Families, nil })
	promhttp.HandlerFor(gatherer, promhttp.HandlerOpts{DisableCompression: true}).ServeHTTP(w, r)
}

// MetricsURL is the URL of the exporter's metrics.
func (n *Node) MetricsURL() string { return "http://" + n.address + "/metrics" }

// ControlURL is the URL of the control page of the fake network.
func (n *Node) ControlURL() string { return n.network.ControlURL() }

// serve starts the exporter, after kill on the same port. It retries because another process may briefly use the port.
func (n *Node) serve() {
	l, err := net.Listen("tcp", n.address)
	for try := 0; err != nil && try < 50; try++ {
		time.Sleep(20 * time.Millisecond)
		l, err = net.Listen("tcp", n.address)
	}
	if err != nil {
		panic(err)
	}
	n.address = l.Addr().String()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", n.scrape)
	mux.HandleFunc("GET /runbooks/{alert}", alerts.ServeRunbook)
	n.server = &http.Server{Handler: mux}
	go func(server *http.Server) { _ = server.Serve(l) }(n.server) // it always returns ErrServerClosed
}

func (n *Node) kill() { _ = n.server.Close() } // the error is about an already closed listener

// Close stops the node and removes its files.
func (n *Node) Close() {
	n.cancel()
	if n.server != nil {
		n.kill()
	}
	if n.network != nil {
		n.network.Close()
	}
	_ = os.RemoveAll(n.machine) // temporary files, removal is best effort
}

// Change changes the state of the fake network.
func (n *Node) Change(change func(*simnet.State)) { n.network.Set(change) }

// AddBlock adds a block to the chain.
func (n *Node) AddBlock() { n.network.AddBlock() }

// MissScrape makes the next scrape fail.
func (n *Node) MissScrape() { n.missed.Store(1) }

// restart resets the state that a restart of the daemon resets.
func (n *Node) restart() {
	if err := n.network.Restart(); err != nil {
		panic(err)
	}
}

// oomKills writes a kernel file with an OOM kill counter.
func (n *Node) oomKills(file string, kills int) {
	n.write(file, fmt.Sprintf("oom_kill %d\n", kills))
}

// write replaces a file atomically: a scrape reads the old or the new one.
func (n *Node) write(file, content string) {
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
