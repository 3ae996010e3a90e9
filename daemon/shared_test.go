package daemon_test

import (
	"context"
	"testing"
	"time"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/internal/simnet"
)

// TestStateInASharedSession checks that a short scrape that shares the Session of an earlier one calls a
// daemon slow whose main lock takes longer than it, although the answer comes in time for it.
func TestStateInASharedSession(t *testing.T) {
	t.Parallel()
	n, client := start(t, "healthy", nil)
	n.Set(func(s *simnet.State) { s.MainLockDelay = simnet.Duration(600 * time.Millisecond) })
	state := func(timeout time.Duration) daemon.State {
		s := client.Session(nil)
		defer s.Release()
		ctx, cancel := context.WithTimeout(t.Context(), timeout)
		defer cancel()
		got, _ := s.State(ctx)
		return got
	}
	first := make(chan daemon.State)
	go func() { first <- state(5 * time.Second) }()
	time.Sleep(400 * time.Millisecond)
	if got := state(350 * time.Millisecond); got != daemon.Slow {
		t.Errorf("the short scrape: %s", got)
	}
	if got := <-first; got != daemon.Ready {
		t.Errorf("the long scrape: %s", got)
	}
}

// TestSlowForAWhile scrapes a slow daemon again and again: every scrape has an answer, and the two
// batches take turns.
func TestSlowForAWhile(t *testing.T) {
	t.Parallel()
	n, client, _ := slowly(t, nil)
	n.Set(func(s *simnet.State) { s.MainLockDelay = simnet.Duration(short) })
	eventually(t, "late answers", func() bool {
		r := observe(t, client, short/4)
		return r.main != nil && r.node != nil
	})
	before := n.Calls()
	for range 30 {
		r := observe(t, client, short/4)
		if r.state != daemon.Slow && r.state != daemon.Ready || r.main == nil || r.node == nil {
			t.Errorf("got %+v", r)
		}
		time.Sleep(short / 4)
	}
	after := n.Calls()
	mains := after.Methods["getblockcount"] - before.Methods["getblockcount"]
	nodes := after.Methods["getpeerinfo"] - before.Methods["getpeerinfo"]
	if mains < 2 || nodes < mains-1 || nodes > mains+1 {
		t.Errorf("%d mainlock and %d node requests; want as many of each", mains, nodes)
	}
	if after.MaxMainLock != 1 {
		t.Errorf("%d requests for the main lock at once", after.MaxMainLock)
	}
}
