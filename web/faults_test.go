package web_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"raptoreum_exporter/internal/harness"
	"raptoreum_exporter/internal/simnet"
)

func state(name string) string { return fmt.Sprintf("raptoreum_daemon_state{state=%q}", name) }

// gone lists metrics that must be absent while the daemon does not answer.
func gone(more map[string]string) map[string]string {
	wants := map[string]string{
		"raptoreum_up": "0", "raptoreum_block_height": "", "raptoreum_block_timestamp_seconds": "", "raptoreum_peers": "",
		"raptoreum_smartnode_pose_penalty": "", "raptoreum_smartnode_state": "", "raptoreum_smartnode_registered": "",
		"raptoreum_smartnode_payment_queue_position": "", "raptoreum_quorum_memberships": "", "raptoreum_safe_to_restart": "",
		"raptoreum_explorer_height_delta_blocks": "", "raptoreum_daemon_info": "", "raptoreum_initial_block_download": "",
		"raptoreum_smartnode_expected": "1", "raptoreum_host_cpus": fmt.Sprint(numCPU()),
		`raptoreum_scrape_collector_success{collector="chain"}`:  "0",
		`raptoreum_scrape_collector_success{collector="daemon"}`: "1",
	}
	for name, want := range more {
		wants[name] = want
	}
	return wants
}

func numCPU() int {
	n, _ := filepath.Glob("/sys/devices/system/cpu/cpu[0-9]*")
	return len(n)
}

// TestDaemonFaults starts each fault after a healthy scrape: no value of that scrape may remain.
func TestDaemonFaults(t *testing.T) {
	t.Parallel()
	nothing := map[string]string{"raptoreum_daemon_start_time_seconds": "", "raptoreum_sync_finished": "", "raptoreum_smartnodes": "", "raptoreum_network_receive_bytes_total": ""}
	for _, c := range []struct {
		mode  simnet.DaemonMode
		state string
		more  map[string]string
	}{
		{simnet.DaemonRefused, "unreachable", nothing},
		{simnet.DaemonHung, "hung", nothing},
		{simnet.DaemonWarmingUp, "warming_up", nothing},
		{simnet.DaemonUnauthorized, "unauthorized", nothing},
		{simnet.DaemonForbidden, "forbidden", nothing},
		{simnet.DaemonBusy, "busy", nothing},
		{simnet.DaemonStopping, "unreachable", nothing},
		{simnet.DaemonTruncated, "error", nothing},
		{simnet.DaemonHuge, "error", nothing},
		{simnet.DaemonNotJSON, "error", nothing},
		{simnet.DaemonOtherShape, "error", nothing},
	} {
		t.Run(string(c.mode), func(t *testing.T) {
			t.Parallel()
			timeout := 2 * time.Second
			if c.mode == simnet.DaemonHuge {
				timeout = 20 * time.Second // 16 MB are read before the limit is reached
			}
			e := harness.Start(t, "healthy", nil)
			e.Until("raptoreum_list_age_seconds", timeout) // while the list is read, a silent daemon counts as busy
			e.Until("raptoreum_explorer_height_delta_blocks"+e.Explorer(0), timeout)
			e.Network.Set(func(s *simnet.State) { s.Daemon = c.mode })
			wants := gone(c.more)
			if c.state == "error" {
				wants[`raptoreum_scrape_collector_success{collector="daemon"}`] = "0"
			}
			wants[state(c.state)], wants[state("ready")] = "1", "0"
			for range 2 {
				e.Scrape(timeout).Want(t, wants)
			}
			if n := strings.Count(e.Log.String(), "daemon is not ready"); n != 1 {
				t.Errorf("%d log lines for one transition:\n%s", n, e.Log)
			}
			e.Network.Set(func(s *simnet.State) { s.Daemon = simnet.DaemonOK })
			e.Scrape(timeout).Want(t, map[string]string{"raptoreum_up": "1", "raptoreum_block_height": "529", "raptoreum_smartnode_pose_penalty": "0"})
		})
	}
}

