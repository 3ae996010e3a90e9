package drill

import (
	"context"
	"math/rand/v2"
	"time"

	"raptoreum_exporter/internal/simnet"
)

// Quiet is what belongs to the life of a healthy node, of which nothing critical may be told.
type Quiet struct {
	Name string
	Live func(context.Context, *Node) // until ctx is done
}

// pass waits that long in the rules' time, and says whether ctx is still on.
func pass(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(Scaled(d)):
		return true
	}
}

// QuietDays returns them all.
func QuietDays() []Quiet {
	return []Quiet{
		{"nothing-happens", func(ctx context.Context, _ *Node) { <-ctx.Done() }},
		{"upgrades", upgrades},
		{"missed-scrapes", func(ctx context.Context, n *Node) {
			for pass(ctx, 7*time.Minute) {
				n.MissScrape()
			}
		}},
		{"explorer-flaps", func(ctx context.Context, n *Node) {
			for down := true; pass(ctx, 4*time.Minute); down = !down {
				n.Change(func(s *simnet.State) {
					s.Explorers[0].Mode = simnet.ExplorerOK
					if down {
						s.Explorers[0].Mode = simnet.ExplorerDown
					}
				})
			}
		}},
		{"block-gaps", blockGaps},
		{"penalty-decays", func(ctx context.Context, n *Node) { // from 60, when it was first seen, a point each 2 blocks
			for pass(ctx, 2*blockEvery) {
				n.Change(func(s *simnet.State) { s.Penalty = max(0, s.Penalty-1) })
			}
		}},
	}
}

// upgrades stops the daemon, which warms up for 10 minutes then, twice in the first two hours.
func upgrades(ctx context.Context, n *Node) {
	for range 2 {
		if !pass(ctx, 20*time.Minute) {
			return
		}
		daemonDies(n)
		if !pass(ctx, time.Minute) {
			return
		}
		daemonReturns(n)
		n.Change(func(s *simnet.State) { s.Daemon, s.PeersIn = simnet.DaemonWarmingUp, 0 })
		if !pass(ctx, 10*time.Minute) {
			return
		}
		n.Change(func(s *simnet.State) { s.Daemon = simnet.DaemonOK })
		if !pass(ctx, 10*time.Minute) {
			return
		}
		n.Change(func(s *simnet.State) { s.PeersIn = 6 })
	}
	<-ctx.Done()
}

// blockGaps are drawn from the law that blocks follow; every hour comes one of 25 minutes, which
// really comes once in years.
func blockGaps(ctx context.Context, n *Node) {
	n.Change(func(s *simnet.State) { s.AdvanceEvery = 0 })
	random := rand.New(rand.NewPCG(1, 2))
	since := time.Duration(0)
	for {
		gap := time.Duration(random.ExpFloat64() * float64(blockEvery))
		if since > time.Hour {
			gap, since = 25*time.Minute, 0
		}
		since += gap
		if !pass(ctx, gap) {
			return
		}
		n.AddBlock()
	}
}
