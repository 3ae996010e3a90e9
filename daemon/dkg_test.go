package daemon_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/internal/simnet"
)

// TestDKGStatusNeverEnds checks that the endless call is made once, until the daemon restarts.
func TestDKGStatusNeverEnds(t *testing.T) {
	if testing.Short() {
		t.Skip("takes the 10 s after which the call is canceled")
	}
	n, client := start(t, "healthy", nil)
	n.Set(func(s *simnet.State) { s.HangDKGStatus = true })
	ask := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
		defer cancel()
		s := client.Session(nil)
		defer s.Release()
		began := time.Now()
		_, err := s.DKG(ctx)
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("a scrape waited %s for the call", took)
		}
		return err
	}
	if err := ask(); !errors.Is(err, daemon.ErrDKGStatusSlow) {
		t.Errorf("at first: %v", err)
	}
	if err := ask(); !errors.Is(err, daemon.ErrDKGStatusSlow) {
		t.Errorf("while it is outstanding: %v", err)
	}
	time.Sleep(9 * time.Second)
	if err := ask(); !errors.Is(err, daemon.ErrDKGStatusStuck) {
		t.Errorf("after its time: %v", err)
	}
	if got := n.Calls().Methods["quorum dkgstatus"]; got != 1 {
		t.Errorf("called %d times", got)
	}
	n.Set(func(s *simnet.State) { s.HangDKGStatus = false })
	if err := n.Restart(); err != nil {
		t.Fatal(err)
	}
	if err := ask(); err != nil {
		t.Errorf("after a restart: %v", err)
	}
}
