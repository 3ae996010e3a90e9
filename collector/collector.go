// Package collector turns what is learned of one smartnode into Prometheus metrics.
//
// A Set is built once; Bind makes of it the collector of one scrape. Each concern is one file and
// one entry of the table; all run at the same time and share one daemon.Session. What was not
// learned is not sent. An update that returns an error has sent what it knew all the same: its
// success is 0, and the log says so once, until it succeeds again.
package collector

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/explorer"
	"raptoreum_exporter/fleet"
	"raptoreum_exporter/host"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/p2p"
)

// Name is that of a collector, as in --collector.<name>.
type Name struct{ Name, Help string }

// entry is a line of the table.
type entry struct {
	name, help string
	build      func(*catalog) updater
}

// updater is a collector: it sends what it learns and returns what went wrong.
type updater interface {
	update(ctx context.Context, in *scrape, ch chan<- prometheus.Metric) error
}

// table lists the collectors. Everything else about them follows from here.
func table() []entry {
	return []entry{
		{"daemon", "State of raptoreumd, its version, restarts and warnings", newDaemonState},
		{"chain", "Own block height, headers, tip age and chainlock", newChain},
		{"sync", "Initial block download and smartnode sync", newSync},
		{"peers", "Number, height and round trip of peers, traffic", newPeers},
		{"smartnode", "State, PoSe penalty and ban of the smartnode", newSmartnode},
		{"payments", "Last and next payment of the smartnode", newPayments},
		{"quorum", "Quorum memberships and running key generations", newQuorum},
		{"network", "All smartnodes of the network by state, sporks", newNetwork},
		{"explorer", "Heights and PoSe as block explorers see them", newExplorers},
		{"port", "Peer-to-peer handshake with the smartnode's address", newPort},
		{"process", "CPU, memory and files of the raptoreumd process", newProcess},
		{"host", "CPU, memory, pressure and OOM kills of the machine", newHost},
		{"datadir", "Space where the data directory is", newDatadir},
		{"fleet", "Smartnodes of the fleet by state, port and version", newFleetState},
		{"heal", "What heal did: restarts, and whether it has given up", newHealState},
		{"release", "Whether a newer mainnet release exists", newRelease},
	}
}

// Names returns the names of all collectors.
func Names() []Name {
	var names []Name
	for _, e := range table() {
		names = append(names, Name{e.name, e.help})
	}
	return names
}

// Sources is what the collectors read from. A nil source is one that is not configured: what
// needs it is absent.
type Sources struct {
	Daemon    *daemon.Client
	Expected  bool   // we were told to watch a smartnode
	Address   string // externalip:port of raptoreum.conf; empty: unknown
	Explorers *explorer.Client
	// ExplorerNetwork is the network that the explorers show; empty: the daemon's.
	ExplorerNetwork daemon.Network
	Releases        *explorer.Releases
	Port            *p2p.Prober
	Fleet           *fleet.Fleet // other smartnodes; nil: none
	Host            *host.Host
	Process         host.Query
	Datadir         string // empty: unknown
	HealHistory     string // file of heal; it may be missing
	RealProcfs      bool   // Host reads the /proc of this program
}

// Config describes a Set.
type Config struct {
	Sources  Sources
	Disabled map[string]bool // by name
	Logger   log.Logger
}

// Set is the collectors of one exporter.
type Set struct {
	sources    Sources
	collectors []named
	own        *catalog
	took       metric
	succeeded  metric
	rpcTook    metric
	journal    *journal
}

type named struct {
	name string
	updater
	catalog *catalog
}

// New builds the collectors that are not disabled.
func New(config Config) *Set {
	own := &catalog{}
	s := &Set{
		sources:   config.Sources,
		own:       own,
		succeeded: own.gauge("scrape_collector_success", "1 when the collector learned all that it should (this exporter).", "collector"),
		took:      own.gauge("scrape_collector_duration_seconds", "Seconds that the collector took (this exporter).", "collector"),
		rpcTook:   own.gauge("daemon_rpc_duration_seconds", "Seconds of each round trip to the daemon in this scrape, and of the last reading of the smartnode list.", "batch"),
		journal:   newJournal(config.Logger),
	}
	for _, e := range table() {
		if !config.Disabled[e.name] {
			c := &catalog{collector: e.name}
			s.collectors = append(s.collectors, named{e.name, e.build(c), c})
		}
	}
	return s
}

