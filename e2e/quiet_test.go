//go:build e2e

package e2e

import (
	"context"
	"math/rand/v2"
	"time"

	"raptoreum_exporter/internal/simnet"
)

// quiet is what belongs to the life of a healthy node, of which nothing critical may be told.
type quiet struct {
	name string
	live func(context.Context, *node) // until ctx is done
}

// pass waits that long in the rules' time, and says whether ctx is still on.
func pass(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(scaled(d)):
		return true
	}
}

func quietDays() []quiet {
	return []quiet{
		{"nothing-happens", func(ctx context.Context, _ *node) { <-ctx.Done() }},
		{"upgrades", upgrades},
		{"missed-scrapes", func(ctx context.Context, n *node) {
			for pass(ctx, 7*time.Minute) {
				n.missed.Store(1)
			}
		}},
		{"explorer-flaps", func(ctx context.Context, n *node) {
			for down := true; pass(ctx, 4*time.Minute); down = !down {
				n.change(func(s *simnet.State) {
					s.Explorers[0].Mode = simnet.ExplorerOK
					if down {
						s.Explorers[0].Mode = simnet.ExplorerDown
					}
				})
			}
		}},
		{"block-gaps", blockGaps},
		{"penalty-decays", func(ctx context.Context, n *node) { // from 60, a point each 2 blocks
			for pass(ctx, 2*blockEvery) {
				n.change(func(s *simnet.State) { s.Penalty = max(0, s.Penalty-1) })
			}
		}},
	}
}

// upgrades stops the daemon, which warms up for 10 minutes then, twice in the first two hours.
func upgrades(ctx context.Context, n *node) {
	for range 2 {
		if !pass(ctx, 20*time.Minute) {
			return
		}
		daemonDies(n)
		if !pass(ctx, time.Minute) {
			return
		}
		daemonReturns(n)
		n.change(func(s *simnet.State) { s.Daemon, s.PeersIn = simnet.DaemonWarmingUp, 0 })
		if !pass(ctx, 10*time.Minute) {
			return
		}
		n.change(func(s *simnet.State) { s.Daemon = simnet.DaemonOK })
		if !pass(ctx, 10*time.Minute) {
			return
		}
		n.change(func(s *simnet.State) { s.PeersIn = 6 })
	}
	<-ctx.Done()
}

// blockGaps are drawn from the law that blocks follow; every hour comes one of 25 minutes, which
// really comes once in years.
func blockGaps(ctx context.Context, n *node) {
	n.change(func(s *simnet.State) { s.AdvanceEvery = 0 })
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
		n.network.AddBlock()
	}
}
