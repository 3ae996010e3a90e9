package daemon

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"raptoreum_exporter/internal/poll"
)

// sessionShare is how long after its start a Session accepts further, overlapping scrapes.
const sessionShare = 5 * time.Second

// Session is the view of the daemon in one scrape. Its answers were requested after the first of
// the scrapes that share it began. Release it when done.
type Session struct {
	client *Client
	ctx    context.Context // until the last scrape releases
	cancel context.CancelFunc
	began  time.Time
	users  int // under client.mu
	hashes []int64

	lockfree *stage[*Lockfree]
	mainlock *stage[*Mainlock]
	node     *stage[*Node]
	dkg      *stage[*DKG]
	debugLog struct {
		once  sync.Once
		value DebugLog
		err   error
	}

	listWanted bool // under client.mu
}

// Session returns a Session, shared with the scrapes that are running. blockHashes are the heights
// whose block hashes Node fetches; a shared Session fetches those of its first user.
func (c *Client) Session(blockHashes []int64) *Session {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.session
	if s == nil || s.users == 0 || time.Since(s.began) > sessionShare {
		ctx, cancel := context.WithCancel(c.ctx)
		s = &Session{
			client: c, ctx: ctx, cancel: cancel, began: time.Now(), hashes: blockHashes,
			lockfree: newStage[*Lockfree](), mainlock: newStage[*Mainlock](),
			node: newStage[*Node](), dkg: newStage[*DKG](),
		}
		c.session = s
	}
	s.users++
	c.users++
	return s
}

// Release ends the use by one scrape. After the last one the Session stops waiting and, when the
// tip has moved, the smartnode list is read in the background, as are the blocks of payments.
func (s *Session) Release() {
	s.client.mu.Lock()
	s.users--
	s.client.users--
	last, wanted := s.users == 0, s.listWanted
	s.client.mu.Unlock()
	if !last {
		return
	}
	s.cancel()
	if wanted && s.client.refreshList(s.ctx, s, poll.NoWait) != nil {
		return // it uses the connection, and closes it at its end
	}
	if s.client.refreshPayments(s) {
		return
	}
	s.client.closeIdle()
}

// State returns the state of the daemon and, unless it is ready, the reason. It waits for the main lock
// until ctx is done: a caller that needs certainty about a slow daemon passes a later deadline than
// that of a scrape.
func (s *Session) State(ctx context.Context) (State, error) {
	began := time.Now() // of this scrape, not of the Session that it may share
	if _, err := s.Lockfree(ctx); err != nil {
		return stateOf(err), err
	}
	main, err := s.Mainlock(ctx)
	if err == nil {
		err = main.Height.Err
	}
	if err != nil {
		return stateOf(err), err
	}
	// It may have joined a request of an earlier scrape, near its end.
	if deadline, ok := ctx.Deadline(); ok && main.Took > deadline.Sub(began) {
		return Slow, fmt.Errorf("the mainlock request took %s, longer than a scrape", age(main.Took))
	}
	return Ready, nil
}

// stage is a part of a Session that is fetched once, in the background, when first needed.
type stage[T any] struct {
	once  sync.Once
	done  chan struct{}
	value T
	err   error
}

func newStage[T any]() *stage[T] { return &stage[T]{done: make(chan struct{})} }

// get starts the stage if necessary, and waits for it until ctx is done. Then it returns the error from why.
func (g *stage[T]) get(ctx context.Context, work func() (T, error), why func() error) (T, error) {
	g.once.Do(func() {
		go func() {
			defer close(g.done)
			g.value, g.err = work()
		}()
	})
	select {
	case <-g.done:
		return g.value, g.err
	case <-ctx.Done():
	}
	select {
	case <-g.done: // both at once: prefer the answer
		return g.value, g.err
	default:
		var none T
		return none, why()
	}
}

// result returns the value when the stage is done without an error.
func (g *stage[T]) result() (value T, ok bool) {
	select {
	case <-g.done:
		return g.value, g.err == nil
	default:
		return value, false
	}
}

// unanswered reports whether the stage has no result yet, or ended without an answer.
func (g *stage[T]) unanswered() bool {
	select {
	case <-g.done:
		return errors.Is(g.err, errNoAnswerYet)
	default:
		return true
	}
}

// Arrival is when an answer arrived.
type Arrival struct {
	Took time.Duration
	At   time.Time // when the answer arrived
	Late bool      // it arrived in an earlier scrape, or between two
}

func (a *Arrival) arrival() *Arrival { return a }

