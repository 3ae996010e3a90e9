package daemon_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/internal/simnet"
)

// slowly starts a fake daemon and a client whose clock can be advanced without a restart.
func slowly(t *testing.T, change func(*simnet.Config, *daemon.Config)) (n *simnet.Network, client *daemon.Client, advance func(time.Duration)) {
	t.Helper()
	var ahead atomic.Int64
	n, client = start(t, "healthy", func(f *simnet.Config, d *daemon.Config) {
		d.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		if change != nil {
			change(f, d)
		}
	})
	return n, client, func(d time.Duration) {
		ahead.Add(int64(d))
		n.Set(func(s *simnet.State) { s.Started = s.Started.Add(-d) })
	}
}

func set(n *simnet.Network, mode simnet.DaemonMode) {
	n.Set(func(s *simnet.State) { s.Daemon = mode })
}

// seen is what one short scrape finds.
type seen struct {
	state  daemon.State
	reason string
	main   *daemon.Mainlock // nil: none, not even a late one
	node   *daemon.Node
	ages   map[string]time.Duration
}

func observe(t *testing.T, client *daemon.Client, timeout time.Duration) seen {
	t.Helper()
	s := client.Session(nil)
	defer s.Release()
	// However loaded this machine is: timeout is about the main lock.
	long, done := context.WithTimeout(t.Context(), time.Second)
	defer done()
	_, _ = s.Lockfree(long)
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	var r seen
	var err error
	if r.state, err = s.State(ctx); err != nil {
		r.reason = err.Error()
	}
	r.main, _ = s.LatestMainlock(ctx)
	r.node, _ = s.LatestNode(ctx)
	r.ages = s.Ages()
	return r
}

// eventually waits until ok, and fails after 5 s.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no %s within 5 s", what)
		}
	}
}

// short is a scrape that ends before a slow main lock, and is long enough for the rest on a busy machine.
const short = 200 * time.Millisecond

// later lets the daemon answer after a while.
func later(t *testing.T, n *simnet.Network) {
	t.Helper()
	timer := time.AfterFunc(short, func() { set(n, simnet.DaemonOK) })
	t.Cleanup(func() { timer.Stop() })
}

// TestSlowThenHung follows a daemon whose main lock stops answering.
func TestSlowThenHung(t *testing.T) {
	t.Parallel()
	n, client, advance := slowly(t, nil)
	set(n, simnet.DaemonHungMainLock)
	r := observe(t, client, short)
	if r.state != daemon.Slow || !strings.Contains(r.reason, "no answer yet to the mainlock request") || !strings.Contains(r.reason, "hung after 3m0s") {
		t.Errorf("at the first request: %s, %s", r.state, r.reason)
	}
	if r.main != nil || r.node != nil {
		t.Errorf("an answer although none came: %+v", r)
	}
	advance(2*time.Minute + 50*time.Second)
	if r := observe(t, client, short); r.state != daemon.Slow {
		t.Errorf("after less than 3 minutes: %s, %s", r.state, r.reason)
	}
	advance(15 * time.Second)
	if r := observe(t, client, short); r.state != daemon.Hung || !strings.Contains(r.reason, "has not answered for 3m") {
		t.Errorf("after 3 minutes: %s, %s", r.state, r.reason)
	}
	set(n, simnet.DaemonOK)
	if r := observe(t, client, 2*time.Second); r.state != daemon.Ready || r.main == nil || r.main.Late {
		t.Errorf("after it answered again: %+v", r)
	}
	set(n, simnet.DaemonHungMainLock)
	advance(time.Hour) // without a request: that is not silence
	if r := observe(t, client, short); r.state != daemon.Slow || !strings.Contains(r.reason, "answered 1h0m") {
		t.Errorf("at the first request an hour later: %s, %s", r.state, r.reason)
	}
	if got := n.Calls().MaxMainLock; got != 1 {
		t.Errorf("%d requests for the main lock at once", got)
	}
	set(n, simnet.DaemonHung)
	if r := observe(t, client, short); r.state != daemon.Hung || r.main != nil || !strings.Contains(r.reason, "lockfree") {
		t.Errorf("when it does not even answer what needs no lock: %+v", r)
	}
}

// TestLateAnswer checks that the answer of a slow daemon is used by the scrapes after it, for 2 minutes.
func TestLateAnswer(t *testing.T) {
	t.Parallel()
	n, client, advance := slowly(t, nil)
	n.Set(func(s *simnet.State) { s.MainLockDelay = simnet.Duration(3 * short) })
	if r := observe(t, client, short); r.state != daemon.Slow || r.main != nil {
		t.Fatalf("the first scrape: %+v", r)
	}
	// mainlock, then node: both come after the scrape, without another one.
	eventually(t, "node request", func() bool { return n.Calls().Methods["getpeerinfo"] == 1 })
	eventually(t, "end of the requests", func() bool { return n.Calls().OpenConnections == 0 })
	time.Sleep(100 * time.Millisecond) // nothing comes after them
	calls := n.Calls()
	if calls.RoundTrips != 3 || calls.Outstanding != 0 || calls.MaxMainLock != 1 {
		t.Errorf("%d round trips, %d outstanding, %d at once; want lockfree, mainlock and node, and nothing after", calls.RoundTrips, calls.Outstanding, calls.MaxMainLock)
	}
	advance(90 * time.Second)
	r := observe(t, client, short)
	if r.state != daemon.Slow || r.main == nil || !r.main.Late || r.node == nil || !r.node.Late {
		t.Fatalf("the scrape after the late answers: %+v", r)
	}
	if self, err := r.node.Self(); err != nil || self.Address == "" {
		t.Errorf("self %+v, %v", self, err)
	}
	for _, batch := range []string{"mainlock", "node"} {
		if age := r.ages[batch]; age < 90*time.Second || age > 100*time.Second {
			t.Errorf("the answer to %s is %s old, want about 90 s", batch, age)
		}
	}
	if age, ok := r.ages["lockfree"]; !ok || age > time.Second {
		t.Errorf("the answer to lockfree is %s old", age)
	}
	eventually(t, "second node request", func() bool { return n.Calls().Methods["getpeerinfo"] == 2 })
	eventually(t, "end of the requests", func() bool { return n.Calls().OpenConnections == 0 })
	advance(2*time.Minute + time.Second)
	set(n, simnet.DaemonHungMainLock)
	if r := observe(t, client, short); r.main != nil || r.node != nil || len(r.ages) != 1 {
		t.Errorf("answers of more than 2 minutes ago are used: %+v", r)
	}
}

