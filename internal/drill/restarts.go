package drill

import (
	"context"
	"slices"
	"time"

	"raptoreum_exporter/heal"
	"raptoreum_exporter/internal/history"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/internal/simnet"
)

// Restarts counts restarts that would have been made.
type Restarts struct {
	Helpful int `json:"helpful"` // of a daemon that did not answer or did not accept blocks
	Harmful int `json:"harmful"` // of a working daemon, which then misses its quorum duties
}

// Restarter makes the decisions of the check script and of heal for a node without restarting it. The
// first helpful restart would have fixed the node, so it is the last one counted.
type Restarter struct {
	Script, Heal Restarts

	node    *Node
	script  Script
	history history.History
	began   time.Time
}

// Restarter returns a Restarter after a first check of the healthy node.
func (n *Node) Restarter(ctx context.Context) *Restarter {
	r := &Restarter{node: n, began: time.Now()}
	r.script.Check(n.observe(ctx))
	r.runHeal(ctx, 0)
	return r
}

// Run checks until ctx is done: heal every minute, the script every 15 minutes.
func (r *Restarter) Run(ctx context.Context) {
	tick := time.NewTicker(Scaled(time.Minute))
	defer tick.Stop()
	for minute := 1; ; minute++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if r.Heal.Helpful == 0 {
			r.runHeal(ctx, minute)
		}
		if time.Duration(minute)*time.Minute%ScriptEvery == 0 && r.Script.Helpful == 0 && r.script.Check(r.node.observe(ctx)) != Nothing {
			r.count(&r.Script)
		}
	}
}

// runHeal is one run of heal at the given minute of rule time.
func (r *Restarter) runHeal(ctx context.Context, minute int) {
	ctx, cancel := context.WithTimeout(ctx, scrapeTime)
	defer cancel()
	families := r.node.set.Gather(ctx, poll.NoWait).Families
	at := r.began.Add(time.Duration(minute) * time.Minute)
	o := heal.Observe(families, at)
	o.PidFile = new(true) // a daemon that is gone was killed
	o.CPU = new(0.0)      // one that hangs is idle
	var decision heal.Decision
	if decision, r.history = heal.Decide(heal.Policy{}, r.history, o); decision.Action == heal.Restart {
		r.history = r.history.Begin(at)
		r.count(&r.Heal)
	}
}

func (r *Restarter) count(restarts *Restarts) {
	state := r.node.network.State()
	works := slices.Contains([]simnet.DaemonMode{simnet.DaemonOK, simnet.DaemonUnauthorized, simnet.DaemonForbidden, simnet.DaemonWarmingUp}, state.Daemon)
	if works && !state.Stalled {
		restarts.Harmful++
	} else {
		restarts.Helpful++
	}
}
