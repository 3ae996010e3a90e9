package drill

import (
	"context"
	"math/rand/v2"
	"time"

	"raptoreum_exporter/internal/simnet"
)

// Quiet is normal behaviour of a healthy node, which must not cause critical alerts.
type Quiet struct {
	Name string
	Run  func(context.Context, *Node) // until ctx is done
}

// sleep waits for a duration of rule time and reports whether ctx is still active.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(Scaled(d)):
		return true
	}
}

// QuietDays returns all scripted quiet days.
func QuietDays() []Quiet {
	return []Quiet{
		{"nothing-happens", func(ctx context.Context, _ *Node) { <-ctx.Done() }},
		{"upgrades", upgrades},
		{"missed-scrapes", func(ctx context.Context, n *Node) {
			for sleep(ctx, 7*time.Minute) {
				n.MissScrape()
			}
		}},
		{"explorer-flaps", func(ctx context.Context, n *Node) {
			for down := true; sleep(ctx, 4*time.Minute); down = !down {
				n.Change(func(s *simnet.State) {
					s.Explorers[0].Mode = simnet.ExplorerOK
					if down {
						s.Explorers[0].Mode = simnet.ExplorerDown
					}
				})
			}
		}},
		{"explorer-lags", explorerLags},
		{"block-gaps", blockGaps},
		{"penalty-decays", func(ctx context.Context, n *Node) { // one point per 2 blocks, from 60
			for sleep(ctx, 2*blockEvery) {
				n.Change(func(s *simnet.State) { s.Penalty = max(0, s.Penalty-1) })
			}
		}},
	}
}

// upgrades restarts the daemon twice in the first two hours. Each time it warms up for 10 minutes.
func upgrades(ctx context.Context, n *Node) {
	for range 2 {
		if !sleep(ctx, 20*time.Minute) {
			return
		}
		daemonDies(n)
		if !sleep(ctx, time.Minute) {
			return
		}
		daemonReturns(n)
		n.Change(func(s *simnet.State) { s.Daemon, s.PeersIn = simnet.DaemonWarmingUp, 0 })
		if !sleep(ctx, 10*time.Minute) {
			return
		}
		n.Change(func(s *simnet.State) { s.Daemon = simnet.DaemonOK })
		if !sleep(ctx, 10*time.Minute) {
			return
		}
		n.Change(func(s *simnet.State) { s.PeersIn = 6 })
	}
	<-ctx.Done()
}

// blockGaps draws block intervals from the exponential distribution. Every hour it adds one of 25 minutes,
// which in reality occurs once in years.
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
		if !sleep(ctx, gap) {
			return
		}
		n.AddBlock()
	}
}
