package daemon_test

import (
	"context"
	"errors"
	"strings"
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
	t.Parallel()
	n, client := start(t, "healthy", nil)
	n.Set(func(s *simnet.State) { s.HangDKGStatus, s.Enabled = true, 10 })
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
	if err := n.Restart(); err != nil {
		t.Fatal(err)
	}
	n.Set(func(s *simnet.State) { s.HangDKGStatus = false })
	if err := ask(); err != nil {
		t.Errorf("after a restart: %v", err)
	}
}

// TestDKGStatusThatWasSlow checks that a call that took longer than its timeout and then ended is made
// again: the daemon was slow.
func TestDKGStatusThatWasSlow(t *testing.T) {
	if testing.Short() {
		t.Skip("takes the 10 s after which the call is canceled")
	}
	t.Parallel()
	n, client := start(t, "healthy", nil)
	n.Set(func(s *simnet.State) { s.HangDKGStatus, s.Enabled = true, 10 })
	if err := dkgStatus(t, client); !errors.Is(err, daemon.ErrDKGStatusSlow) {
		t.Errorf("at first: %v", err)
	}
	time.Sleep(9 * time.Second)
	for range 2 {
		if err := dkgStatus(t, client); !errors.Is(err, daemon.ErrDKGStatusStuck) {
			t.Errorf("while it runs: %v", err)
		}
	}
	n.Set(func(s *simnet.State) { s.HangDKGStatus = false })
	eventually(t, "end of the call", func() bool { return n.Calls().Outstanding == 0 })
	if err := dkgStatus(t, client); err != nil {
		t.Errorf("after it has ended: %v", err)
	}
	if got := n.Calls().Methods["quorum dkgstatus"]; got != 2 {
		t.Errorf("called %d times", got)
	}
}

// TestDKGStatusWhileSlow checks that the call is not made while the main lock is slow: it would be
// another request that waits for it, and count as endless.
func TestDKGStatusWhileSlow(t *testing.T) {
	t.Parallel()
	n, client := start(t, "healthy", nil)
	n.Set(func(s *simnet.State) { s.MainLockDelay, s.Enabled = simnet.Duration(2100*time.Millisecond), 10 })
	if err := dkgStatus(t, client); !errors.Is(err, daemon.ErrDKGDaemonSlow) {
		t.Errorf("error %v", err)
	}
	if got := n.Calls().Methods["quorum dkgstatus"]; got != 0 {
		t.Errorf("called %d times", got)
	}
	n.Set(func(s *simnet.State) { s.MainLockDelay = 0 })
	if err := dkgStatus(t, client); err != nil {
		t.Errorf("when it is fast again: %v", err)
	}
}

// TestDKGStatusInSmallNetwork checks that the call is made only if at least 10 smartnodes were
// enabled in every scrape since the daemon started.
func TestDKGStatusInSmallNetwork(t *testing.T) {
	n, client := start(t, "healthy", nil)
	steps := []struct {
		name    string
		enabled int // 0: the 4 of the scenario
		restart bool
		want    error
		calls   int // in total
	}{
		{"4 enabled", 0, false, daemon.ErrDKGNetworkTooSmall, 0},
		{"10 enabled, fewer before", 10, false, daemon.ErrDKGNetworkTooSmall, 0},
		{"10 enabled since the restart", 10, true, nil, 1},
		{"more", 500, false, nil, 2},
		{"9 enabled", 9, false, daemon.ErrDKGNetworkTooSmall, 2},
		{"10 again", 10, false, daemon.ErrDKGNetworkTooSmall, 2},
		{"9 after a restart", 9, true, daemon.ErrDKGNetworkTooSmall, 2},
		{"11 after another restart", 11, true, nil, 3},
	}
	started := time.Now().Add(-time.Hour)
	for _, step := range steps {
		n.Set(func(s *simnet.State) {
			s.Enabled = step.enabled
			if step.restart {
				started = started.Add(time.Minute)
			}
			s.Started = started
		})
		if err := dkgStatus(t, client); !errors.Is(err, step.want) {
			t.Errorf("%s: error %v, want %v", step.name, err, step.want)
		}
		if got := n.Calls().Methods["quorum dkgstatus"]; got != step.calls {
			t.Errorf("%s: called %d times, want %d", step.name, got, step.calls)
		}
	}
}

// TestDKGStatusWhileDownloading checks that the call is not made during initial block download: the
// quorums are then those of a time when the network was small, perhaps.
func TestDKGStatusWhileDownloading(t *testing.T) {
	n, client := start(t, "healthy", nil)
	n.Set(func(s *simnet.State) { s.Enabled, s.InitialBlockDownload = 10, true })
	if err := dkgStatus(t, client); !errors.Is(err, daemon.ErrDKGDownloading) {
		t.Errorf("error %v", err)
	}
	if got := n.Calls().Methods["quorum dkgstatus"]; got != 0 {
		t.Errorf("called %d times", got)
	}
	n.Set(func(s *simnet.State) { s.InitialBlockDownload = false })
	if err := dkgStatus(t, client); err != nil {
		t.Errorf("after it: %v", err)
	}
}

// TestDKGStatusUnknownCount checks that the call is not made while the number of smartnodes is
// unknown, and that this does not count as a small network.
func TestDKGStatusUnknownCount(t *testing.T) {
	n, client := start(t, "healthy", nil)
	n.Set(func(s *simnet.State) { s.Enabled, s.FailCount = 10, true })
	if err := dkgStatus(t, client); err == nil || errors.Is(err, daemon.ErrDKGNetworkTooSmall) || !strings.Contains(err.Error(), "smartnode count") {
		t.Errorf("error %v, want that of smartnode count", err)
	}
	if got := n.Calls().Methods["quorum dkgstatus"]; got != 0 {
		t.Errorf("called %d times", got)
	}
	n.Set(func(s *simnet.State) { s.FailCount = false })
	if err := dkgStatus(t, client); err != nil {
		t.Errorf("once the number is known: %v", err)
	}
}

func dkgStatus(t *testing.T, client *daemon.Client) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	s := client.Session(nil)
	defer s.Release()
	_, err := s.DKG(ctx)
	return err
}
