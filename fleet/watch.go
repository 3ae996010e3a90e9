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
)

// Sources is what a Fleet reads the chain from. Without a daemon the explorers are asked about the
// nodes one by one; sets are then empty, for no explorer lists all registrations.
type Sources struct {
	Daemon    *daemon.Client   // nil: none is configured
	Explorers *explorer.Client // nil: none
	Network   daemon.Network   // while no daemon has told it
}

// Fleet is the owner's smartnodes as the chain shows them now. Its methods may be called
// concurrently; none waits for the daemon or an explorer.
type Fleet struct {
	path     string
	sources  Sources
	looks    *poll.Poll[*View] // nil without a daemon
	reserved []netip.Prefix    // not public; parsed once

	mu       sync.Mutex
	config   *Config
	reloaded Reload
	view     *View // the last that went well
	current  *Snapshot
	of       [2]any // the config and list that current was made of
}

// Reload is how the last reading of the fleet file went.
type Reload struct {
	OK      bool
	Success time.Time // of the last one that went well
}

// New reads the fleet file. Nothing more is asked once ctx is done.
func New(ctx context.Context, path string, sources Sources) (*Fleet, error) {
	f := &Fleet{path: path, sources: sources, reserved: reservedBlocks()}
	if err := f.Reload(); err != nil {
		return nil, err
	}
	if sources.Daemon != nil {
		f.looks = poll.New(ctx, poll.Config[*View]{Every: viewEvery, Timeout: viewTimeout, Ask: f.look})
	}
	return f, nil
}

// Reload reads the fleet file again. On an error the nodes stay what they were.
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

// Reloaded returns how the last reading of the file went.
func (f *Fleet) Reloaded() Reload {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.reloaded
}

// Path returns the path of the fleet file.
func (f *Fleet) Path() string { return f.path }

// HasSets tells whether the file has sets, which need a daemon.
func (f *Fleet) HasSets() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.config.sets) > 0
}

// look keeps the last View that went well, whatever comes after.
func (f *Fleet) look(ctx context.Context) (*View, error) {
	f.mu.Lock()
	last := f.view
	f.mu.Unlock()
	view, err := look(ctx, f.sources.Daemon, last)
	if view != nil {
		f.mu.Lock()
		f.view = view
		f.mu.Unlock()
	}
	return view, err
}

// Snapshot is the fleet at one moment.
type Snapshot struct {
	Nodes []Node // by name
	View  *View  // nil: none yet, or the chain is asked of the explorers
	// Incomplete tells that the list, which fills the sets, was not read yet.
	Incomplete bool
	// Err is why the last look at the daemon went wrong; nil when it went well or there was none.
	Err error

	Network daemon.Network // empty: not known yet
	byName  map[string]*Node
	byHash  map[daemon.Hash]*Node
}

// Find returns the node that a name (in any case of its letters) or a proTxHash means.
func (s *Snapshot) Find(target string) (*Node, bool) {
	if hash, err := daemon.ParseHash(target); err == nil {
		node, ok := s.byHash[hash]
		return node, ok
	}
	node, ok := s.byName[strings.ToLower(target)]
	return node, ok
}

// Snapshot returns the nodes as the last look at the chain found them, and has the next one begin when
// it is due. With poll.Wait it returns after that, or when ctx is done.
func (f *Fleet) Snapshot(ctx context.Context, mode poll.Mode) *Snapshot {
	var err error
	if f.looks != nil {
		var r poll.Reading[*View]
		if r, _ = f.looks.Get(ctx, mode); !errors.Is(r.Err, context.Canceled) {
			err = r.Err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	s := *f.snapshot()
	s.View, s.Err = f.view, err
	s.Incomplete = f.view == nil && f.looks != nil && len(f.config.sets) > 0
	if s.Network = f.sources.Network; f.view != nil && f.view.Network != "" {
		s.Network = f.view.Network
	}
	return &s
}

// snapshot resolves the file once for each list.
func (f *Fleet) snapshot() *Snapshot {
	var list *daemon.List
	if f.view != nil {
		list = f.view.List
	}
	if of := [2]any{f.config, list}; f.current == nil || f.of != of {
		s := &Snapshot{byName: map[string]*Node{}, byHash: map[daemon.Hash]*Node{}}
		if list != nil {
			s.Nodes = f.config.Resolve(list.Nodes)
		} else {
			s.Nodes = f.config.Resolve(nil)
		}
		for i := range s.Nodes {
			n := &s.Nodes[i]
			s.byName[strings.ToLower(n.Name)], s.byHash[n.ProTxHash] = n, n
		}
		f.current, f.of = s, of
	}
	return f.current
}
