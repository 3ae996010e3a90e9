package fleet

import (
	"context"
	"errors"
	"time"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/internal/poll"
)

const (
	viewEvery   = 15 * time.Second // between two looks at the daemon's tip; the list is read when that has moved
	viewTimeout = time.Minute      // of a look that reads the list
	viewTooOld  = 3 * time.Minute  // without a look that went well
)

// View is what the chain says of all smartnodes, as one look at it found. It is not changed after it
// is made.
type View struct {
	List    *daemon.List // nil: none was read yet
	Network daemon.Network
	Tip     string // hash of the best block
	Height  int64  // of it
	Sporks  map[string]int64
	At      time.Time // when the daemon said all this; the list may be older

	queue map[daemon.Hash]int // places in the payment queue
}

// Current tells whether the list of the View can still be believed: the daemon answered within 3
// minutes, and the list is that of its tip then or at most 10 minutes old.
func (v *View) Current(now time.Time) bool {
	return v != nil && v.List != nil && now.Sub(v.At) < viewTooOld && v.List.Current(v.Tip, v.Height, now)
}

// Place returns how many smartnodes are paid before this one, and how many are in the queue. False:
// it is not in the queue, or was paid since the list was read.
func (v *View) Place(s *daemon.Smartnode) (position, length int, queued bool) {
	position, queued = v.queue[s.ProTxHash]
	position -= int(v.Height - v.List.Height)
	return position, len(v.queue), queued && position >= 0
}

// look asks the daemon for its tip, and for the list when that is due. Nil without an error: the list
// was not read yet, as while the chain is downloaded.
func look(ctx context.Context, client *daemon.Client, last *View) (*View, error) {
	session := client.Session(nil)
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
	v.List, err = session.List(ctx, poll.Wait)
	if v.List == nil {
		return nil, err
	}
	if last != nil && last.List == v.List {
		if v.queue = last.queue; v.Network != last.Network {
			return nil, errors.New("the daemon is on another network than the smartnode list: restart the exporter")
		}
	} else if daemon.PaysSmartnodes(v.Network, len(v.List.Nodes)) {
		v.queue = daemon.PaymentPlaces(v.List.Nodes)
	}
	v.At = time.Now()
	return v, nil
}
