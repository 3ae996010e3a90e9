package daemon

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	dkgWait    = 2 * time.Second  // of a scrape
	dkgTimeout = 10 * time.Second // then the call counts as endless until getrpcinfo shows that it ended
	dkgStuck   = 10 * time.Second // a quorum call that runs longer counts as lost, whatever client sent it

	// MinDKGSmartnodes is the number of enabled smartnodes from which quorum dkgstatus can end. The
	// call computes the relay connections of every quorum of the last key generation base block,
	// and with exactly two members that loop has no end (CLLMQUtils::GetQuorumRelayMembers): the
	// daemon burns a core and never stops again, except by SIGKILL. The members are those valid at
	// the base block, up to one interval ago, and a smartnode is valid only once it is confirmed:
	// hence the distance to 2, and the minimum of all scrapes.
	MinDKGSmartnodes = 10

	// dkgWindow is how many blocks ago the last key generation may have begun: the longest interval
	// (llmq/quorums_parameters.h), and the confirmation of its members.
	dkgWindow = 720 + 30
)

// Established returns how many smartnodes have been valid since before the last key generation of any kind. For a process
// that has just started it takes the place of the counts of earlier scrapes, of which it has none.
func (l *List) Established() (n int) {
	for i := range l.Nodes {
		if s := &l.Nodes[i]; !s.Banned() && max(s.RegisteredHeight, s.RevivedHeight) <= l.Height-dkgWindow {
			n++
		}
	}
	return n
}

// dkgGuard decides whether quorum dkgstatus may be called, and limits it to one worker: a call that
// does not end occupies its worker until the daemon is killed.
type dkgGuard struct {
	mu          sync.Mutex
	started     time.Time // of the daemon that the rest is about; zero: not known yet
	uptime      int64     // last one of that daemon, in seconds
	enabled     *int      // minimum of smartnode count since then; nil: not known yet
	outstanding bool
	lost        bool // a call has not answered, and nothing shows that it has ended
}

// DKG is the answer to quorum dkgstatus with its duration.
type DKG struct {
	Took   time.Duration
	Status DKGStatus
}

// DKG returns the key generations that this smartnode takes part in. The call is made after Node,
// alone, and only if the daemon is a smartnode. It can hang a daemon in a small network, so it is
// made only if smartnode count reported at least 10 enabled ones in this scrape and in every
// earlier one since the daemon started (ErrDKGNetworkTooSmall), not while the chain is downloaded
// (ErrDKGDownloading: the network was small once, and there is no duty) or the main lock is slow
// (ErrDKGDaemonSlow), and not again after it has not answered, until getrpcinfo shows that it has ended
// or the daemon restarts (ErrDKGStatusStuck).
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
		switch main, ok := s.mainlock.result(); {
		case !ok || max(main.Took, node.Took) > dkgWait:
			return nil, ErrDKGDaemonSlow
		case main.Chain.Err != nil:
			return nil, fmt.Errorf("quorum dkgstatus is not called: %w", main.Chain.Err)
		case *main.Chain.Value.InitialBlockDownload:
			return nil, ErrDKGDownloading
		}
		return c.askDKG(s.ctx)
	}, s.whyDKG)
}

// whyDKG returns why there is no answer when the time is up: usually raptoreumd is slow, and the call was not made.
func (s *Session) whyDKG() error {
	g := &s.client.dkg
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.outstanding:
		return ErrDKGStatusSlow
	case g.enabled != nil && *g.enabled < MinDKGSmartnodes:
		return ErrDKGNetworkTooSmall
	}
	return ErrDKGDaemonSlow
}

func (c *Client) askDKG(ctx context.Context) (*DKG, error) {
	if err := c.dkg.enter(); err != nil {
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
		c.dkg.leave(timedOut)
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

// observe records what one scrape shows about the call.
func (g *dkgGuard) observe(now *Lockfree) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if now.Uptime.Err == nil {
		// Both: the start moves with the clock, and the uptime does too. If in doubt it is the same
		// daemon, because a count forgotten too early can hang it.
		if !g.started.IsZero() && !now.Started.Equal(g.started) && now.Uptime.Value < g.uptime {
			g.enabled, g.lost = nil, false
		}
		g.started, g.uptime = now.Started, now.Uptime.Value
	}
	if now.Count.Err == nil {
		enabled := *now.Count.Value.Enabled
		if g.enabled != nil {
			enabled = min(enabled, *g.enabled)
		}
		g.enabled = &enabled
	}
	if now.RPC.Err == nil {
		g.observeCommands(now.RPC.Value)
	}
}

// observeCommands finds out whether a call is lost. One that needed longer than dkgTimeout because the
// daemon is slow has ended when getrpcinfo no longer shows it: the daemon starts requests in the order
// in which they arrive, so getrpcinfo does not overtake it.
func (g *dkgGuard) observeCommands(info RPCInfo) {
	running, longest := false, time.Duration(0)
	for _, command := range *info.ActiveCommands {
		if *command.Method == "quorum" {
			running, longest = true, max(longest, time.Duration(*command.Duration)*time.Microsecond)
		}
	}
	switch {
	case longest > dkgStuck:
		g.lost = true
	case !running && !g.outstanding:
		g.lost = false
	}
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
	if g.enabled == nil || *g.enabled < MinDKGSmartnodes {
		return ErrDKGNetworkTooSmall
	}
	return nil
}

func (g *dkgGuard) enter() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.lost:
		return ErrDKGStatusStuck
	case g.outstanding:
		return ErrDKGStatusSlow
	}
	g.outstanding = true
	return nil
}

func (g *dkgGuard) leave(lost bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.outstanding = false
	g.lost = g.lost || lost
}
