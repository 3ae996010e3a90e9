package daemon

import (
	"context"
	"errors"
	"fmt"
	"time"

	"raptoreum_exporter/internal/poll"
)

const (
	// maxLate is the maximum age at which an answer that missed its scrape is used.
	maxLate = 2 * time.Minute
	// HungAfter is the time without an answer or a new tip after which a daemon counts as hung. A daemon limited
	// to 2 % of a core, with 130 blocks to validate, answered main lock calls after 3 s to over a
	// minute.
	HungAfter = 3 * time.Minute
	// firstWait is the time after which a daemon counts as hung that has not answered since this program started.
	// heal and check do not wait longer.
	firstWait = 55 * time.Second
	// lateAfter is the duration from which on a lock-free answer is late, also for a caller that waited longer than a
	// scrape does.
	lateAfter = 10 * time.Second
)

// kept is the state that outlives a scrape: the last answers. It is under Client.mu. Its times have the monotonic
// clock: a daemon that was suspended together with this program is not hung.
type kept struct {
	lockfree *Lockfree // last answer; nil: none from this daemon
	mainlock *Mainlock
	node     *Node

	requested time.Time // when the first main lock request since the last answer was sent; zero: none
	answered  time.Time // when the last answer to one arrived; zero: none from this daemon

	lockfreeAnswered time.Time // when the last lock-free answer arrived; zero: none from this daemon
	lockfreeLate     time.Time // when the last one arrived that was late
}

// recordRequest records that a request is sent under a slot.
func (c *Client) recordRequest(s slot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s == c.main && c.kept.requested.IsZero() {
		c.kept.requested = c.config.Now()
	}
}

// recordOutcome records the outcome of a request. After a connection error the daemon may be another
// process, so the kept answers are dropped.
func (c *Client) recordOutcome(s slot, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err == nil && s == c.main:
		c.kept.requested, c.kept.answered = time.Time{}, c.config.Now()
	case err != nil && stateOf(err) == Unreachable:
		c.kept = kept{}
	case s == c.main && stateOf(err) != Hung: // an answer too, though not the right one: it is not silent
		c.kept.requested = time.Time{}
	}
}

// LatestLockfree is Lockfree. If the time is up and the daemon is slow, it returns the last answer, marked as
// Late and at most 2 minutes old.
func (s *Session) LatestLockfree(ctx context.Context) (*Lockfree, error) {
	r, err := s.Lockfree(ctx)
	return latest(r, err, s.lateLockfree)
}

// LatestMainlock is Mainlock. If the time is up and the daemon is slow, it returns the last answer,
// marked as Late and at most 2 minutes old.
func (s *Session) LatestMainlock(ctx context.Context) (*Mainlock, error) {
	r, err := s.Mainlock(ctx)
	return latest(r, err, s.lateMainlock)
}

// LatestNode is Node. If the time is up and the daemon is slow, it returns the last answer, marked as
// Late and at most 2 minutes old.
func (s *Session) LatestNode(ctx context.Context) (*Node, error) {
	r, err := s.Node(ctx)
	return latest(r, err, s.lateNode)
}

// latest returns a late answer in place of one that is still outstanding.
func latest[T any](r *T, err error, late func() *T) (*T, error) {
	if errors.Is(err, errNoAnswerYet) {
		if kept := late(); kept != nil {
			return kept, nil
		}
	}
	return r, err
}

// lateLockfree returns the last lock-free answer if it may still be shown, otherwise nil.
func (s *Session) lateLockfree() *Lockfree {
	return shownLate(s, func(k *kept) *Lockfree { return k.lockfree })
}

// lateMainlock is lateLockfree for Mainlock.
func (s *Session) lateMainlock() *Mainlock {
	return shownLate(s, func(k *kept) *Mainlock { return k.mainlock })
}

// lateNode is lateLockfree for Node.
func (s *Session) lateNode() *Node { return shownLate(s, func(k *kept) *Node { return k.node }) }

// arrived is a pointer to an answer, of which it returns the Arrival.
type arrived[T any] interface {
	*T
	arrival() *Arrival
}

// shownLate returns a kept answer, marked as Late; nil: it is too old, or the daemon has not answered the lock-free stage
// of this Session, nor an earlier one late.
func shownLate[T any, P arrived[T]](s *Session, from func(*kept) P) P {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	r := from(&s.client.kept)
	if r == nil || !s.showsLate(r.arrival().At) {
		return nil
	}
	late := *r
	P(&late).arrival().Late = true
	return &late
}

