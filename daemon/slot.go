package daemon

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// listTimeout is how long reading the smartnode list may hold the slot before its silence means a
// hung daemon.
const listTimeout = time.Minute

// slot is the right to have one request outstanding. A request whose caller stopped waiting keeps
// it, because it still occupies a worker of the daemon.
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

// through runs send under the slot, in the background, and waits for it until ctx is done. A later
// answer is dropped.
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

// launch starts a request; the caller holds the slot.
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
		c.closeIdle()
		answered <- err
	}()
	return answered
}

// why returns what a caller whose time is up was waiting for.
func (c *Client) why(s slot) error {
	r := s.current.Load()
	if r == nil { // answered just now
		return &Error{Hung, errors.New("no answer within the time of the scrape")}
	}
	waited := time.Since(r.since).Round(100 * time.Millisecond)
	switch {
	case !r.connected.Load():
		return &Error{Unreachable, fmt.Errorf("no connection after %s", waited)}
	case r.what == batchList && waited < listTimeout:
		return &Error{Busy, fmt.Errorf("reading its smartnode list for %s", waited)}
	default:
		return &Error{Hung, fmt.Errorf("no answer to the %s request for %s", r.what, waited)}
	}
}
