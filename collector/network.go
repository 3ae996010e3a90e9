package collector

import (
	"context"
	"errors"
	"time"

	"raptoreum_exporter/daemon"
)

type network struct {
	smartnodes, penalised, listAge, spork, received *metric
}

const listAgeHelp = "Age in seconds of the smartnode list in use, which is read again after a new block, at most once a minute, and after a pause of 5 times the duration of the last read; on /probe without a daemon, time since the explorer answered (protx list, or an explorer)."

func newNetwork(c *catalog) updater {
	return &network{
		smartnodes: c.gauge("smartnodes", "Number of registered smartnodes of the network by state: enabled (smartnode count; up to 2 minutes old while raptoreumd is slow), pose_banned, and unpayable, whose collateral is not eligible for payments (protx list).", "state"),
		penalised:  c.gauge("smartnodes_penalised", "Number of smartnodes of the network with a PoSe penalty that are not banned (protx list)."),
		listAge:    c.gauge("list_age_seconds", listAgeHelp),
		spork:      c.late("spork_active", "1 if the spork is active, by the rule that the daemon applies to it (spork show).", "spork"),
		received:   c.late("sporks_received", "1 if any spork differs from its default; 0 may mean that no peer has sent the sporks yet, and a smartnode without them misses its quorum duties (spork show)."),
	}
}

func (n *network) update(ctx context.Context, in *scrape, out *samples) error {
	lockfree, err := in.lockfree(ctx)
	if err != nil {
		return err
	}
	if lockfree.Count.Err == nil {
		send(out, n.smartnodes, *lockfree.Count.Value.Enabled, "enabled")
	}
	if lockfree.Sporks.Err == nil {
		n.sendSporks(out, lockfree.Sporks.Value)
	}
	list, err := in.list(ctx)
	if list != nil {
		n.sendList(out, list)
	}
	return errors.Join(lockfree.Count.Err, lockfree.Sporks.Err, err)
}

func (n *network) sendList(out *samples, list *daemon.List) {
	banned, unpayable, penalised := 0, 0, 0
	for i := range list.Nodes {
		switch s := &list.Nodes[i]; {
		case s.Banned():
			banned++
		case s.PayableKnown && !s.Payable:
			unpayable++
			fallthrough
		default:
			if s.Penalty > 0 {
				penalised++
			}
		}
	}
	send(out, n.smartnodes, banned, "pose_banned")
	send(out, n.smartnodes, unpayable, "unpayable")
	send(out, n.penalised, penalised)
	sendAge(out, n.listAge, list.Asked)
}

// sporkDefault is the value of a spork that was never set (spork.cpp).
const sporkDefault = 4070908800

func (n *network) sendSporks(out *samples, sporks map[string]int64) {
	received := false
	for name, value := range sporks {
		received = received || value != sporkDefault
		if name != sporkFee && len(name) < maxLabel && isSporkName(name) {
			sendFlag(out, n.spork, sporkActive(name, value), name)
		}
	}
	if len(sporks) > 0 {
		sendFlag(out, n.received, received)
	}
}

const (
	sporkFee        = "SPORK_22_SPECIAL_TX_FEE" // holds an amount, not a time
	sporkLowQuorums = "SPORK_21_LOW_LLMQ_PARAMS"
)

// sporkActive applies the rule of the spork. Its value is the time from which it is active, except for two
// sporks that select quorum types: 0 is all, 1 is all but the big ones (EvalSpork, llmq/quorums_utils.cpp).
func sporkActive(name string, value int64) bool {
	if name == "SPORK_23_QUORUM_ALL_CONNECTED" || name == "SPORK_25_QUORUM_POSE" {
		return value == 0 || value == 1
	}
	return value < time.Now().Unix()
}

// isSporkName keeps foreign text out of a label.
func isSporkName(s string) bool {
	for _, r := range s {
		if r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') {
			return false
		}
	}
	return true
}
