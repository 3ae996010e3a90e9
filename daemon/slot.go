package daemon

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

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

// errNoAnswerYet is in the error of a caller whose time is up while a request is outstanding.
var errNoAnswerYet = errors.New("no answer yet")

// take waits for the slot until ctx is done.
func (s slot) take(ctx context.Context) bool {
	select {
	case <-s.free:
		return true
	case <-ctx.Done():
		return false
	}
}

// try takes the slot if it is free.
func (s slot) try() bool {
	select {
	case <-s.free:
		return true
	default:
		return false
	}
}

// yield passes the slot to a scrape that waits for it, and reports whether none did.
func (s slot) yield() bool {
	s.free <- struct{}{} // goes to the first waiter, if any
	return s.try()
}

// leave frees the slot. If the request has outlived its scrape, leave closes its connection.
func (c *Client) leave(s slot) {
	s.free <- struct{}{}
	c.closeIdle()
}

// send runs one request; the caller holds the slot. The end of a scrape does not cancel it, because
// the daemon executes it anyway.
func (c *Client) send(s slot, what string, exchange func(context.Context) error) (time.Duration, error) {
	r := &outstanding{what: what, since: c.config.Now()}
	s.current.Store(r)
	defer s.current.Store(nil)
	c.recordRequest(s)
	ctx, cancel := context.WithTimeout(traced(c.ctx, r), maxOutstanding)
	defer cancel()
	began := time.Now()
	err := exchange(ctx)
	c.recordOutcome(s, err)
	return time.Since(began), err
}

// age rounds a duration for people.
func age(d time.Duration) time.Duration {
	if d < 10*time.Second {
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(time.Second)
}