// showsLate reports whether an answer that arrived at a time may still be shown. Client.mu is held.
func (s *Session) showsLate(at time.Time) bool {
	_, alive := s.lockfree.result()
	now := s.client.config.Now()
	return (alive || now.Sub(s.client.kept.lockfreeLate) <= maxLate) && poll.Recent(at, now, maxLate)
}

// Ages returns the age of the answer to each batch that this Session can use, by name of the batch.
func (s *Session) Ages() map[string]time.Duration {
	ages, now := map[string]time.Duration{}, s.client.config.Now()
	addAge(ages, now, batchLockfree, s.lockfree, s.lateLockfree)
	addAge(ages, now, batchMainlock, s.mainlock, s.lateMainlock)
	addAge(ages, now, batchNode, s.node, s.lateNode)
	return ages
}

// addAge adds the age of the answer of a stage, or of the late one that is shown in its place.
func addAge[T any, P arrived[T]](ages map[string]time.Duration, now time.Time, batch string, g *stage[P], late func() P) {
	r, ok := g.result()
	if !ok {
		if r = late(); r == nil || !g.unanswered() {
			return
		}
	}
	if age, known := poll.Age(r.arrival().At, now); known {
		ages[batch] = age
	}
}

// whyLockfree returns why there is no lock-free answer. Such a daemon is hung, unless it has answered late within the
// last 3 minutes, or has not had a minute for its first answer: then it is slow.
func (c *Client) whyLockfree() error {
	now := c.config.Now()
	c.mu.Lock()
	answered, late := c.kept.lockfreeAnswered, c.kept.lockfreeLate
	c.mu.Unlock()
	r := c.lockfree.current.Load()
	if r == nil { // answered just now
		return &Error{Slow, fmt.Errorf("%w within the time of the scrape", errNoAnswerYet)}
	}
	waited := now.Sub(r.since)
	request := fmt.Errorf("%w to the %s request after %s", errNoAnswerYet, r.what, age(waited))
	switch {
	case !r.connected.Load():
		return &Error{Unreachable, fmt.Errorf("no connection after %s", age(waited))}
	case now.Sub(late) < HungAfter:
		return &Error{Slow, fmt.Errorf("%w; an earlier one was answered late, %s ago", request, age(now.Sub(late)))}
	case answered.IsZero() && waited < firstWait:
		return &Error{Slow, fmt.Errorf("%w, the first; it counts as hung after %s", request, firstWait)}
	}
	return &Error{Hung, request}
}

// whyMain returns why there is no answer that needs the main lock: the daemon is slow or hung, or did
// not answer the lock-free stage either.
func (s *Session) whyMain() error {
	c := s.client
	select {
	case <-s.lockfree.done:
		if s.lockfree.err != nil {
			return s.lockfree.err
		}
	default:
		return c.whyLockfree()
	}
	return s.slowOrHung(c.main.current.Load(), c.config.Now())
}

// slowOrHung returns the state of a daemon that answers the lock-free calls, but not those that need
// the main lock, because raptoreumd works on something else or still on our smartnode list. r is nil if
// the answer arrived just now.
func (s *Session) slowOrHung(r *outstanding, now time.Time) error {
	c := s.client
	c.mu.Lock()
	requested, answered := c.kept.requested, c.kept.answered
	c.mu.Unlock()
	if r == nil {
		return &Error{Slow, fmt.Errorf("%w within the time of the scrape", errNoAnswerYet)}
	}
	if requested.IsZero() { // r was sent before the daemon restarted
		requested = r.since
	}
	silent := now.Sub(requested)
	request := fmt.Errorf("%w to the %s request after %s", errNoAnswerYet, r.what, age(now.Sub(r.since)))
	if r.what == batchList { // the cause is ours, not the machine
		request = fmt.Errorf("%w, because it works on the smartnode list that this exporter requested %s ago", errNoAnswerYet, age(now.Sub(r.since)))
	}
	tip, height, moving := time.Duration(0), int64(0), false
	if silent >= HungAfter {
		tip, height, moving = s.newTip(now)
	}
	switch {
	case moving:
		return &Error{Slow, fmt.Errorf("%w; debug.log has a new tip, %d, from %s ago", request, height, age(tip))}
	case silent >= HungAfter:
		return &Error{Hung, fmt.Errorf("%w; the main lock has not answered for %s", request, age(silent))}
	case answered.IsZero():
		return &Error{Slow, fmt.Errorf("%w; it counts as hung after %s", request, HungAfter)}
	default:
		return &Error{Slow, fmt.Errorf("%w; the main lock answered %s ago", request, age(now.Sub(answered)))}
	}
}
