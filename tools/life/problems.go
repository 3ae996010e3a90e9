package life

import (
	"maps"
	"slices"
	"time"

	"github.com/prometheus/alertmanager/alert"
)

// verdict is what was wrong with a message.
type verdict struct {
	at     time.Time
	alert  *alert.Alert
	over   string    // the condition that was over when the message was sent; empty: it never was
	during []string  // what happened then
	since  time.Time // the beginning of it
}

// judge decides whether an alert is true at the time of the first message that has it.
func (o *oracle) judge(a *alert.Alert, now time.Time) bool {
	name, severity, node := string(a.Labels["alertname"]), string(a.Labels["severity"]), string(a.Labels["node"])
	isTrue, over := false, ""
	o.around(now, 2*time.Hour, func(e *episode) {
		ours := e.node == "" || node == "" || e.node == node
		if !ours || !e.explains(name, severity) {
			return
		}
		if e.end.IsZero() || now.Sub(e.end) <= late {
			isTrue = true
		} else {
			over = e.name
		}
	})
	if !isTrue {
		list, since := o.happening(node, now)
		o.false = append(o.false, verdict{at: now, alert: a, over: over, during: list, since: since})
	}
	return isTrue
}

// happening lists what is true about a node and its fleet, what was until an hour ago, and the events: of a node, also
// those that ended within 15 minutes. It also returns when the first of what is true began at the node.
func (o *oracle) happening(name string, now time.Time) (list []string, since time.Time) {
	list, since = slices.Collect(maps.Keys(o.now.now)), now
	o.around(now, time.Hour, func(e *episode) {
		if e.node != "" && e.node != name && name != "" {
			return
		}
		if e.begin.Before(since) && e.node != "" {
			since = e.begin
		}
		if e.end.IsZero() {
			list = append(list, e.name)
		} else {
			list = append(list, "after "+e.name)
		}
	})
	for _, n := range o.now.nodes {
		for _, e := range n.events {
			if n.name == name && e.begin <= o.now.minute && o.now.minute <= e.end+15 {
				list = append(list, e.name)
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list), since
}

// problem is a message that was false when it was sent, or an outage that was not reported.
type problem struct {
	verdict *verdict // of a false message
	missed  *episode
}

// problems returns what was found since the last call.
func (o *oracle) problems() []*problem {
	var list []*problem
	for ; o.shown[0] < len(o.false); o.shown[0]++ {
		list = append(list, &problem{verdict: &o.false[o.shown[0]]})
	}
	for ; o.shown[1] < len(o.done); o.shown[1]++ {
		if e := o.done[o.shown[1]]; e.must != "" && e.visible >= e.after && e.missed() {
			list = append(list, &problem{missed: e})
		}
	}
	return list
}
