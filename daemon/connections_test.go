package daemon_test

import (
	"testing"
	"time"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/internal/simnet"
)

// closesAll waits until the daemon has no open connection, and fails after 200 ms.
func closesAll(t *testing.T, n *simnet.Network) {
	t.Helper()
	deadline := time.Now().Add(200 * time.Millisecond)
	for n.Calls().OpenConnections > 0 {
		if time.Now().After(deadline) {
			t.Errorf("%d connections are still open after 200 ms", n.Calls().OpenConnections)
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// TestOneConnectionPerScrape checks that a scrape opens one connection and closes it: an idle one
// delays the stop of the daemon.
func TestOneConnectionPerScrape(t *testing.T) {
	n, client := start(t, "paid-10-smartnodes", nil)
	for i := range 10 {
		mode := poll.NoWait // the first one reads the list after the scrape, on the same connection
		if i == 9 {
			n.AddBlock()
			mode = poll.Wait
		}
		before := n.Calls().Connections
		if state, _ := scrape(t, client, 2*time.Second, mode); state != daemon.Ready {
			t.Fatalf("state %s", state)
		}
		closesAll(t, n)
		if got := n.Calls().Connections - before; got != 1 {
			t.Errorf("scrape %d opened %d connections, want 1", i, got)
		}
	}
	if got := n.Calls().Methods["protx list"]; got != 1 {
		t.Errorf("the list was read %d times, want 1", got)
	}
}

// TestLateAnswerLeavesNoConnection checks that the connection of a request whose scrape has ended is
// closed once it is answered, and that the scrape closes the others.
func TestLateAnswerLeavesNoConnection(t *testing.T) {
	t.Parallel()
	n, client := start(t, "healthy", nil)
	n.Set(func(s *simnet.State) { s.Daemon = simnet.DaemonHungMainLock })
	for range 3 {
		scrape(t, client, 50*time.Millisecond, poll.NoWait)
		time.Sleep(20 * time.Millisecond)
		if got := n.Calls().OpenConnections; got != 1 {
			t.Errorf("%d connections open, want that of the request without an answer", got)
		}
	}
	n.Set(func(s *simnet.State) { s.Daemon = simnet.DaemonOK })
	closesAll(t, n)
}

// TestNoIdleConnectionWhileWaiting checks that a scrape that waits for the request of an earlier one
// leaves no second connection open.
func TestNoIdleConnectionWhileWaiting(t *testing.T) {
	t.Parallel()
	n, client := start(t, "healthy", nil)
	set(n, simnet.DaemonHungMainLock)
	observe(t, client, short)
	done := make(chan struct{})
	go func() {
		defer close(done)
		observe(t, client, 2*time.Second)
	}()
	eventually(t, "second lock-free request", func() bool { return n.Calls().Methods["uptime"] == 2 })
	eventually(t, "end of its connection", func() bool { return n.Calls().OpenConnections == 1 })
	select {
	case <-done:
		t.Error("the connection was open until the end of the scrape")
	default:
	}
	<-done
	set(n, simnet.DaemonOK)
	eventually(t, "end of the requests", func() bool { return n.Calls().OpenConnections == 0 })
}
