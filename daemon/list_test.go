package daemon_test

import (
	"sync/atomic"
	"testing"
	"time"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/internal/simnet"
)

// TestListPause: the daemon holds its main lock while it makes the list. One that takes 50 s must not be requested
// again after 10 s.
func TestListPause(t *testing.T) {
	t.Parallel()
	var after atomic.Int64
	began := time.Now()
	clock := func() time.Time { return began.Add(time.Duration(after.Load())) }
	n, client := start(t, "healthy", func(_ *simnet.Config, c *daemon.Config) { c.Now = clock })
	lists := func() int { return n.Calls().Methods["protx list"] }
	n.Set(func(s *simnet.State) { s.RPCDelay = simnet.Duration(200 * time.Millisecond) })
	scrape(t, client, 10*time.Second, poll.NoWait) // the list is requested at its end
	eventually(t, "list request", func() bool { return lists() == 1 })
	after.Add(int64(50 * time.Second))
	// The client closes its connection after it has noted the end of the list.
	eventually(t, "end of the list", func() bool { return n.Calls().Outstanding == 0 && n.Calls().OpenConnections == 0 })
	n.Set(func(s *simnet.State) { s.RPCDelay = 0 })
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{20 * time.Second, 1}, {200 * time.Second, 1}, {100 * time.Second, 2}} {
		n.AddBlock()
		after.Add(int64(step.after))
		scrape(t, client, 10*time.Second, poll.Wait)
		if lists() != step.want {
			t.Errorf("another %s after a list of 50 s: requested %d times, want %d", step.after, lists(), step.want)
		}
	}
}
