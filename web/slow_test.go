package web_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"raptoreum_exporter/internal/harness"
	"raptoreum_exporter/internal/simnet"
)

const answerAge = `raptoreum_daemon_answer_age_seconds{batch="mainlock"}`

// TestSlowMainLock follows a daemon whose main lock takes longer than a scrape: it is slow, and late answers
// are shown with their age.
func TestSlowMainLock(t *testing.T) {
	t.Parallel()
	e := harness.Start(t, "healthy", nil, func(s *simnet.State) { s.MainLockDelay = simnet.Duration(3400 * time.Millisecond) }) // not at the end of a scrape
	e.Scrape(time.Second).Want(t, map[string]string{
		"raptoreum_up": "0", state("slow"): "1", state("hung"): "0", "raptoreum_block_height": "", answerAge: "",
		"raptoreum_sync_finished": "1", `raptoreum_smartnodes{state="enabled"}`: "4",
	})
	late := e.Until(answerAge, time.Second)
	late.Want(t, map[string]string{
		"raptoreum_up": "0", state("slow"): "1", "raptoreum_block_height": "529",
		`raptoreum_scrape_collector_success{collector="chain"}`: "0", // the newest block's time comes with the node batch
	})
	if age, err := strconv.ParseFloat(late[answerAge], 64); err != nil || age <= 0 || age > 10 {
		t.Errorf("the answer is %s s old", late[answerAge])
	}
	e.Until("raptoreum_smartnode_pose_penalty", time.Second).Want(t, map[string]string{
		"raptoreum_up": "0", state("slow"): "1", "raptoreum_block_height": "529", "raptoreum_peers_best_height": "529",
	})
	if c := e.Network.Calls(); c.MaxMainLock != 1 {
		t.Errorf("%d requests for the main lock at once", c.MaxMainLock)
	}
	if n := strings.Count(e.Log.String(), "daemon is "); n != 1 {
		t.Errorf("%d log lines of a settled state:\n%s", n, e.Log)
	}
	e.Network.Set(func(s *simnet.State) { s.MainLockDelay = 0 })
	time.Sleep(3 * time.Second)
	e.Scrape(2*time.Second).Want(t, map[string]string{"raptoreum_up": "1", state("ready"): "1", state("slow"): "0"})
}

// TestHungMainLock: after a healthy scrape, a main lock that hangs is slow at first, and what is known is at
// most 2 minutes old. The daemon package's tests advance the clock to hung.
func TestHungMainLock(t *testing.T) {
	t.Parallel()
	e := harness.Start(t, "healthy", nil)
	e.Until("raptoreum_list_age_seconds", 2*time.Second)
	e.Network.Set(func(s *simnet.State) { s.Daemon = simnet.DaemonHungMainLock })
	for range 2 {
		e.Scrape(time.Second).Want(t, map[string]string{
			"raptoreum_up": "0", state("slow"): "1", "raptoreum_block_height": "529", "raptoreum_smartnode_pose_penalty": "0",
			"raptoreum_sync_finished": "1", `raptoreum_smartnodes{state="enabled"}`: "4",
		})
	}
	if n := strings.Count(e.Log.String(), "daemon is not ready"); n != 1 {
		t.Errorf("%d log lines for one transition:\n%s", n, e.Log)
	}
	if err := e.Network.Restart(); err != nil {
		t.Fatal(err)
	}
	e.Scrape(time.Second).Want(t, map[string]string{"raptoreum_block_height": ""}) // of another process
}

// TestFlappingState: a daemon that is ready in every other scrape is not two lines a minute.
func TestFlappingState(t *testing.T) {
	t.Parallel()
	e := harness.Start(t, "healthy", nil)
	for range 2 {
		e.Scrape(2 * time.Second)
	}
	before := e.Log.String()
	for i := range 10 {
		e.Network.Set(func(s *simnet.State) {
			s.Daemon = simnet.DaemonOK
			if i%2 == 0 {
				s.Daemon = simnet.DaemonBusy
			}
		})
		e.Scrape(2 * time.Second)
	}
	if more := strings.TrimPrefix(e.Log.String(), before); more != "" {
		t.Errorf("logged:\n%s", more)
	}
}

// TestConnections: a scrape uses one connection and 4 round trips, and leaves no connection open: raptoreumd
// waits for them when it stops.
func TestConnections(t *testing.T) {
	t.Parallel()
	e := harness.Start(t, "paid-10-smartnodes", nil)
	e.Until("raptoreum_list_age_seconds", 5*time.Second)
	time.Sleep(200 * time.Millisecond)
	for range 3 {
		before := e.Network.Calls()
		e.Scrape(5*time.Second).Want(t, map[string]string{"raptoreum_up": "1", "raptoreum_safe_to_restart": "1"})
		time.Sleep(200 * time.Millisecond)
		c := e.Network.Calls()
		if trips, connections := c.RoundTrips-before.RoundTrips, c.Connections-before.Connections; trips != 4 || connections != 1 || c.OpenConnections != 0 {
			t.Errorf("%d round trips, %d connections, %d open", trips, connections, c.OpenConnections)
		}
	}
}
