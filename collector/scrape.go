package collector

import (
	"context"
	"errors"
	"fmt"
	"time"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/explorer"
	"raptoreum_exporter/internal/poll"
)

// errNotApplicable means that a collector has nothing to collect here. It counts as success.
var errNotApplicable = errors.New("not applicable")

// scrape is what the collectors of one scrape share.
type scrape struct {
	Sources
	session *daemon.Session                         // nil: no daemon is configured
	blocks  map[string]poll.Reading[explorer.Block] // last block that each explorer reported
	mode    poll.Mode
	once    bool // see Config
	journal *journal
	began   time.Time
}

func (in *scrape) lockfree(ctx context.Context) (*daemon.Lockfree, error) {
	if in.session == nil {
		return nil, errNotApplicable
	}
	return in.session.LatestLockfree(ctx)
}

func (in *scrape) mainlock(ctx context.Context) (*daemon.Mainlock, error) {
	if in.session == nil {
		return nil, errNotApplicable
	}
	return in.session.LatestMainlock(ctx)
}

func (in *scrape) node(ctx context.Context) (*daemon.Node, error) {
	if in.session == nil {
		return nil, errNotApplicable
	}
	return in.session.LatestNode(ctx)
}

// smartnode returns our smartnode from the daemon's chain. It returns errNotApplicable if there is none.
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

// list returns the smartnode list if it belongs to the current tip or is recent enough, otherwise nil.
func (in *scrape) list(ctx context.Context) (*daemon.List, error) {
	main, err := in.mainlock(ctx)
	if err != nil {
		return nil, err
	}
	list, err := in.session.List(ctx, in.mode)
	if list == nil || main.Chain.Err != nil {
		return nil, errors.Join(err, main.Chain.Err)
	}
	if !list.Current(*main.Chain.Value.BestBlockHash, *main.Chain.Value.Blocks, time.Now()) {
		list = nil
	}
	return list, err
}
