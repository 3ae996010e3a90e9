package drill

import (
	"context"
	"math/rand/v2"
	"time"

	"raptoreum_exporter/internal/simnet"
)

// Quiet is normal behaviour of a healthy node, which must not cause alerts but these warnings.
type Quiet struct {
	Name     string
	Run      func(context.Context, *Node) // until ctx is done
	Warnings []Alert
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
		{Name: "nothing-happens", Run: func(ctx context.Context, _ *Node) { <-ctx.Done() }},
		{Name: "upgrades", Run: upgrades},
		{Name: "reboots", Run: reboots},
		{Name: "exporter-restarts", Run: exporterRestarts},
		{Name: "missed-scrapes", Run: func(ctx context.Context, n *Node) { // one in five
			for sleep(ctx, 5*time.Minute) {
				n.MissScrape()
			}
		}},
		{Name: "explorer-flaps", Run: func(ctx context.Context, n *Node) {
			for down := true; sleep(ctx, 4*time.Minute); down = !down {
				n.Change(func(s *simnet.State) {
					s.Explorers[0].Mode = simnet.ExplorerOK
					if down {
						s.Explorers[0].Mode = simnet.ExplorerDown
					}
				})
			}
		}},
		{Name: "explorer-lags", Run: explorerLags},
		{Name: "block-gaps", Run: blockGaps, Warnings: warning("ChainStalled", "NetworkStalled")},
		{Name: "network-pauses", Run: networkPauses, Warnings: warning("NetworkStalled")},
		{Name: "penalty-decays", Run: func(ctx context.Context, n *Node) { // one point per 2 blocks, from 60
			for sleep(ctx, 2*blockEvery) {
				n.Change(func(s *simnet.State) { s.Penalty = max(0, s.Penalty-1) })
			}
		}},
	}
}

// upgrades restarts the daemon twice in the first two hours. Each time its stop takes 4 minutes, its process is gone
// for another, and it warms up for 12.
func upgrades(ctx context.Context, n *Node) {
	for range 2 {
		if !sleep(ctx, 20*time.Minute) {
			return
		}
		n.Change(func(s *simnet.State) { s.Daemon, s.Port = simnet.DaemonRefused, simnet.PortClosed })
		if !sleep(ctx, 4*time.Minute) {
			return
		}
		n.removeProcess()
		if !sleep(ctx, time.Minute) || !n.warmUp(ctx, 12*time.Minute) {
			return
		}
	}
	<-ctx.Done()
}

// warmUp starts the daemon after an outage, with peers 10 minutes after its warm-up. It returns false when ctx is done.
func (n *Node) warmUp(ctx context.Context, takes time.Duration) bool {
	daemonReturns(n)
	n.Change(func(s *simnet.State) { s.Daemon, s.PeersIn = simnet.DaemonWarmingUp, 0 })
	if !sleep(ctx, takes) {
		return false
	}
	n.Change(func(s *simnet.State) { s.Daemon = simnet.DaemonOK })
	if !sleep(ctx, 10*time.Minute) {
		return false
	}
	n.Change(func(s *simnet.State) { s.PeersIn = 6 })
	return true
}

// reboots restarts the machine every hour: for 90 seconds nothing on it answers, then the daemon warms up for
// 8 minutes. The modelled heal runs elsewhere, so the machine is back before heal restarts a dead daemon.
func reboots(ctx context.Context, n *Node) {
	for sleep(ctx, 40*time.Minute) {
		daemonDies(n)
		n.kill()
		back := sleep(ctx, 90*time.Second)
		n.serve()
		if !back || !n.warmUp(ctx, 8*time.Minute) {
			return
		}
	}
}

// exporterRestarts restarts the exporter every 15 minutes, which takes half a minute.
func exporterRestarts(ctx context.Context, n *Node) {
	for sleep(ctx, 15*time.Minute) {
		n.kill()
		sleep(ctx, 30*time.Second)
		n.serve()
	}
}

// networkPauses has no block in the whole network for an hour at a time.
func networkPauses(ctx context.Context, n *Node) {
	for every := blockEvery; ; every = blockEvery - every {
		n.Change(func(s *simnet.State) { s.AdvanceEvery = simnet.Duration(Scaled(every)) })
		if !sleep(ctx, time.Hour) {
			return
		}
	}
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
