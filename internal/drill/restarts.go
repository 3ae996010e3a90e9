package drill

import (
	"context"
	"slices"
	"time"

	"raptoreum_exporter/heal"
	"raptoreum_exporter/heal/history"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/internal/simnet"
)

// Restarts counts those that somebody would have made.
type Restarts struct {
	Right   int `json:"right"`   // of a daemon that did not answer, or took no blocks
	Harmful int `json:"harmful"` // of one that worked: it misses the quorum duties of its start
}

// Restarter decides beside a node as the check script and heal do, and restarts nothing: the first
// restart that is right would have helped, and is the last one that is counted.
type Restarter struct {
	Script, Heal Restarts

	node    *Node
	script  Script
	history history.History
	began   time.Time
}

// Restarter looks at the node for the first time, when all is well.
func (n *Node) Restarter(ctx context.Context) *Restarter {
	r := &Restarter{node: n, began: time.Now()}
	r.script.Look(n.seen(ctx))
	r.heals(ctx, 0)
	return r
}

// Until looks on until ctx is done: heal each minute, the script each 15.
func (r *Restarter) Until(ctx context.Context) {
	tick := time.NewTicker(Scaled(time.Minute))
	defer tick.Stop()
	for minute := 1; ; minute++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if r.Heal.Right == 0 {
			r.heals(ctx, minute)
		}
		if time.Duration(minute)*time.Minute%ScriptEvery == 0 && r.Script.Right == 0 && r.script.Look(r.node.seen(ctx)) != Nothing {
			r.count(&r.Script)
		}
	}
}

// heals is one run of heal, of which the rules' clock says when it is.
func (r *Restarter) heals(ctx context.Context, minute int) {
	ctx, cancel := context.WithTimeout(ctx, scrapeTime)
	defer cancel()
	families := r.node.set.Gather(ctx, poll.NoWait).Families
	at := r.began.Add(time.Duration(minute) * time.Minute)
	var decision heal.Decision
	if decision, r.history = heal.Decide(heal.Policy{}, r.history, heal.Observe(families, at)); decision.Action == heal.Restart {
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
		restarts.Right++
	}
}
