package daemon_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/internal/simnet"
)

func TestStates(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		mode simnet.DaemonMode
		want daemon.State
		says string
	}{
		{simnet.DaemonOK, daemon.Ready, ""},
		{simnet.DaemonWarmingUp, daemon.WarmingUp, "RPC server started"},
		{simnet.DaemonHung, daemon.Slow, "the first; it counts as hung after 55s"},
		{simnet.DaemonHungMainLock, daemon.Slow, "no answer yet to the mainlock request"},
		{simnet.DaemonBusy, daemon.Busy, "work queue"},
		{simnet.DaemonRefused, daemon.Unreachable, "connection refused"},
		{simnet.DaemonUnauthorized, daemon.Unauthorized, "rpcpassword"},
		{simnet.DaemonForbidden, daemon.Forbidden, "rpcallowip"},
		{simnet.DaemonStopping, daemon.Unreachable, "stopping"},
		{simnet.DaemonTruncated, daemon.Failed, "unexpected EOF"},
		{simnet.DaemonHuge, daemon.Failed, "more than 16777216 bytes"},
		{simnet.DaemonOtherShape, daemon.Failed, "getblockcount"},
		{simnet.DaemonNotJSON, daemon.Failed, "not the JSON of a batch"},
		{simnet.DaemonGarbageText, daemon.Ready, ""},
	} {
		t.Run(string(c.mode), func(t *testing.T) {
			n, client := start(t, "healthy", nil)
			n.Set(func(s *simnet.State) { s.Daemon = c.mode })
			timeout := 20 * time.Second // huge: 16 MB are read until it is too much
			if c.want == daemon.Slow {
				timeout = 300 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			defer cancel()
			session := client.Session(nil)
			defer session.Release()
			state, err := session.State(ctx)
			if state != c.want {
				t.Errorf("state %s (%v), want %s", state, err, c.want)
			}
			if (err == nil) != (state == daemon.Ready) {
				t.Errorf("state %s with error %v", state, err)
			}
			if err != nil && (!strings.Contains(err.Error(), c.says) || len(err.Error()) > 500 || strings.ContainsAny(err.Error(), "\n\r")) {
				t.Errorf("error %q, want one line with %q", err, c.says)
			}
		})
	}
}

func TestNoDaemonThere(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			fmt.Fprintln(conn, "SSH-2.0-OpenSSH_9.2")
			conn.Close()
		}
	}()
	lost := errors.New("lookup smartnode.invalid: no such host")
	over := make(chan struct{})
	defer close(over)
	silent := func(context.Context, string, string) (net.Conn, error) {
		<-over
		return nil, os.ErrDeadlineExceeded
	}
	for _, c := range []struct {
		name, url string
		dial      func(context.Context, string, string) (net.Conn, error)
		want      daemon.State
		says      string
	}{
		{"no listener", "http://127.0.0.1:1", nil, daemon.Unreachable, "connection refused"},
		{"another service", "http://" + listener.Addr().String(), nil, daemon.Failed, "does not speak HTTP"},
		{"no such name", "http://smartnode.invalid:10225", func(context.Context, string, string) (net.Conn, error) { return nil, lost }, daemon.Unreachable, "no such host"},
		{"packets are dropped", "http://smartnode.invalid:10225", silent, daemon.Unreachable, "no connection after"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			client, err := daemon.NewClient(ctx, daemon.Config{URL: c.url, Dial: c.dial, Credentials: func() (daemon.Credentials, error) { return daemon.Credentials{}, nil }})
			if err != nil {
				t.Fatal(err)
			}
			short, done := context.WithTimeout(ctx, 300*time.Millisecond)
			defer done()
			s := client.Session(nil)
			defer s.Release()
			state, err := s.State(short)
			if state != c.want || err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("state %s, %v, want %s, %q", state, err, c.want, c.says)
			}
		})
	}
}

func TestBadURL(t *testing.T) {
	for _, url := range []string{"", "127.0.0.1:10225", "ftp://x", "http://", "http://u:secretword@127.0.0.1:1", "http://[::1"} {
		_, err := daemon.NewClient(t.Context(), daemon.Config{URL: url})
		if err == nil || !strings.Contains(err.Error(), "address") || strings.Contains(err.Error(), "secretword") {
			t.Errorf("%q: %v", url, err)
		}
	}
}

// TestOverlappingScrapes checks that any number of concurrent scrapes causes the traffic of one.
func TestOverlappingScrapes(t *testing.T) {
	t.Parallel()
	n, client := start(t, "healthy", nil)
	scrape(t, client, time.Second, poll.Wait) // the list is read, the hash is known
	before := n.Calls()
	n.Set(func(s *simnet.State) { s.RPCDelay = simnet.Duration(20 * time.Millisecond) })
	var all sync.WaitGroup
	for range 200 {
		all.Go(func() {
			if state, _ := scrape(t, client, 5*time.Second, poll.NoWait); state != daemon.Ready {
				t.Errorf("state %s", state)
			}
		})
	}
	all.Wait()
	if got := n.Calls().RoundTrips - before.RoundTrips; got > 8 {
		t.Errorf("200 concurrent scrapes made %d round trips, want those of at most 2 scrapes (8)", got)
	}
}