// TestSlowDaemon: a daemon that answers within the scrape timeout is ready; what comes later is absent.
func TestSlowDaemon(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		perCall time.Duration
		timeout time.Duration
		want    map[string]string
	}{
		{time.Millisecond, 10 * time.Second, map[string]string{"raptoreum_up": "1", "raptoreum_peers_best_height": "529", state("slow"): "0"}},
		{3 * time.Second, 10 * time.Second, map[string]string{"raptoreum_up": "0", state("slow"): "1", "raptoreum_block_height": ""}},
		{350 * time.Millisecond, 5 * time.Second, map[string]string{"raptoreum_up": "1", "raptoreum_block_height": "529", "raptoreum_block_timestamp_seconds": "", "raptoreum_peers": ""}},
	} {
		t.Run(c.perCall.String(), func(t *testing.T) {
			t.Parallel()
			e := harness.Start(t, "healthy", nil)
			e.Network.Set(func(s *simnet.State) { s.RPCDelay = simnet.Duration(c.perCall) })
			e.Scrape(c.timeout).Want(t, c.want)
		})
	}
}

// TestConcurrentScrapes: many scrapes cause the requests of two to a slow daemon, and one request to a hung one.
func TestConcurrentScrapes(t *testing.T) {
	all := func(e *harness.Exporter, count int, timeout time.Duration) {
		var running sync.WaitGroup
		for range count {
			running.Go(func() { e.Scrape(timeout) })
		}
		running.Wait()
	}
	t.Run("slow", func(t *testing.T) { // not in parallel, because it would delay the scrapes of other tests
		e := harness.Start(t, "healthy", nil)
		e.Until(`raptoreum_smartnodes{state="pose_banned"}`, 5*time.Second)
		before := e.Network.Calls().RoundTrips
		e.Network.Set(func(s *simnet.State) { s.RPCDelay = simnet.Duration(200 * time.Millisecond) })
		all(e, 200, 30*time.Second)
		if got := e.Network.Calls().RoundTrips - before; got > 8 {
			t.Errorf("%d round trips for 200 scrapes, want at most the 8 of two", got)
		}
	})
	t.Run("hung", func(t *testing.T) {
		t.Parallel()
		e := harness.Start(t, "healthy", nil)
		e.Network.Set(func(s *simnet.State) { s.Daemon = simnet.DaemonHungMainLock })
		for range 2 {
			all(e, 30, 3*time.Second) // with the race detector, more of them would not be answered in time
		}
		if c := e.Network.Calls(); c.MainLock != 1 || c.MaxMainLock != 1 {
			t.Errorf("%d main lock requests outstanding, at most %d at once, want 1", c.MainLock, c.MaxMainLock)
		}
	})
}

func TestRestartedDaemon(t *testing.T) {
	dir := t.TempDir()
	e := harness.Start(t, "healthy", func(c *simnet.Config, o *harness.Options) {
		c.Password, c.CookieDir = "", dir
		o.Daemon.CookieFile = filepath.Join(dir, ".cookie")
	})
	const started = "raptoreum_daemon_start_time_seconds"
	before := e.Scrape(5 * time.Second)
	if again := e.Scrape(5 * time.Second); again[started] != before[started] {
		t.Errorf("the start time changed from %s to %s", before[started], again[started])
	}
	if err := e.Network.Restart(); err != nil {
		t.Fatal(err)
	}
	after := e.Scrape(5 * time.Second)
	after.Want(t, map[string]string{"raptoreum_up": "1"}) // with the new cookie
	if after[started] == before[started] {
		t.Errorf("the start time is still %s", after[started])
	}
}

func TestTooManyRequests(t *testing.T) {
	t.Parallel()
	e := harness.Start(t, "healthy", func(_ *simnet.Config, o *harness.Options) { o.Web.MaxRequests = 1 }, func(s *simnet.State) { s.Daemon = simnet.DaemonHung })
	first := make(chan string)
	go func() {
		_, body := e.Get("/metrics", 4*time.Second)
		first <- body
	}()
	for e.Network.Calls().RoundTrips == 0 {
		time.Sleep(time.Millisecond)
	}
	if _, second := e.Get("/metrics", time.Second); !strings.Contains(second, "--web.max-requests") {
		t.Errorf("the second request got %.200s", second)
	}
	if body := <-first; !strings.Contains(body, "raptoreum_up 0") {
		t.Errorf("the first request got %.200s", body)
	}
}
