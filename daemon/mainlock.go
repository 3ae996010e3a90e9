package daemon

import (
	"context"

	"raptoreum_exporter/internal/poll"
)

// Mainlock holds what needs the daemon's main lock briefly: it decides between ready, slow and hung.
type Mainlock struct {
	Arrival
	Height    Answer[int64]
	Chain     Answer[ChainInfo]
	Network   Answer[NetworkInfo]
	Chainlock Answer[Chainlock] // ErrNoChainlock: none yet
}

// downloaded reports whether the chain is known to be downloaded; m may be nil.
func (m *Mainlock) downloaded() bool {
	return m != nil && m.Chain.Err == nil && !*m.Chain.Value.InitialBlockDownload
}

// Mainlock makes the brief calls that take the main lock. If those of an earlier scrape are still
// outstanding, it waits for their answer instead: the daemon computes it once it has the lock, so it
// is as recent as the answer to a new request.
func (s *Session) Mainlock(ctx context.Context) (*Mainlock, error) {
	return s.mainlock.get(ctx, func() (*Mainlock, error) {
		lockfree, err := s.Lockfree(s.ctx)
		if err != nil {
			return nil, err
		}
		if err := s.crowded(lockfree); err != nil {
			return nil, err
		}
		f, ok := s.client.joinMainlock(s.ctx)
		if !ok {
			return nil, s.whyMain()
		}
		select {
		case <-f.done:
			return f.value, f.err
		case <-s.ctx.Done():
			s.client.abandon(f)
			return nil, s.whyMain()
		}
	}, s.whyMain)
}

// mainlockFlight is a mainlock request under way. It outlives the scrape that sent it.
type mainlockFlight struct {
	done    chan struct{}
	value   *Mainlock
	err     error
	waiters int // Sessions; under Client.mu
}

// joinMainlock returns the mainlock request under way, or sends one once the slot is free. False: ctx
// was done before that.
func (c *Client) joinMainlock(ctx context.Context) (*mainlockFlight, bool) {
	for {
		c.mu.Lock()
		f, sent := c.flight, c.sent
		if f != nil {
			f.waiters++
		}
		c.mu.Unlock()
		if f != nil {
			// It has a connection of its own. That of the lock-free stage would be idle during that time.
			c.http.CloseIdleConnections()
			return f, true
		}
		select {
		case <-c.main.free:
			return c.sendMainlock(), true
		case <-sent: // another Session got the slot
		case <-ctx.Done():
			return nil, false
		}
	}
}

// abandon ends the wait of one Session.
func (c *Client) abandon(f *mainlockFlight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f.waiters--
}

// sendMainlock sends the request; the caller holds the slot of the main lock.
func (c *Client) sendMainlock() *mainlockFlight {
	f := &mainlockFlight{done: make(chan struct{}), waiters: 1}
	c.mu.Lock()
	c.flight = f
	close(c.sent)
	c.sent = make(chan struct{})
	c.mu.Unlock()
	go func() {
		defer c.leave(c.main)
		r, err := c.fetchMainlock()
		if late := c.land(f, r, err); late {
			// Once: otherwise a daemon whose main lock is slower than a scrape would never report
			// its smartnode and peers. The next request for the main lock is that of a scrape.
			_, _ = c.fetchNode(r, nil) // the answer is kept; the next scrape sees an error itself
		}
	}()
	return f
}

func (c *Client) fetchMainlock() (*Mainlock, error) {
	r := new(Mainlock)
	calls := []call{
		// Cost: each waits for the main lock, over a minute while blocks are validated on a slow
		// machine and without end while validation hangs. They hold it briefly.
		ask(&r.Height, "getblockcount"),       // main lock, one field
		ask(&r.Chain, "getblockchaininfo"),    // main lock; once per voting round it reads up to 720 blocks
		ask(&r.Network, "getnetworkinfo"),     // main lock for the warnings, locks of the connections
		ask(&r.Chainlock, "getbestchainlock"), // main lock to look the block up
	}
	took, err := c.send(c.main, batchMainlock, func(ctx context.Context) error { return c.exchange(ctx, calls) })
	if err != nil {
		return nil, err
	}
	r.Took, r.At = took, poll.Wall(c.config.Now())
	r.Chainlock.Err = fact(r.Chainlock.Err, codeInternal, "Unable to find any chainlock", ErrNoChainlock)
	if r.Chain.Err == nil {
		c.learnNetwork(*r.Chain.Value.Chain)
	}
	return r, nil
}

// land publishes the outcome of f. late reports an answer that no Session is waiting for.
func (c *Client) land(f *mainlockFlight, r *Mainlock, err error) (late bool) {
	c.mu.Lock()
	if err == nil {
		c.kept.mainlock = r
	}
	c.flight = nil
	late = err == nil && f.waiters == 0
	c.mu.Unlock()
	f.value, f.err = r, err
	close(f.done)
	return late
}
