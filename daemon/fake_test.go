package daemon_test

import (
	"context"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/internal/simnet"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const password = "a password of the test"

// start starts a fake daemon and a client for it.
func start(t *testing.T, scenario string, change func(*simnet.Config, *daemon.Config)) (*simnet.Network, *daemon.Client) {
	t.Helper()
	s, err := simnet.Load(os.DirFS("../testdata/scenarios/" + scenario))
	if err != nil {
		t.Fatal(err)
	}
	fake := simnet.Config{Scenario: s, Explorers: -1, Password: password, User: "u", AuthDelay: time.Millisecond}
	config := daemon.Config{Credentials: func() (daemon.Credentials, error) {
		return daemon.Credentials{User: "u", Password: password}, nil
	}}
	if change != nil {
		change(&fake, &config)
	}
	n, err := simnet.Start(fake)
	if err != nil {
		t.Fatal(err)
	}
	if config.URL == "" {
		config.URL = n.RPCURL()
	}
	ctx, cancel := context.WithCancel(t.Context())
	c, err := daemon.NewClient(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		n.Close()
	})
	return n, c
}

// scrape fetches everything once, as the collectors of one scrape do, and waits for the list.
func scrape(t *testing.T, c *daemon.Client, timeout time.Duration, mode poll.Mode) (state daemon.State, list *daemon.List) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	s := c.Session(nil)
	defer s.Release()
	state, _ = s.State(ctx)
	_, _ = s.Node(ctx)
	_, _ = s.DKG(ctx)
	list, _ = s.List(ctx, mode)
	return state, list
}
