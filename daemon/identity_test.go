package daemon_test

import (
	"context"
	"net"
	"testing"
	"time"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/internal/simnet"
)

// TestIdentityFollowsTheDaemon checks that the identity is forgotten when the daemon runs another
// smartnode.
func TestIdentityFollowsTheDaemon(t *testing.T) {
	const first, second = "127.0.0.1:31001", "127.0.0.1:31002"
	self := func(c *daemon.Client) (daemon.Smartnode, error) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		s := c.Session(nil)
		defer s.Release()
		if _, err := s.List(ctx, poll.Wait); err != nil {
			t.Fatal(err)
		}
		node, err := s.Node(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return node.Self()
	}
	n, client := start(t, "healthy", nil)
	if s, err := self(client); err != nil || s.Address != first {
		t.Fatalf("%+v, %v", s, err)
	}
	// The daemon now runs another smartnode, which is not READY and so does not report its hash.
	n.Set(func(s *simnet.State) { s.Smartnode, s.LocalAddress = simnet.SmartnodeWaitingForProTx, second })
	_, _ = self(client)
	if s, err := self(client); err != nil || s.Address != second {
		t.Errorf("still %+v, %v", s, err)
	}
	n.Set(func(s *simnet.State) { s.Smartnode = simnet.SmartnodeNone })
	if s, err := self(client); err == nil {
		t.Errorf("no longer a smartnode, but got %+v", s)
	}
}

// TestConnectTimeout checks that a timeout of the dialer means unreachable, not hung.
func TestConnectTimeout(t *testing.T) {
	timeout := &net.OpError{Op: "dial", Err: context.DeadlineExceeded}
	client, err := daemon.NewClient(t.Context(), daemon.Config{
		URL:         "http://127.0.0.1:1",
		Dial:        func(context.Context, string, string) (net.Conn, error) { return nil, timeout },
		Credentials: func() (daemon.Credentials, error) { return daemon.Credentials{}, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	if state, _ := scrape(t, client, time.Second, poll.NoWait); state != daemon.Unreachable {
		t.Errorf("state %s", state)
	}
}