// TestRoundTrips counts the requests of one healthy scrape.
func TestRoundTrips(t *testing.T) {
	n, client := start(t, "paid-10-smartnodes", nil) // enough of them for quorum dkgstatus
	scrape(t, client, time.Second, poll.Wait)
	before := n.Calls()
	scrape(t, client, time.Second, poll.NoWait)
	after := n.Calls()
	if got := after.RoundTrips - before.RoundTrips; got != 4 {
		t.Errorf("%d round trips, want 4", got)
	}
	if after.Methods["protx list"] != 1 || after.Methods["smartnode payments"] != 0 || len(after.Forbidden) > 0 {
		t.Errorf("methods %v, forbidden %v", after.Methods, after.Forbidden)
	}
}

// TestHungMainLock checks that no other request that takes the main lock is sent while one hangs.
func TestHungMainLock(t *testing.T) {
	t.Parallel()
	n, client := start(t, "healthy", nil)
	n.Set(func(s *simnet.State) { s.Daemon = simnet.DaemonHungMainLock })
	for range 100 {
		s := client.Session(nil)
		lockfree, err := s.Lockfree(t.Context())
		if err != nil || lockfree.Uptime.Err != nil {
			t.Fatalf("lockfree %+v, %v", lockfree, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		if state, _ := s.State(ctx); state != daemon.Slow {
			t.Errorf("state %s", state)
		}
		s.Release()
		cancel()
	}
	calls := n.Calls()
	if calls.MaxMainLock != 1 || calls.MainLock != 1 {
		t.Errorf("%d main lock requests at once, %d outstanding, want 1 and 1", calls.MaxMainLock, calls.MainLock)
	}
	n.Set(func(s *simnet.State) { s.Daemon = simnet.DaemonOK })
	if state, _ := scrape(t, client, 2*time.Second, poll.NoWait); state != daemon.Ready {
		t.Errorf("after it answered again: %s", state)
	}
}

// TestHung checks that a daemon that answers nothing gets one request only.
func TestHung(t *testing.T) {
	t.Parallel()
	n, client := start(t, "healthy", nil)
	if state, list := scrape(t, client, 5*time.Second, poll.Wait); state != daemon.Ready || list == nil {
		t.Fatalf("%s, list %v", state, list)
	}
	before := n.Calls().RoundTrips
	n.Set(func(s *simnet.State) { s.Daemon = simnet.DaemonHung })
	for range 20 {
		if state, _ := scrape(t, client, 50*time.Millisecond, poll.NoWait); state != daemon.Hung {
			t.Errorf("state %s", state)
		}
	}
	if got := n.Calls().RoundTrips - before; got != 1 {
		t.Errorf("%d requests, want 1", got)
	}
}

func TestList(t *testing.T) {
	now := time.Now()
	clock := func() time.Time { return now }
	n, client := start(t, "paid-10-smartnodes", func(_ *simnet.Config, c *daemon.Config) { c.Now = clock })
	_, list := scrape(t, client, time.Second, poll.Wait)
	if list == nil || len(list.Nodes) != 10 {
		t.Fatalf("list %+v", list)
	}
	lists := func() int { return n.Calls().Methods["protx list"] }
	now = now.Add(2 * time.Minute)
	scrape(t, client, time.Second, poll.Wait)
	if lists() != 1 {
		t.Errorf("the tip has not moved, but the list was read %d times", lists())
	}
	n.AddBlock()
	scrape(t, client, time.Second, poll.Wait)
	if lists() != 2 {
		t.Errorf("the tip has moved, but the list was read %d times", lists())
	}
	n.AddBlock()
	now = now.Add(59 * time.Second)
	scrape(t, client, time.Second, poll.Wait)
	if lists() != 2 {
		t.Errorf("within a minute the list was read %d times", lists())
	}
	n.Set(func(s *simnet.State) { s.InitialBlockDownload = true })
	now = now.Add(time.Hour)
	scrape(t, client, time.Second, poll.Wait)
	if lists() != 2 {
		t.Errorf("during the initial block download the list was read %d times", lists())
	}
}

// TestListHoldsTheSlot checks that a scrape waits while the list is being read, and does not report
// a hung daemon for that.
func TestListHoldsTheSlot(t *testing.T) {
	t.Parallel()
	n, client := start(t, "healthy", nil)
	scrape(t, client, time.Second, poll.NoWait) // starts reading the list when it ends ...
	n.Set(func(s *simnet.State) { s.RPCDelay = simnet.Duration(300 * time.Millisecond) })
	deadline := time.Now().Add(5 * time.Second)
	for n.Calls().Methods["protx list"] == 0 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	n.AddBlock()
	state, _ := scrape(t, client, 5*time.Second, poll.NoWait)
	if state != daemon.Ready {
		t.Errorf("state %s", state)
	}
	if got := n.Calls().MaxMainLock; got != 1 {
		t.Errorf("%d main lock requests at once", got)
	}
}