// TestJoinsTheRequestUnderWay checks that a scrape that meets the request of an earlier one takes its
// answer as its own.
func TestJoinsTheRequestUnderWay(t *testing.T) {
	t.Parallel()
	n, client, _ := slowly(t, nil)
	set(n, simnet.DaemonHungMainLock)
	for range 3 {
		observe(t, client, short)
	}
	later(t, n)
	if r := observe(t, client, 5*time.Second); r.state != daemon.Ready || r.main == nil || r.main.Late || r.main.Took < 3*short {
		t.Errorf("got %+v", r)
	}
	if got := n.Calls().Methods["getblockcount"]; got != 1 {
		t.Errorf("%d mainlock requests, want 1", got)
	}
	// One that took longer than a scrape is slow, though it ends during this one.
	set(n, simnet.DaemonHungMainLock)
	observe(t, client, short)
	time.Sleep(4 * short)
	later(t, n)
	if r := observe(t, client, 3*short); r.state != daemon.Slow || r.main == nil || r.main.Late || !strings.Contains(r.reason, "longer than a scrape") {
		t.Errorf("got %+v", r)
	}
}

// TestLongWait checks that a caller with more time than a scrape gets its answer from a slow daemon,
// while short scrapes come and go.
func TestLongWait(t *testing.T) {
	t.Parallel()
	n, client, _ := slowly(t, nil)
	n.Set(func(s *simnet.State) { s.MainLockDelay = simnet.Duration(3 * short) })
	observe(t, client, short)
	if r := observe(t, client, 5*time.Second); r.state != daemon.Ready || r.node == nil || r.node.Late {
		t.Errorf("got %+v", r)
	}
	if got := n.Calls().MaxMainLock; got != 1 {
		t.Errorf("%d requests for the main lock at once", got)
	}
}

// TestKeptAnswersAreOfThisDaemon checks that a restart or a refused connection drops late answers.
func TestKeptAnswersAreOfThisDaemon(t *testing.T) {
	t.Parallel()
	for name, interrupt := range map[string]func(*testing.T, *simnet.Network, *daemon.Client){
		"restart": func(t *testing.T, n *simnet.Network, _ *daemon.Client) {
			t.Helper()
			if err := n.Restart(); err != nil {
				t.Fatal(err)
			}
		},
		"refused": func(t *testing.T, n *simnet.Network, client *daemon.Client) {
			t.Helper()
			set(n, simnet.DaemonRefused)
			if r := observe(t, client, short); r.state != daemon.Unreachable || r.main != nil || len(r.ages) != 0 {
				t.Errorf("while it refuses connections: %+v", r)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			n, client, _ := slowly(t, nil)
			if r := observe(t, client, 2*time.Second); r.state != daemon.Ready || r.node == nil {
				t.Fatalf("at first: %+v", r)
			}
			set(n, simnet.DaemonHungMainLock)
			if r := observe(t, client, short); r.main == nil || !r.main.Late || r.node == nil || !r.node.Late {
				t.Fatalf("without an interruption: %+v", r)
			}
			interrupt(t, n, client)
			set(n, simnet.DaemonHungMainLock)
			if r := observe(t, client, short); r.state != daemon.Slow || r.main != nil || r.node != nil {
				t.Errorf("answers of the daemon before: %+v", r)
			}
		})
	}
}

// TestSlowWhileTheListIsRead checks that reading the list means slow, then hung.
func TestSlowWhileTheListIsRead(t *testing.T) {
	t.Parallel()
	n, client, advance := slowly(t, nil)
	n.Set(func(s *simnet.State) { s.HangList = true })
	if state, _ := scrape(t, client, time.Second, poll.NoWait); state != daemon.Ready {
		t.Fatalf("state %s", state)
	}
	eventually(t, "list request", func() bool { return n.Calls().Methods["protx list"] == 1 })
	for _, step := range []struct {
		after time.Duration
		want  daemon.State
	}{{0, daemon.Slow}, {50 * time.Second, daemon.Slow}, {15 * time.Second, daemon.Slow}, {2 * time.Minute, daemon.Hung}} {
		advance(step.after)
		if r := observe(t, client, short); r.state != step.want {
			t.Errorf("after another %s: %s, %s, want %s", step.after, r.state, r.reason, step.want)
		} else if !strings.Contains(r.reason, "it works on the smartnode list that this exporter requested") {
			t.Errorf("the reason does not name the list: %s", r.reason)
		}
	}
}
