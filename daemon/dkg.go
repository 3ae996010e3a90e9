package daemon

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	dkgWait    = 2 * time.Second  // of a scrape
	dkgTimeout = 10 * time.Second // then the call counts as endless
	dkgStuck   = 10 * time.Second // a quorum call that runs longer is lost, whatever client sent it

	// minDKGSmartnodes is the number of enabled smartnodes from which quorum dkgstatus can end. The
	// call computes the relay connections of every quorum of the last key generation base block,
	// and with exactly two members that loop has no end (CLLMQUtils::GetQuorumRelayMembers): the
	// daemon burns a core and never stops again, except by SIGKILL. The members are those valid at
	// the base block, up to one interval ago, and a smartnode is valid only once it is confirmed:
	// hence the distance to 2, and the minimum of all scrapes.
	minDKGSmartnodes = 10
)

// dkgGuard decides whether quorum dkgstatus may be called, and limits it to one worker: a call that
// does not end occupies its worker until the daemon is killed.
type dkgGuard struct {
	mu          sync.Mutex
	started     time.Time // of the daemon that minEnabled is about; zero: none yet
	minEnabled  int       // minimum of smartnode count since then
	outstanding bool
	lostIn      time.Time // start time of the daemon in which a call was lost; zero: none
}

// DKG is the answer to quorum dkgstatus with its duration.
type DKG struct {
	Took   time.Duration
	Status DKGStatus
}

// DKG returns the key generations that this smartnode takes part in. The call is made after Node,
// alone, and only if the daemon is a smartnode. It can hang a daemon in a small network, so it is
// made only if smartnode count reported at least 10 enabled ones in this scrape and in every
// earlier one since the daemon started (ErrDKGNetworkTooSmall), and not again after it has not
// answered, until the daemon restarts (ErrDKGStatusStuck).
func (s *Session) DKG(ctx context.Context) (*DKG, error) {
	c := s.client
	return s.dkg.get(ctx, func() (*DKG, error) {
		lockfree, err := s.Lockfree(s.ctx)
		if err != nil {
			return nil, err
		}
		if err := c.dkg.permit(lockfree); err != nil {
			return nil, err
		}
		node, err := s.Node(s.ctx)
		if err != nil {
			return nil, err
		}
		if node.Status.Err != nil {
			return nil, node.Status.Err
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
		// Cost: the main lock briefly for the tip. With a quorum of two members it never ends.
		err := c.exchange(ctx, []call{ask(&a, "quorum", "dkgstatus")})
		took := time.Since(began)
		timedOut := ctx.Err() != nil && c.ctx.Err() == nil
		c.dkg.leave(timedOut, now.Started)
		c.closeIdle()
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

// observe records the number of enabled smartnodes of one scrape.
func (g *dkgGuard) observe(now *Lockfree) {
	if now.Started.IsZero() || now.Count.Err != nil {
		return
	}
	enabled := *now.Count.Value.Enabled
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.started.Equal(now.Started) {
		g.started, g.minEnabled = now.Started, enabled
	}
	g.minEnabled = min(g.minEnabled, enabled)
}

// permit returns why the call must not be made. An unknown number of smartnodes does not permit it.
func (g *dkgGuard) permit(now *Lockfree) error {
	switch {
	case now.Count.Err != nil:
		return fmt.Errorf("quorum dkgstatus is not called: %w", now.Count.Err)
	case now.Uptime.Err != nil: // after a restart the earlier counts do not apply
		return fmt.Errorf("quorum dkgstatus is not called: %w", now.Uptime.Err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.started.Equal(now.Started) || g.minEnabled < minDKGSmartnodes {
		return ErrDKGNetworkTooSmall
	}
	return nil
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
