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

const listAgeHelp = "Seconds since the smartnode list in use was asked for; it is read again when the tip has moved, at most once a minute. On /probe without a daemon: since the explorer answered."

func newNetwork(c *catalog) updater {
	return &network{
		smartnodes: c.gauge("smartnodes", "Registered smartnodes of the network: enabled (smartnode count), pose_banned, and unpayable for the tier of their collateral (protx list).", "state"),
		penalised:  c.gauge("smartnodes_penalised", "Smartnodes of the network that carry a PoSe penalty and are not banned (protx list)."),
		listAge:    c.gauge("list_age_seconds", listAgeHelp),
		spork:      c.gauge("spork_active", "1 when the spork is in force, by the rule that the daemon applies to it (spork show).", "spork"),
		received:   c.gauge("sporks_received", "1 when any spork differs from its default; 0 may mean that no peer has sent the sporks yet, and such a smartnode misses its duties (spork show)."),
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
	send(out, n.listAge, time.Since(list.Asked).Seconds())
}

// sporkDefault is the value of a spork that nobody has set (spork.cpp).
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

// sporkActive applies the rule of the spork: a time that has come, but for two that are read as a
// choice of quorum types, 0 all and 1 all but the big ones (EvalSpork, llmq/quorums_utils.cpp).
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
