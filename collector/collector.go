// Package collector makes Prometheus metrics of one smartnode.
//
// A Set is built once; each Gather is one scrape. Each collector is one file and one entry of the table. All
// run concurrently and share one daemon.Session. An unknown value is not sent. An update that returns an
// error may have sent some values: its success is 0, and the error is logged once, until it succeeds again.
package collector

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/go-kit/log"
	dto "github.com/prometheus/client_model/go"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/explorer"
	"raptoreum_exporter/fleet"
	"raptoreum_exporter/host"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/p2p"
)

// Info is the name of a collector, as in --collector.<name>, and what it collects.
type Info struct{ Name, Help string }

// entry is a line of the table.
type entry struct {
	name, help string
	build      func(*catalog) updater
}

// updater is a collector: it sends the values it knows and returns why others are missing.
type updater interface {
	update(ctx context.Context, in *scrape, out *samples) error
}

// table lists the collectors. Flags, METRICS.md and tests are derived from it.
func table() []entry {
	return []entry{
		{"daemon", "State of raptoreumd, its version, restarts and warnings", newDaemonState},
		{"chain", "Block height, headers, tip age and chainlock of the node", newChain},
		{"sync", "Initial block download and smartnode sync", newSync},
		{"peers", "Number, block height and round-trip time of peers, network traffic", newPeers},
		{"smartnode", "State, PoSe penalty and ban of the smartnode", newSmartnode},
		{"payments", "Last and next payment of the smartnode", newPayments},
		{"quorum", "Quorum memberships and running key generations", newQuorum},
		{"network", "Smartnodes of the network by state, sporks", newNetwork},
		{"explorer", "Block height and PoSe state as reported by block explorers", newExplorers},
		{"port", "Peer-to-peer handshake with the smartnode's address", newPort},
		{"process", "CPU, memory and open files of the raptoreumd process", newProcess},
		{"host", "CPU, memory, pressure and OOM kills of the machine", newHost},
		{"debuglog", "Tip, progress and events in raptoreumd's debug.log", newDebugLog},
		{"datadir", "Disk space of the data directory", newDatadir},
		{"fleet", "Smartnodes of the fleet by state, port and version", newFleetState},
		{"heal", "Restarts by heal, and whether it has given up", newHealState},
		{"release", "Latest mainnet release, and whether it is newer", newRelease},
	}
}

// All returns all collectors.
func All() []Info {
	var all []Info
	for _, e := range table() {
		all = append(all, Info{e.name, e.help})
	}
	return all
}

// Names returns the names of all collectors.
func Names() []string {
	var names []string
	for _, e := range table() {
		names = append(names, e.name)
	}
	return names
}

// Only returns the enabled collectors with one of these names.
func Only(enabled []string, names ...string) []string {
	return slices.DeleteFunc(slices.Clone(enabled), func(name string) bool { return !slices.Contains(names, name) })
}

// Sources is what the collectors read from. A nil source is not configured, and its metrics are absent.
type Sources struct {
	Daemon    *daemon.Client
	Expected  bool // the configuration expects a smartnode
	Explorers *explorer.Client
	// ExplorerNetwork is the network of the explorers; empty: the daemon's.
	ExplorerNetwork daemon.Network
	Releases        *explorer.Releases
	Port            *p2p.Prober
	Fleet           *fleet.Fleet // other smartnodes; nil: none
	Host            *host.Host
	Process         host.Query
	Datadir         string // empty: unknown
	DebugLog        string // path; empty: unknown
	HealHistory     string // file written by heal; may be missing
}

// Config configures a Set.
type Config struct {
	Sources Sources
	Enabled []string   // names of the collectors
	Logger  log.Logger // nil: no logs
	Once    bool       // a command gathers: this process does not watch the daemon
}

// Set is the enabled collectors of an exporter.
type Set struct {
	sources    Sources
	collectors []named
	own        *catalog
	journal    *journal
	once       bool

	duration, success, rpc, age *metric
}

type named struct {
	name string
	updater
	catalog *catalog
}

// New builds the enabled collectors.
func New(config Config) *Set {
	own := &catalog{}
	s := &Set{
		sources:  config.Sources,
		own:      own,
		success:  own.gauge("scrape_collector_success", "1 if the collector succeeded (this exporter).", "collector"),
		duration: own.gauge("scrape_collector_duration_seconds", "Duration of the collector in seconds (this exporter).", "collector"),
		rpc:      own.gauge("daemon_rpc_duration_seconds", "Duration of each round trip to the daemon in this scrape, and of the last read of the smartnode list, in seconds (this exporter).", "batch"),
		age:      own.gauge("daemon_answer_age_seconds", "Age in seconds of the answers that are shown, for up to 2 minutes while raptoreumd is slow.", "batch"),
		journal:  newJournal(config.Logger),
		once:     config.Once,
	}
	for _, e := range table() {
		if slices.Contains(config.Enabled, e.name) {
			c := &catalog{collector: e.name}
			s.collectors = append(s.collectors, named{e.name, e.build(c), c})
		}
	}
	return s
}

// Metrics returns the descriptions of all metrics that the Set can send.
func (s *Set) Metrics() []Metric {
	metrics := s.own.descriptions()
	for _, c := range s.collectors {
		metrics = append(metrics, c.catalog.descriptions()...)
	}
	return metrics
}

// Result is the outcome of one scrape.
type Result struct {
	Families []*dto.MetricFamily // by name
	Errors   map[string]error    // of failed collectors, by name
}

// Gather runs the collectors once, until ctx is done. With poll.Wait it waits for what a scrape only starts
// in the background: the smartnode list, the handshake and the explorers.
func (s *Set) Gather(ctx context.Context, mode poll.Mode) Result {
	in := &scrape{Sources: s.sources, mode: mode, journal: s.journal, once: s.once, began: time.Now()}
	if in.Daemon != nil {
		in.session = in.Daemon.Session(in.comparedHeights())
		defer in.session.Release()
	}
	outcomes := make([]outcome, len(s.collectors))
	var running sync.WaitGroup
	for i, c := range s.collectors {
		running.Go(func() { outcomes[i] = s.run(ctx, c, in) })
	}
	running.Wait()
	result := Result{Errors: map[string]error{}}
	all := make(samples, 0, 256) // most scrapes have fewer
	for i, c := range s.collectors {
		all = append(all, outcomes[i].samples...)
		if err := outcomes[i].err; err != nil {
			result.Errors[c.name] = err
		}
	}
	if in.session != nil {
		for batch, took := range in.session.Durations() {
			send(&all, s.rpc, took.Seconds(), batch)
		}
		for batch, age := range in.session.Ages() {
			send(&all, s.age, age.Seconds(), batch)
		}
	}
	result.Families = families(all)
	return result
}

// outcome is what one collector sent and returned.
type outcome struct {
	samples samples
	err     error
}

func (s *Set) run(ctx context.Context, c named, in *scrape) outcome {
	began := time.Now()
	var o outcome
	o.err = c.update(ctx, in, &o.samples)
	switch {
	case errors.Is(o.err, errNotApplicable):
		o.err = nil
	case errors.Is(ctx.Err(), context.Canceled): // the scraper disconnected: nothing was learned
	default:
		s.journal.note("collector "+c.name, in.began, o.err)
	}
	sendFlag(&o.samples, s.success, o.err == nil, c.name)
	send(&o.samples, s.duration, time.Since(began).Seconds(), c.name)
	return o
}
