package daemon

import (
	"fmt"
	"slices"
	"time"
)

const (
	// maxWaiting is the number of calls waiting for the main lock at which no other is added. A call that its caller gave
	// up on still occupies one of the daemon's 4 workers, and each run of heal and of check is a process of its own, which
	// knows of none.
	maxWaiting = 2
	// longWait is the time after which a call that is normally done in a millisecond waits for the main lock. It is as long
	// as heal and check would wait, so that they learn as much from it.
	longWait = time.Minute
)

// briefCalls take the main lock briefly and nothing else that they may have to wait for.
func briefCalls() []string {
	return []string{"getblockcount", "getblockchaininfo", "getnetworkinfo", "getbestchainlock", "getbestblockhash", "getblockhash", "getblockheader"}
}

// waiting returns how many calls have waited for the main lock for a minute or longer, whoever sent them, and the longest
// wait.
func (r *Lockfree) waiting() (n int, longest time.Duration) {
	if r.RPC.Err != nil {
		return 0, 0
	}
	for _, command := range *r.RPC.Value.ActiveCommands {
		if d := time.Duration(*command.Duration) * time.Microsecond; d >= longWait && slices.Contains(briefCalls(), *command.Method) {
			n, longest = n+1, max(longest, d)
		}
	}
	return n, longest
}

// crowded returns why no request for the main lock is added to those that wait for it; nil: there is room, or one of our
// own is under way. What they have waited for shows as much as an own request would.
func (s *Session) crowded(lockfree *Lockfree) error {
	n, longest := lockfree.waiting()
	c := s.client
	c.mu.Lock()
	own, answered := c.flight != nil, c.kept.answered
	c.mu.Unlock()
	if n < maxWaiting || own {
		return nil
	}
	now := c.config.Now()
	state := Slow
	if _, _, moving := s.newTip(now); longest >= HungAfter && !moving && now.Sub(answered) >= HungAfter {
		state = Hung
	}
	return &Error{state, fmt.Errorf("%w: %d calls wait for the main lock, the first for %s, so no other is added", errNoAnswerYet, n, age(longest))}
}
