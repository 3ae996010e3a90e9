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
)

// lateAfter is the duration from which on a lock-free answer is late, also for a caller that waited longer than a scrape
// does.
const lateAfter = 10 * time.Second

// kept is the state that outlives a scrape: the last answers that needed the main lock. It is under
// Client.mu. Its times have the monotonic clock: a daemon that was suspended together with this program is not hung.
type kept struct {
	mainlock  *Mainlock // last answer; nil: none from this daemon
	node      *Node
	requested time.Time // when the first request since the last answer was sent; zero: none
	answered  time.Time // when the last answer arrived; zero: none from this daemon

	lockfreeLate time.Time // when the last lock-free answer arrived, if it was late; zero: it was in time
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

// recordLockfree records whether a lock-free answer was late.
func (c *Client) recordLockfree(late bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept.lockfreeLate = time.Time{}
	if late {
		c.kept.lockfreeLate = c.config.Now()
	}
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

// lateMainlock returns the last answer; nil: it is too old, or the daemon has not answered the
// lock-free stage of this Session, nor the one before it late.
func (s *Session) lateMainlock() *Mainlock {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	r := s.client.kept.mainlock
	if r == nil || !s.showsLate(r.At) {
		return nil
	}
	late := *r
	late.Late = true
	return &late
}

// lateNode is lateMainlock for Node.
func (s *Session) lateNode() *Node {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	r := s.client.kept.node
	if r == nil || !s.showsLate(r.At) {
		return nil
	}
	late := *r
	late.Late = true
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
	now := s.client.config.Now()
	ages := map[string]time.Duration{}
	add := func(batch string, at time.Time) {
		if age, known := poll.Age(at, now); known {
			ages[batch] = age
		}
	}
	if r, ok := s.lockfree.result(); ok {
		add(batchLockfree, r.At)
	}
	if r, ok := s.mainlock.result(); ok {
		add(batchMainlock, r.At)
	} else if late := s.lateMainlock(); late != nil && s.mainlock.unanswered() {
		add(batchMainlock, late.At)
	}
	if r, ok := s.node.result(); ok {
		add(batchNode, r.At)
	} else if late := s.lateNode(); late != nil && s.node.unanswered() {
		add(batchNode, late.At)
	}
	return ages
}

// whyLockfree returns why there is no lock-free answer. Such a daemon is hung, unless it answered the request
// before within the last 3 minutes, but late: then it is slow.
func (c *Client) whyLockfree() error {
	now := c.config.Now()
	c.mu.Lock()
	late := c.kept.lockfreeLate
	c.mu.Unlock()
	state, before := Hung, ""
	if silent := now.Sub(late); silent < HungAfter {
		state, before = Slow, fmt.Sprintf("; the one before was answered late, %s ago", age(silent))
	}
	r := c.lockfree.current.Load()
	if r == nil { // answered just now
		return &Error{state, fmt.Errorf("%w within the time of the scrape%s", errNoAnswerYet, before)}
	}
	waited := age(now.Sub(r.since))
	if !r.connected.Load() {
		return &Error{Unreachable, fmt.Errorf("no connection after %s", waited)}
	}
	return &Error{state, fmt.Errorf("%w to the %s request after %s%s", errNoAnswerYet, r.what, waited, before)}
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
