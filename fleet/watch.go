package fleet

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"time"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/explorer"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/p2p"
)

// Sources are the sources of chain data of a Fleet. Without a daemon, each node is requested from the
// explorers. Sets are then empty, because no explorer lists all registrations.
type Sources struct {
	Daemon    *daemon.Client   // nil: not configured
	Explorers *explorer.Client // nil: not configured
	// ExplorerNetwork is the network of the explorers; empty: the daemon's.
	ExplorerNetwork daemon.Network
	Network         daemon.Network // until a daemon has reported it
	Port            *p2p.Prober    // for Probe

	// AllowPrivate lets Probe dial registered addresses that are not public, as on a test network.
	AllowPrivate bool
}

// Fleet is the owner's smartnodes with their current state on the chain. Its methods may be called
// concurrently. None waits for the daemon or an explorer, except with poll.Wait.
type Fleet struct {
	path     string
	sources  Sources
	views    *poll.Poll[*View] // nil without a daemon
	reserved []netip.Prefix    // not public; parsed once

	mu       sync.Mutex
	config   *Config
	reloaded Reload
	view     *View // of the last successful update
	members  map[daemon.Hash]*member
	current  *Snapshot
	of       [3]any // what current is made of: the config, the list, and View.early
}

// Reload is the result of the last read of the fleet file.
type Reload struct {
	OK      bool
	Success time.Time // of the last successful read
}

// New reads the fleet file. When ctx is done, the Fleet sends no more requests.
func New(ctx context.Context, path string, sources Sources) (*Fleet, error) {
	f := &Fleet{path: path, sources: sources, reserved: reservedBlocks()}
	if err := f.Reload(); err != nil {
		return nil, err
	}
	if sources.Daemon != nil {
		f.views = poll.New(ctx, poll.Config[*View]{Every: viewEvery, Timeout: viewTimeout, Ask: f.update})
	}
	return f, nil
}

// Reload reads the fleet file again. After an error, the previous nodes stay in effect.
func (f *Fleet) Reload() error {
	config, err := Read(f.path)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reloaded.OK = err == nil
	if err == nil {
		f.config, f.reloaded.Success = config, time.Now()
	}
	return err
}

// Reloaded returns the result of the last read of the file.
func (f *Fleet) Reloaded() Reload {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.reloaded
}

// Path returns the path of the fleet file.
func (f *Fleet) Path() string { return f.path }

// HasSets reports whether the file has sets, which need a daemon.
func (f *Fleet) HasSets() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.config.sets) > 0
}

// update requests a new View. After an error, the previous View stays in effect.
func (f *Fleet) update(ctx context.Context) (*View, error) {
	f.mu.Lock()
	last := f.view
	f.mu.Unlock()
	view, err := f.readView(ctx, last)
	if view != nil {
		f.mu.Lock()
		f.view = view
		f.mu.Unlock()
	}
	return view, err
}

// Snapshot is the fleet at one moment.
type Snapshot struct {
	Nodes []Node // sorted by name
	View  *View  // nil: none yet, or chain data comes from the explorers
	// Incomplete means that there is no smartnode list yet, which the sets need, or only that of a daemon that has been
	// behind since the start.
	Incomplete bool
	// Err is the error of the last update from the daemon; nil after success or before the first.
	Err error

	Network daemon.Network // empty: unknown
	byName  map[string]*Node
	byHash  map[daemon.Hash]*Node
}

// Find returns the node with this name (ignoring case) or proTxHash.
func (s *Snapshot) Find(target string) (*Node, bool) {
	if hash, err := daemon.ParseHash(target); err == nil {
		node, ok := s.byHash[hash]
		return node, ok
	}
	node, ok := s.byName[strings.ToLower(target)]
	return node, ok
}

// Snapshot returns the nodes as of the last update, and starts the next update when it is due. With
// poll.Wait, it returns after that update, or when ctx is done.
func (f *Fleet) Snapshot(ctx context.Context, mode poll.Mode) *Snapshot {
	var err error
	if f.views != nil {
		var r poll.Reading[*View]
		if r, _ = f.views.Get(ctx, mode); !errors.Is(r.Err, context.Canceled) {
			err = r.Err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	s := *f.snapshot()
	s.View, s.Err = f.view, err
	s.Incomplete = (f.view == nil || f.view.early) && f.views != nil && len(f.config.sets) > 0
	if s.Network = f.sources.Network; f.view != nil && f.view.Network != "" {
		s.Network = f.view.Network
	}
	return &s
}

// snapshot resolves the nodes once for each config and list.
func (f *Fleet) snapshot() *Snapshot {
	var list *daemon.List
	early := false
	if f.view != nil {
		list, early = f.view.List, f.view.early
	}
	if of := [3]any{f.config, list, early}; f.current == nil || f.of != of {
		s := &Snapshot{byName: map[string]*Node{}, byHash: map[daemon.Hash]*Node{}}
		if list == nil {
			s.Nodes = f.config.Resolve(nil)
		} else {
			now := time.Now()
			nodes, members := f.config.resolve(list.Nodes, f.former(now))
			if s.Nodes = nodes; !early { // otherwise some of them may be gone for long
				f.remember(members, now)
			}
		}
		for i := range s.Nodes {
			n := &s.Nodes[i]
			s.byName[strings.ToLower(n.Name)], s.byHash[n.ProTxHash] = n, n
		}
		f.current, f.of = s, of
	}
	return f.current
}
