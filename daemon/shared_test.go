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
