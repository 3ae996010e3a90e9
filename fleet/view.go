package fleet

import (
	"context"
	"errors"
	"time"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/internal/poll"
)

const (
	viewEvery   = 15 * time.Second // between two requests for the daemon's tip; the list is requested when the tip has changed
	viewTimeout = time.Minute      // of an update that requests the list
	viewTooOld  = 3 * time.Minute  // since the last successful update
)

// View is the state of the chain and of all smartnodes, as the daemon reported it. It is immutable.
type View struct {
	List    *daemon.List // nil: not received yet
	Network daemon.Network
	Tip     string // hash of the best block
	Height  int64  // of the best block
	Sporks  map[string]int64
	At      time.Time // when the daemon reported it; the list may be older
	// Behind is why the daemon may be far from the tip of the network; nil: it is near. List is then the last one from
	// before, if there is one.
	Behind error

	near  time.Time           // since when the daemon has been near the tip
	early bool                // List may be from before that: the smartnodes registered later are missing
	queue map[daemon.Hash]int // positions in the payment queue
}

// Current reports whether the list of the View is still valid: the daemon answered within the last 3
// minutes and is near the tip of the network, and the list is that of its tip at that time or at most 10 minutes old.
func (v *View) Current(now time.Time) bool {
	return v != nil && v.List != nil && v.Behind == nil && !v.early && poll.Recent(v.At, now, viewTooOld) && v.List.Current(v.Tip, v.Height, now)
}

// Place returns how many smartnodes are paid before this one, and the length of the queue. It returns
// false if s is not in the queue, or was paid since the list was received.
func (v *View) Place(s *daemon.Smartnode) (position, length int, queued bool) {
	position, queued = v.queue[s.ProTxHash]
	position -= int(v.Height - v.List.Height)
	return position, len(v.queue), queued && position >= 0
}

// Round returns the number of blocks between two payments of a smartnode, whether it is in the queue now or
// not. It returns 0 if the network pays no smartnode.
func (v *View) Round(s *daemon.Smartnode) int {
	if v.queue == nil {
		return 0
	}
	if _, queued := v.queue[s.ProTxHash]; queued {
		return len(v.queue)
	}
	return len(v.queue) + 1
}

// readView requests the tip from the daemon, and the list when it is due. It returns nil without an
// error if there is no list yet, as during initial block download.
func (f *Fleet) readView(ctx context.Context, last *View) (*View, error) {
	session := f.sources.Daemon.Session(nil)
	defer session.Release()
	main, err := session.Mainlock(ctx)
	if err != nil {
		return nil, err
	}
	if main.Chain.Err != nil {
		return nil, main.Chain.Err
	}
	v := &View{Tip: *main.Chain.Value.BestBlockHash, Height: *main.Chain.Value.Blocks}
	v.Network, _ = daemon.NetworkOf(*main.Chain.Value.Chain)
	if lockfree, err := session.Lockfree(ctx); err == nil && lockfree.Sporks.Err == nil {
		v.Sporks = lockfree.Sporks.Value
	}
	list, err := session.List(ctx, poll.Wait)
	if list == nil {
		return nil, err
	}
	node, err := session.Node(ctx)
	if err != nil {
		return nil, err
	}
	if last != nil && v.Network != last.Network {
		return nil, errors.New("the daemon is on another network than the smartnode list: restart the exporter")
	}
	v.Behind = f.behind(ctx, main, node, v.Network)
	v.take(list, last, main.At)
	v.At = poll.Wall(time.Now())
	return v, nil
}

// take sets the list: the one received last, or that of the View before if this one may be from a time when the
// daemon was far from the tip. at is when the daemon reported its tip.
func (v *View) take(list *daemon.List, last *View, at time.Time) {
	if v.near = at; last != nil && last.Behind == nil && poll.Recent(last.At, at, viewTooOld) {
		v.near = last.near
	}
	recent := v.Behind == nil && (v.Height-list.Height <= maxBehind || !list.Asked.Before(v.near))
	switch {
	case last != nil && (last.List == list || !recent):
		v.List, v.queue, v.early = last.List, last.queue, last.early && !recent
		return
	case daemon.PaysSmartnodes(v.Network, len(list.Nodes)):
		v.queue = daemon.PaymentPlaces(list.Nodes)
	}
	v.List, v.early = list, !recent
}
