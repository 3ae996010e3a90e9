package setup

import (
	"context"
	"time"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/internal/poll"
)

const askFor = 20 * time.Second

// ask learns the proTxHash and the state from raptoreumd itself, as root.
func (s System) ask(ctx context.Context, n *node) {
	credentials := daemon.Credentials{User: n.conf.User, Password: n.conf.Password}
	if n.cookie {
		s.As(n.user.uid, n.user.gid, func() { credentials, n.why = daemon.ReadCookie(s.path(n.conf.CookieFile)) })
	}
	if n.why != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	client, err := daemon.NewClient(ctx, daemon.Config{
		URL: n.conf.URL, Network: n.conf.Network, Address: n.conf.ExternalAddress,
		Credentials: func() (daemon.Credentials, error) { return credentials, nil },
	})
	if err != nil {
		n.why = err
		return
	}
	session := client.Session(nil)
	defer session.Release()
	if n.state, n.why = session.State(ctx); n.state != daemon.Ready {
		return
	}
	if _, err := session.Node(ctx); err != nil {
		n.why = err
		return
	}
	if client.Known().ProTxHash == "" { // it is not READY, but may be in the list
		_, _ = session.List(ctx, poll.Wait)
	}
	n.protx = client.Known().ProTxHash
}
