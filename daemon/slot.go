package daemon

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// listPatience is how long our own list may hold the slot before its silence means a hung daemon.
const listPatience = time.Minute

// slot is the right to have one request outstanding. A request that nobody waits for any more
// keeps it, for it still holds a worker of the daemon.
type slot struct {
	free    chan struct{}
	current *atomic.Pointer[outstanding]
}

// outstanding describes the request that holds a slot.
type outstanding struct {
	what      string
	since     time.Time
	connected atomic.Bool
}

func newSlot() slot {
	s := slot{free: make(chan struct{}, 1), current: new(atomic.Pointer[outstanding])}
	s.free <- struct{}{}
	return s
}

// through runs send under the slot, in the background, and waits for it until ctx is done.
// What comes later than that is dropped.
func (c *Client) through(ctx context.Context, s slot, what string, send func(context.Context) error) (time.Duration, error) {
	select {
	case <-s.free:
	case <-ctx.Done():
		return 0, c.why(s)
	}
	began := time.Now()
	answered := c.launch(s, what, send)
	select {
	case err := <-answered:
		return time.Since(began), err
	case <-ctx.Done():
		return 0, c.why(s)
	}
}

// launch starts a request; its caller has taken the slot.
func (c *Client) launch(s slot, what string, send func(context.Context) error) <-chan error {
	r := &outstanding{what: what, since: time.Now()}
	s.current.Store(r)
	answered := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(traced(c.ctx, r), maxOutstanding)
		defer cancel()
		err := send(ctx)
		s.current.Store(nil)
		s.free <- struct{}{}
		answered <- err
	}()
	return answered
}

// why explains to a waiter whose time is up what it waits for.
func (c *Client) why(s slot) error {
	r := s.current.Load()
	if r == nil { // answered this very moment
		return &Error{Hung, errors.New("no answer within the scrape's time")}
	}
	waited := time.Since(r.since).Round(100 * time.Millisecond)
	switch {
	case !r.connected.Load():
		return &Error{Unreachable, fmt.Errorf("no connection after %s", waited)}
	case r.what == batchList && waited < listPatience:
		return &Error{Busy, fmt.Errorf("our own smartnode list is being read since %s", waited)}
	default:
		return &Error{Hung, fmt.Errorf("no answer to the %s request since %s", r.what, waited)}
	}
}
