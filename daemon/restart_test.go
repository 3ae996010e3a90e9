package daemon_test

import (
	"path/filepath"
	"testing"
	"time"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/internal/simnet"
)

// TestCookie checks that the new cookie of a restarted daemon is read, once.
func TestCookie(t *testing.T) {
	dir := t.TempDir()
	n, client := start(t, "healthy", func(f *simnet.Config, d *daemon.Config) {
		f.Password, f.CookieDir = "", dir
		d.Credentials = func() (daemon.Credentials, error) { return daemon.ReadCookie(filepath.Join(dir, ".cookie")) }
	})
	for range 2 {
		if state, _ := scrape(t, client, time.Second, poll.Wait); state != daemon.Ready {
			t.Errorf("state %s", state)
		}
		if err := n.Restart(); err != nil {
			t.Fatal(err)
		}
	}
	before := n.Calls().RoundTrips
	scrape(t, client, time.Second, poll.NoWait)
	if got := n.Calls().RoundTrips - before; got > 5 {
		t.Errorf("%d round trips after a restart, want at most one more than 4", got)
	}
}

func TestWrongPassword(t *testing.T) {
	n, client := start(t, "healthy", func(_ *simnet.Config, d *daemon.Config) {
		d.Credentials = func() (daemon.Credentials, error) { return daemon.Credentials{User: "u", Password: "wrong"}, nil }
	})
	for range 3 {
		if state, _ := scrape(t, client, time.Second, poll.NoWait); state != daemon.Unauthorized {
			t.Errorf("state %s", state)
		}
	}
	if got := n.Calls().RoundTrips; got != 3 {
		t.Errorf("%d attempts in 3 scrapes: each occupies a worker for 250 ms", got)
	}
}

func TestRestart(t *testing.T) {
	t.Parallel()
	n, client := start(t, "healthy", nil)
	started := func() time.Time {
		s := client.Session(nil)
		defer s.Release()
		r, err := s.Lockfree(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return r.Started
	}
	first := started()
	time.Sleep(1100 * time.Millisecond) // uptime counts whole seconds
	if again := started(); !again.Equal(first) {
		t.Errorf("the start moved from %s to %s", first, again)
	}
	if err := n.Restart(); err != nil {
		t.Fatal(err)
	}
	if after := started(); after.Sub(first) < 10*time.Second {
		t.Errorf("the start is still %s", after)
	}
}