// Metrics returns the descriptions of all metrics that the Set can send.
func (s *Set) Metrics() []Metric {
	metrics := slices.Clone(s.own.metrics)
	for _, c := range s.collectors {
		metrics = append(metrics, c.catalog.metrics...)
	}
	return metrics
}

// Bind returns the collector of one scrape, which ends with ctx. With poll.Wait it waits for what a
// scrape only starts: the smartnode list, the handshake and the explorers.
func (s *Set) Bind(ctx context.Context, mode poll.Mode) prometheus.Collector {
	return &bound{set: s, ctx: ctx, mode: mode}
}

type bound struct {
	set  *Set
	ctx  context.Context
	mode poll.Mode
}

// Describe implements prometheus.Collector.
func (b *bound) Describe(ch chan<- *prometheus.Desc) {
	for _, desc := range b.set.own.descs {
		ch <- desc
	}
	for _, c := range b.set.collectors {
		for _, desc := range c.catalog.descs {
			ch <- desc
		}
	}
}

// Collect implements prometheus.Collector.
func (b *bound) Collect(ch chan<- prometheus.Metric) {
	in := &scrape{Sources: b.set.sources, mode: b.mode, journal: b.set.journal}
	if in.Daemon != nil {
		in.session = in.Daemon.Session(in.comparedHeights())
		defer in.session.Release()
	}
	var running sync.WaitGroup
	for _, c := range b.set.collectors {
		running.Go(func() { b.set.run(b.ctx, c, in, ch) })
	}
	running.Wait()
	if in.session != nil {
		for batch, took := range in.session.Durations() {
			send(ch, b.set.rpcTook, took.Seconds(), batch)
		}
	}
}

func (s *Set) run(ctx context.Context, c named, in *scrape, ch chan<- prometheus.Metric) {
	began := time.Now()
	err := c.update(ctx, in, ch)
	switch {
	case errors.Is(err, errNotApplicable):
		err = nil
	case errors.Is(ctx.Err(), context.Canceled): // the scraper has gone: nothing was learned
	default:
		s.journal.note("collector "+c.name, err)
	}
	sendFlag(ch, s.succeeded, err == nil, c.name)
	send(ch, s.took, time.Since(began).Seconds(), c.name)
}

// errNotApplicable says that there is nothing to learn here, which is fine.
var errNotApplicable = errors.New("not applicable")

// scrape is what the collectors of one scrape share.
type scrape struct {
	Sources
	session *daemon.Session                         // nil: no daemon is configured
	blocks  map[string]poll.Reading[explorer.Block] // that explorers named last
	mode    poll.Mode
	journal *journal
}

func (in *scrape) lockfree(ctx context.Context) (*daemon.Lockfree, error) {
	if in.session == nil {
		return nil, errNotApplicable
	}
	return in.session.Lockfree(ctx)
}

func (in *scrape) mainlock(ctx context.Context) (*daemon.Mainlock, error) {
	if in.session == nil {
		return nil, errNotApplicable
	}
	return in.session.Mainlock(ctx)
}

func (in *scrape) node(ctx context.Context) (*daemon.Node, error) {
	if in.session == nil {
		return nil, errNotApplicable
	}
	return in.session.Node(ctx)
}

// smartnode returns our smartnode as the chain view has it; errNotApplicable when it has none.
func (in *scrape) smartnode(ctx context.Context) (daemon.Smartnode, error) {
	node, err := in.node(ctx)
	if err != nil {
		return daemon.Smartnode{}, err
	}
	self, err := node.Self()
	switch {
	case errors.Is(err, daemon.ErrNotSmartnode), errors.Is(err, daemon.ErrNotRegistered), errors.Is(err, daemon.ErrUnknownProTx):
		return self, errNotApplicable
	case err != nil:
		return self, fmt.Errorf("smartnode: %w", err)
	}
	return self, nil
}
