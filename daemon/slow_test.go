package daemon_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/internal/simnet"
)

// TestSlowWhileTheTipMoves checks that new tips in debug.log show that a daemon is at work although
// its main lock does not answer.
func TestSlowWhileTheTipMoves(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "debug.log")
	n, client, advance := slowly(t, func(f *simnet.Config, d *daemon.Config) { f.DebugLog, d.DebugLog = path, path })
	set(n, simnet.DaemonHungMainLock)
	n.AddBlock()
	observe(t, client, short)
	advance(2*time.Minute + 50*time.Second)
	if r := observe(t, client, short); r.state != daemon.Slow {
		t.Errorf("after less than 3 minutes: %s, %s", r.state, r.reason)
	}
	advance(20 * time.Second)
	if r := observe(t, client, short); r.state != daemon.Hung {
		t.Errorf("the last tip is more than 3 minutes old: %s, %s", r.state, r.reason)
	}
	// The clock of the fake daemon is that of the machine: its log has to be moved.
	line := fmt.Sprintf("%s UpdateTip: new best=e186 height=531 version=0x20000000 date='2026-11-25T23:24:45Z' progress=1.000000 \n",
		time.Now().Add(3*time.Minute).UTC().Format(time.RFC3339))
	if err := os.WriteFile(path, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := observe(t, client, short); r.state != daemon.Slow || !strings.Contains(r.reason, "debug.log has a new tip, 531") {
		t.Errorf("with a new tip: %s, %s", r.state, r.reason)
	}
	set(n, simnet.DaemonHung)
	if r := observe(t, client, short); r.state != daemon.Hung {
		t.Errorf("when it answers nothing, a new tip does not matter: %s, %s", r.state, r.reason)
	}
}

// TestSlowWithoutLocks: a daemon that answers each lock-free request, but later than a scrape, is slow from the second
// scrape on, and hung once it has answered none for 3 minutes.
func TestSlowWithoutLocks(t *testing.T) {
	t.Parallel()
	n, client, advance := slowly(t, nil)
	scrape := func() (daemon.State, string) {
		ctx, cancel := context.WithTimeout(t.Context(), short)
		defer cancel()
		s := client.Session(nil)
		defer s.Release()
		state, err := s.State(ctx)
		return state, fmt.Sprint(err)
	}
	answered := func() {
		t.Helper()
		eventually(t, "answer", func() bool { return n.Calls().Outstanding == 0 })
		eventually(t, "end of the request", func() bool { return n.Calls().OpenConnections == 0 })
	}
	n.Set(func(s *simnet.State) { s.RPCDelay = simnet.Duration(short / 2) }) // of each of the 6 calls
	if state, reason := scrape(); state != daemon.Slow || !strings.Contains(reason, "the first") {
		t.Errorf("the first scrape: %s, %s", state, reason)
	}
	answered()
	advance(time.Minute)
	if state, reason := scrape(); state != daemon.Slow || !strings.Contains(reason, "lockfree request") || !strings.Contains(reason, "answered late, 1m") {
		t.Errorf("after a late answer: %s, %s", state, reason)
	}
	answered()
	set(n, simnet.DaemonHung)
	advance(2*time.Minute + 50*time.Second)
	if state, reason := scrape(); state != daemon.Slow {
		t.Errorf("within 3 minutes: %s, %s", state, reason)
	}
	advance(15 * time.Second)
	if state, reason := scrape(); state != daemon.Hung {
		t.Errorf("after 3 minutes: %s, %s", state, reason)
	}
	n.Set(func(s *simnet.State) { s.Daemon, s.RPCDelay = simnet.DaemonOK, 0 })
	eventually(t, "ready", func() bool { state, _ := scrape(); return state == daemon.Ready })
	advance(daemon.HungAfter)
	n.Set(func(s *simnet.State) { s.RPCDelay = simnet.Duration(short / 2) })
	if state, reason := scrape(); state != daemon.Hung {
		t.Errorf("3 minutes after the last late answer: %s, %s", state, reason)
	}
	answered()
	n.Set(func(s *simnet.State) { s.RPCDelay = 0 })
	eventually(t, "ready", func() bool { state, _ := scrape(); return state == daemon.Ready })
	set(n, simnet.DaemonHung)
	if state, reason := scrape(); state != daemon.Slow {
		t.Errorf("after a late answer and one in time: %s, %s", state, reason)
	}
}

// TestHungFromTheStart: a daemon that has never answered has a minute for its first answer.
func TestHungFromTheStart(t *testing.T) {
	t.Parallel()
	n, client, advance := slowly(t, nil)
	set(n, simnet.DaemonHung)
	for _, want := range []daemon.State{daemon.Slow, daemon.Hung} {
		if state, _ := scrape(t, client, short, poll.NoWait); state != want {
			t.Errorf("%s, want %s", state, want)
		}
		advance(time.Minute)
	}
}

// TestAllLate: of a daemon that answers everything, but later than a scrape, the next scrapes show it.
func TestAllLate(t *testing.T) {
	t.Parallel()
	n, client, _ := slowly(t, nil)
	n.Set(func(s *simnet.State) { s.RPCDelay = simnet.Duration(short / 2) }) // of each of the 6 calls
	scrape(t, client, short, poll.NoWait)
	eventually(t, "answers", func() bool {
		c := n.Calls()
		return c.Methods["getblockcount"] == 1 && c.Methods["getpeerinfo"] == 1 && c.Outstanding == 0 && c.OpenConnections == 0
	})
	ctx, cancel := context.WithTimeout(t.Context(), short)
	defer cancel()
	s := client.Session(nil)
	defer s.Release()
	lockfree, err := s.LatestLockfree(ctx)
	if err != nil || !lockfree.Late || *lockfree.Count.Value.Enabled == 0 {
		t.Errorf("lock-free %+v, %v", lockfree, err)
	}
	if main, err := s.LatestMainlock(ctx); err != nil || !main.Late || main.Height.Value == 0 {
		t.Errorf("main lock %+v, %v", main, err)
	}
	if node, err := s.LatestNode(ctx); err != nil || !node.Late {
		t.Errorf("node %+v, %v", node, err)
	}
	if ages := s.Ages(); len(ages) != 3 {
		t.Errorf("ages %v", ages)
	}
}
