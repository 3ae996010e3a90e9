package daemon

import (
	"context"
	"sync"
	"time"
)

const (
	dkgWait    = 2 * time.Second  // of a scrape
	dkgTimeout = 10 * time.Second // then the call counts as endless
	dkgStuck   = 10 * time.Second // a quorum call that runs longer is lost, whatever client sent it
)

// dkgGuard limits `quorum dkgstatus` to one worker: on a member of a quorum of two the call never
// ends, and its worker is lost until the daemon is killed.
type dkgGuard struct {
	mu          sync.Mutex
	outstanding bool
	lostIn      time.Time // start time of the daemon in which a call was lost; zero: none
}

// DKG is the answer to quorum dkgstatus with its duration.
type DKG struct {
	Took   time.Duration
	Status DKGStatus
}

// DKG returns the key generations that this smartnode takes part in. The call is made after Node,
// alone, and only if the daemon is a smartnode. ErrDKGStatusStuck: not until the daemon restarts.
func (s *Session) DKG(ctx context.Context) (*DKG, error) {
	c := s.client
	return s.dkg.get(ctx, func() (*DKG, error) {
		node, err := s.Node(s.ctx)
		if err != nil {
			return nil, err
		}
		if node.Status.Err != nil {
			return nil, node.Status.Err
		}
		lockfree, err := s.Lockfree(s.ctx)
		if err != nil {
			return nil, err
		}
		return c.askDKG(s.ctx, lockfree)
	}, func() error { return ErrDKGStatusSlow })
}

func (c *Client) askDKG(ctx context.Context, now *Lockfree) (*DKG, error) {
	if err := c.dkg.enter(now); err != nil {
		return nil, err
	}
	type outcome struct {
		dkg *DKG
		err error
	}
	answered := make(chan outcome, 1)
	go func() {
		// A timeout of its own, not that of the scrape: a slow daemon is not stuck.
		ctx, cancel := context.WithTimeout(c.ctx, dkgTimeout)
		defer cancel()
		var a Answer[DKGStatus]
		began := time.Now()
		err := c.exchange(ctx, []call{ask(&a, "quorum", "dkgstatus")})
		took := time.Since(began)
		timedOut := ctx.Err() != nil && c.ctx.Err() == nil
		c.dkg.leave(timedOut, now.Started)
		switch {
		case timedOut:
			err = ErrDKGStatusStuck
		case err == nil:
			err = a.Err
		}
		answered <- outcome{&DKG{took, a.Value}, err}
	}()
	select {
	case o := <-answered:
		return o.dkg, o.err
	case <-ctx.Done():
	case <-time.After(dkgWait):
	}
	return nil, ErrDKGStatusSlow
}

func (g *dkgGuard) enter(now *Lockfree) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if now.RPC.Err == nil {
		for _, running := range *now.RPC.Value.ActiveCommands {
			if *running.Method == "quorum" && time.Duration(*running.Duration)*time.Microsecond > dkgStuck {
				g.lostIn = now.Started
			}
		}
	}
	switch {
	case !g.lostIn.IsZero() && now.Started.Equal(g.lostIn):
		return ErrDKGStatusStuck
	case g.outstanding:
		return ErrDKGStatusSlow
	}
	g.outstanding, g.lostIn = true, time.Time{}
	return nil
}

func (g *dkgGuard) leave(lost bool, daemon time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.outstanding = false
	if lost {
		g.lostIn = daemon
	}
}
