package drill

import (
	"context"
	"time"

	"raptoreum_exporter/internal/simnet"
)

// lateAnswer is how long the main lock is held in real time: a few scrapes, less than the time after which a
// daemon counts as hung. Scaled, 20 seconds would be within the time of a scrape.
const lateAnswer = 2900 * time.Millisecond

// slowOutages are no outages of raptoreumd: it answers late. A restart would begin its work again.
func slowOutages() []Outage {
	ready := set(func(s *simnet.State) { s.MainLockDelay = 0 })
	return []Outage{
		{
			Name: "slow", Title: "raptoreumd is slow: it answers every request, but late",
			Begin: set(func(s *simnet.State) { s.MainLockDelay = simnet.Duration(lateAnswer) }), End: ready,
			Lasts: time.Hour, Want: warning("DaemonSlow"),
		},
		{
			Name: "catching-up", Title: "raptoreumd downloads missed blocks, and is slow while it does",
			Begin: func(n *Node) {
				n.Change(func(s *simnet.State) {
					s.MainLockDelay, s.InitialBlockDownload = simnet.Duration(lateAnswer), true
					s.Height -= 400
				})
				go n.catchUp(5)
			},
			End: func(n *Node) {
				n.Change(func(s *simnet.State) { s.Height, s.InitialBlockDownload = s.NetworkHeight, false })
				ready(n)
			},
			Lasts: time.Hour, Want: warning("DaemonSlow"),
		},
	}
}

// catchUp adds so many blocks a minute of rule time until the node has the blocks of the network.
func (n *Node) catchUp(blocks int) {
	for behind := true; behind; {
		select {
		case <-n.closed:
			return
		case <-time.After(Scaled(time.Minute)):
		}
		n.Change(func(s *simnet.State) {
			s.Height = min(s.Height+blocks, s.NetworkHeight)
			behind = s.Height < s.NetworkHeight
		})
	}
}

// explorerLags has one of two explorers whose own daemon is at height 6, then downloads its chain again, then is
// healthy, for 40 minutes each.
func explorerLags(ctx context.Context, n *Node) {
	for {
		for _, mode := range []simnet.ExplorerMode{simnet.ExplorerLagging, simnet.ExplorerResyncing, simnet.ExplorerOK} {
			if !sleep(ctx, 40*time.Minute) {
				return
			}
			n.Change(func(s *simnet.State) { s.Explorers[0].Mode = mode })
		}
	}
}