// Lockfree holds what the daemon answers even while its validation hangs.
type Lockfree struct {
	Arrival
	Uptime  Answer[int64] // seconds
	RPC     Answer[RPCInfo]
	Traffic Answer[NetTotals]
	Sync    Answer[SyncStatus]
	Count   Answer[SmartnodeCount]
	Sporks  Answer[map[string]int64]
	Started time.Time // of the daemon: now minus uptime, without its jitter; zero: unknown
}

// Lockfree makes the calls that do not take the main lock.
func (s *Session) Lockfree(ctx context.Context) (*Lockfree, error) {
	c := s.client
	return s.lockfree.get(ctx, func() (*Lockfree, error) {
		r := new(Lockfree)
		calls := []call{
			// Cost: none of them takes the main lock; each ends.
			ask(&r.RPC, "getrpcinfo"),           // lock of the RPC server, brief
			ask(&r.Traffic, "getnettotals"),     // locks of the byte counters, brief
			ask(&r.Sync, "mnsync", "status"),    // no lock that validation holds
			ask(&r.Count, "smartnode", "count"), // lock of the deterministic list, held while a block updates it
			ask(&r.Sporks, "spork", "show"),     // lock of the spork manager, brief
			ask(&r.Uptime, "uptime"),            // no lock; last, so that it is as old as the reply
		}
		if !c.lockfree.take(s.ctx) {
			return nil, c.whyLockfree()
		}
		defer c.leave(c.lockfree)
		sent := c.config.Now()
		var err error
		r.Took, err = c.send(c.lockfree, batchLockfree, func(ctx context.Context) error { return c.exchange(ctx, calls) })
		if err != nil {
			return nil, err
		}
		r.At = poll.Wall(c.config.Now())
		if r.Uptime.Err == nil {
			r.Started = c.startOf(time.Duration(r.Uptime.Value)*time.Second, sent)
		}
		c.dkg.observe(r)
		s.keepLockfree(r)
		return r, nil
	}, c.whyLockfree)
}

// keepLockfree keeps the answer. If it came too late for its scrape, the next scrape would not get further: the main lock
// is asked for at once.
func (s *Session) keepLockfree(r *Lockfree) {
	c := s.client
	c.mu.Lock()
	now, over := c.config.Now(), s.ctx.Err() != nil
	c.kept.lockfree, c.kept.lockfreeAnswered = r, now
	if over || r.Took > lateAfter {
		c.kept.lockfreeLate = now
	}
	c.mu.Unlock()
	if over && s.crowded(r) == nil && c.main.try() {
		c.abandon(c.sendMainlock())
	}
}

// startOf converts the uptime in the answer to a request sent at that time to a start time that stays the
// same until the daemon restarts. The daemon may have counted it at any time in between: it or this
// program may have been stopped for a while.
func (c *Client) startOf(uptime time.Duration, sent time.Time) time.Time {
	const jitter = 5 * time.Second
	// The daemon counts whole seconds of the clock. So the next process of this program gets the same start, if the answer
	// comes within the second. Without the monotonic clock: the uptime moves with the clock too, when that is set or the
	// machine was suspended.
	earliest, latest := sent.Truncate(time.Second).Add(-uptime), c.config.Now().Truncate(time.Second).Add(-uptime)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.started.Before(earliest.Add(-jitter)) || c.started.After(latest.Add(jitter)) {
		c.started, c.kept = latest, kept{} // another daemon process
	}
	return c.started
}

// fact converts an RPC error that states a fact to its sentinel error. The daemon has few codes:
// its text identifies the error.
func fact(err error, code int, words string, is error) error {
	if e, ok := errors.AsType[*RPCError](err); ok && e.Code == code && strings.Contains(e.Message, words) {
		return is
	}
	return err
}

// Durations returns the duration of each completed round trip by name of its batch, and of the
// last reading of the smartnode list.
func (s *Session) Durations() map[string]time.Duration {
	took := map[string]time.Duration{}
	if r, ok := s.lockfree.result(); ok {
		took[batchLockfree] = r.Took
	}
	if r, ok := s.mainlock.result(); ok {
		took[batchMainlock] = r.Took
	}
	if r, ok := s.node.result(); ok {
		took[batchNode] = r.Took
	}
	if r, ok := s.dkg.result(); ok {
		took[batchDKG] = r.Took
	}
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	if _, ready := took[batchMainlock]; ready && s.client.list.last != nil {
		took[batchList] = s.client.list.last.Took
	}
	return took
}
