package daemon_test

import (
	"testing"
	"time"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/internal/simnet"
)

// TestFollow: a daemon that was started again with another rpcport is found at the second request, because the first
// one sees that the old port is closed.
func TestFollow(t *testing.T) {
	t.Parallel()
	now := "http://127.0.0.1:1"
	n, c := start(t, "healthy", func(_ *simnet.Config, d *daemon.Config) {
		d.URL, d.CurrentURL = now, func() string { return now }
	})
	if state, _ := scrape(t, c, 5*time.Second, poll.NoWait); state != daemon.Unreachable {
		t.Errorf("%s at a closed port", state)
	}
	for _, unusable := range []string{"", "nonsense"} {
		now = unusable
		if state, _ := scrape(t, c, 5*time.Second, poll.NoWait); state != daemon.Unreachable {
			t.Errorf("%s with %q", state, unusable)
		}
	}
	now = n.RPCURL()
	scrape(t, c, 5*time.Second, poll.NoWait)
	if state, _ := scrape(t, c, 5*time.Second, poll.NoWait); state != daemon.Ready {
		t.Errorf("%s at the port of raptoreum.conf", state)
	}
}

func TestLoopback(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]bool{
		"http://127.0.0.1:1": true, "http://localhost:1": true, "http://[::1]:1": true, "http://10.0.0.1:1": false, "https://node.example:1": false,
	} {
		c, err := daemon.NewClient(t.Context(), daemon.Config{URL: url})
		if err != nil || c.Loopback() != want {
			t.Errorf("%s: %t, %v", url, !want, err)
		}
	}
}
