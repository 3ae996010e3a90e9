//go:build e2e

package e2e

import (
	"strings"
	"testing"
)

// checkSlowPanels checks that the dashboards show a slow daemon as slow, never as down. What its other panels
// show depends on the moment, because late answers come and go.
func checkSlowPanels(t *testing.T, runs []run, results []result) {
	t.Helper()
	boards := screens(t)
	for i, r := range runs {
		if name := results[i].Name; r.outage == nil || name != "slow" && name != "catching-up" {
			continue
		}
		v := viewer{boards, r.stack, r.stack.Prometheus[0], results[i].at, r.nodes[0].Job, r.nodes[0].Name}
		for _, want := range []expectation{
			{smartnodeBoard, "Verdict", "DaemonSlow: ACT TODAY orange"},
			{smartnodeBoard, "Daemon", "slow yellow or ready green"},
			{smartnodeBoard, "Ban", "NOT BANNED green"},
			{fleetBoard, "Banned", "0 grey"},
			{fleetBoard, "Act now", "0 grey"},
			{fleetBoard, "Act today", "1 orange"},
			{fleetBoard, "Unknown", "0 grey"},
			{fleetBoard, "Smartnodes", "1"},
			{fleetBoard, "States of the 20 worst nodes", v.node + ": act today orange"},
		} {
			if got, err := v.text(want.board, want.panel); err != nil || !matches(got, want.shows) {
				t.Errorf("%s: %s shows %q, want %q (%v)", v.node, want.panel, got, want.shows, err)
			}
		}
		if states, err := v.text(smartnodeBoard, "Daemon and smartnode states"); err != nil || !matches(strings.SplitN(states, ",", 2)[0], "daemon: slow yellow or daemon: ready green") {
			t.Errorf("%s: states %q (%v)", v.node, states, err)
		}
	}
}
