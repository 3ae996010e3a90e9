//go:build e2e

package e2e

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"raptoreum_exporter/internal/drill"
)

// watcher is the second job of README.md, limited to the metrics that the fleet dashboard uses. Its chain does
// not advance, so other metrics would cause alerts.
func (f *fleet) watcher() map[string]any {
	return map[string]any{
		"job_name": "raptoreum", "static_configs": []any{map[string]any{"targets": []string{f.listen}}},
		"metric_relabel_configs": []any{map[string]any{
			"source_labels": []string{"__name__"}, "action": "keep", "regex": "raptoreum_(block_height|smartnodes|smartnodes_penalised)",
		}},
	}
}

// checkFleetPanels checks the fleet dashboard. All nodes are ok except the banned ones.
func (f *fleet) checkFleetPanels(t *testing.T, s *drill.Stack, p *drill.Program, nodes, banned []string) {
	t.Helper()
	v := viewer{screens: screens(t), stack: s, program: p, at: time.Now()}
	tile := func(n int, colour string) string {
		if n == 0 {
			colour = "grey"
		}
		return fmt.Sprintf("%d %s", n, colour)
	}
	share := fmt.Sprintf("%.1f%%", 100*float64(len(banned))/float64(len(nodes)))
	for _, want := range []expectation{
		{fleetBoard, "Banned", tile(len(banned), "dark-red")},
		{fleetBoard, "Act now", "0 grey"},
		{fleetBoard, "Act today", "0 grey"},
		{fleetBoard, "Slow", "0 grey"},
		{fleetBoard, "Unknown", "0 grey"},
		{fleetBoard, "OK", tile(len(nodes)-len(banned), "green")},
		{fleetBoard, "Smartnodes", fmt.Sprint(len(nodes))},
		{fleetBoard, "Penalised: mine vs. network", "mine: 0.0%, network: 0..20%"},
		{fleetBoard, "Banned: mine vs. network", "mine: " + share + ", network: 0..20%"},
	} {
		if got, err := v.text(want.board, want.panel); err != nil || !matches(got, want.shows) {
			t.Errorf("%s shows %q, want %q (%v)", want.panel, got, want.shows, err)
		}
	}
	order, cells, err := v.rows()
	if err != nil {
		t.Fatal(err)
	}
	if sorted := slices.Sorted(slices.Values(order)); !slices.Equal(sorted, nodes) {
		t.Errorf("the table has rows %v, want %v", sorted, nodes)
	}
	if first := slices.Sorted(slices.Values(order[:len(banned)])); !slices.Equal(first, banned) {
		t.Errorf("the table starts with %v, want %v", first, banned)
	}
	for _, node := range nodes {
		want := map[string]string{
			"State": "ok green", "Penalty": "0%", "Strikes left": "2: ok green", "Port": "reachable green", "Seen from": "paris",
			"Behind by": "-1..1 blocks", "Version": "2.0.3.1", "Unpaid for": "*", "Next payment": "*",
		}
		if slices.Contains(banned, node) {
			want["State"], want["Penalty"], want["Strikes left"] = "BANNED dark-red", "100% red", "BANNED red"
			want["Unpaid for"], want["Next payment"] = "", "" // not in the queue
		}
		for column, shows := range want {
			if got := cells[node][column]; !matches(got, shows) {
				t.Errorf("%s of %s is %q, want %q", column, node, got, shows)
			}
		}
	}
	for _, node := range slices.Compact([]string{nodes[0], cmp.Or(slices.Concat(banned, nodes[:1])...)}) {
		v.node = node
		v.checkFromOutside(t, slices.Contains(banned, node))
	}
	timeline, err := v.text(fleetBoard, "States of the 20 worst nodes")
	for _, node := range banned {
		if err != nil || !strings.Contains(timeline, node+": BANNED dark-red") {
			t.Errorf("states: %s (%v)", timeline, err)
		}
	}
	firing, err := v.read(fleetBoard, "Firing alerts")
	for _, node := range banned {
		if err != nil || !slices.ContainsFunc(firing, func(s displayed) bool {
			return s.labels["node"] == node && s.labels["alertname"] == "RaptoreumSmartnodePoSeBanned" && s.String() == "State: ACT NOW red"
		}) {
			t.Errorf("firing alerts of %s: %v (%v)", node, firing, err)
		}
	}
}

// checkFromOutside checks the smartnode dashboard of a node that has no exporter beside it.
func (v viewer) checkFromOutside(t *testing.T, banned bool) {
	t.Helper()
	want := map[string]string{
		"Verdict": "no alert fires: OK green", "Ban": "NOT BANNED green", "Strikes left": "2: ok green", "PoSe penalty": "penalty: 0% green",
		"Daemon": "NOT MONITORED grey", "Smartnode": "UNKNOWN grey", "Port": "from paris: REACHABLE green", "Next payment": "in about: *, ahead in queue: *",
		"Version": "2.0.3.1: running grey", "Failed handshake phase": "from paris: complete green", "Recovery": "penalty at 0 in: no penalty green",
		"Tip age": notReported, "Peers": notReported, "Safe to restart": "UNKNOWN grey",
	}
	var wantAnnotations []string
	if banned {
		maps.Copy(want, map[string]string{
			"Verdict": "SmartnodePoSeBanned: ACT NOW red", "Ban": "BANNED red", "Strikes left": "BANNED red", "PoSe penalty": "penalty: 100% red",
			"Next payment": "NO ESTIMATE grey", "Recovery": "banned at height: 1..9999999 red",
			"Failed handshake phase": "from paris: complete green or from paris: mnauth yellow", // the result of the last handshake
		})
		wantAnnotations = []string{missed, ban}
	}
	for panel, shows := range want {
		if got, err := v.text(smartnodeBoard, panel); err != nil || !matches(got, shows) {
			t.Errorf("%s of %s shows %q, want %q (%v)", panel, v.node, got, shows, err)
		}
	}
	alerts, err := v.read(smartnodeBoard, "Alerts for this smartnode")
	if listed := slices.ContainsFunc(alerts, func(s displayed) bool {
		return s.labels["alertname"] == "RaptoreumSmartnodePoSeBanned" && s.String() == "State: firing red"
	}); err != nil || listed != banned || !banned && fmt.Sprint(alerts) != "[State: no alerts green]" {
		t.Errorf("alerts of %s: %v (%v)", v.node, alerts, err)
	}
	if annotations, _, err := v.annotations(); err != nil || !slices.Equal(annotations, wantAnnotations) {
		t.Errorf("%s: annotations %q, want %q (%v)", v.node, annotations, wantAnnotations, err)
	}
}

// rows returns the nodes of the fleet table in display order, and their cells by column.
func (v viewer) rows() (nodes []string, cells map[string]map[string]string, err error) {
	all, err := v.read(fleetBoard, fleetTable)
	by, rank := v.screens[fleetBoard].SortedBy(fleetTable), map[string]float64{}
	if by == "" && err == nil {
		err = errors.New("the table is not sorted in descending order")
	}
	cells = map[string]map[string]string{}
	for _, s := range all {
		node := s.labels["node"]
		if cells[node] == nil {
			nodes, cells[node] = append(nodes, node), map[string]string{}
		}
		cells[node][s.Name] = strings.TrimPrefix(s.String(), s.Name+": ")
		if s.Name == by {
			rank[node] = s.value
		}
	}
	slices.SortStableFunc(nodes, func(a, b string) int { return cmp.Compare(rank[b], rank[a]) })
	return nodes, cells, err
}
