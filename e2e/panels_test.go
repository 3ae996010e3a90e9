//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"raptoreum_exporter/dashboards"
	"raptoreum_exporter/internal/drill"
)

// panels are those of the first lines of the Smartnode dashboard.
func panels() []string {
	return []string{"Verdict", "PoSe ban", "Strikes left", "Daemon", "Smartnode", "Port"}
}

// shown is what each of them must show during an outage: the value that its words and colours follow
// from. Verdict: 0 WELL, 1 NOTE, 2 ACT TODAY, 3 ACT NOW. Daemon and Smartnode: 1 is ready, the others are
// the states in the order of their legend, 0 that the exporter is silent. Empty: grey, UNKNOWN.
func shown() map[string][]string {
	return map[string][]string{
		"oom-killed":              {"2", "0", "2", "1", "1", "1"},
		"one-strike":              {"3", "0", "1", "1", "1", "1"},
		"several-down":            {"3", "0", "", "7", "", "0"},
		"password-changed":        {"2", "0", "", "4", "", "1"},
		"daemon-stopped":          {"3", "0", "", "8", "", "0"},
		"explorers-lying":         {"2", "0", "2", "1", "1", "1"},
		"exporter-killed":         {"3", "", "", "0", "", ""},
		"explorers-down":          {"2", "0", "2", "1", "1", "1"},
		"daemon-killed":           {"3", "0", "", "7", "", "0"},
		"address-changed":         {"3", "0", "2", "1", "4", "1"},
		"forked":                  {"3", "0", "2", "1", "1", "1"},
		"banned":                  {"3", "1", "0", "1", "8", "1"},
		"port-closed":             {"2", "0", "2", "1", "1", "0"},
		"port-accepts-and-closes": {"2", "0", "2", "1", "1", "0"},
		"explorer-says-banned":    {"2", "0", "2", "1", "1", "1"},
		"behind":                  {"3", "0", "2", "1", "1", "1"},
		"network-stalled":         {"2", "0", "2", "1", "1", "1"},
		"banned-and-killed":       {"3", "1", "", "7", "", "0"},
		"port-closed-to-all":      {"3", "0", "2", "1", "1", "0"},
	}
}

// panelExpr returns the first query of a panel of the Smartnode dashboard, for a node, on scaled time.
func panelExpr(panel string, n *drill.Node) (string, error) {
	for _, q := range dashboards.Queries() {
		if q.Dashboard == "raptoreum-smartnode" && q.Panel == panel && q.RefID == "A" {
			return drill.ScaleExpr(dashboards.Expand(q.Expr, n.Job, n.Name, ""))
		}
	}
	return "", fmt.Errorf("no panel %q", panel)
}

// look compares the panels with what they must show.
func (out *result) look(r run) {
	want, ok := shown()[r.outage.Name]
	if !ok {
		out.wrong("it has no row in panels_test.go")
		return
	}
	for i, panel := range panels() {
		expr, err := panelExpr(panel, r.hit[0])
		if err != nil {
			out.wrong("%v", err)
			continue
		}
		values, err := r.stack.Values(expr)
		if got := strings.Join(values, " "); err != nil || got != want[i] {
			out.wrong("panel %s shows %q, want %q (%v)", panel, got, want[i], err)
		}
	}
}

// unanswered are the queries of what does not happen to a healthy node, or is not on the fake's machine.
func unanswered() []string {
	return []string{
		"raptoreum-smartnode, Penalty, C",
		"raptoreum-smartnode, Way back, B",
		"raptoreum-smartnode, CPU of raptoreumd, A",
		"raptoreum-smartnode, CPU of raptoreumd, B",
		"raptoreum-smartnode, CPU that is missing, A",
		"raptoreum-smartnode, CPU that is missing, B",
		"raptoreum-smartnode, Memory, A",
		"raptoreum-smartnode, Memory, B",
		"raptoreum-smartnode, Memory, C",
		"raptoreum-smartnode, Memory, D",
		"raptoreum-smartnode, Files open, A",
		"raptoreum-smartnode, Alerts of this node, A",
		"raptoreum-smartnode, Missed DKG, Anno",
		"raptoreum-smartnode, Ban, Anno",
		"raptoreum-smartnode, Revival, Anno",
		"raptoreum-smartnode, Restart, Anno",
		"raptoreum-smartnode, Alert, Anno",
		"raptoreum-fleet, Alerts that fire, A",
	}
}

// checkQueries: no query of any dashboard is an error, and of a healthy node each has an answer but
// the unanswered.
func checkQueries(t *testing.T, runs []run) {
	t.Helper()
	i := slices.IndexFunc(runs, func(r run) bool { return r.quiet != nil && r.quiet.Name == "nothing-happens" })
	healthy, stack := runs[i].hit[0], runs[i].stack
	var empty []string
	for _, q := range dashboards.Queries() {
		expr, err := drill.ScaleExpr(dashboards.Expand(q.Expr, healthy.Job, healthy.Name, ""))
		if err != nil {
			t.Errorf("%s, %s: %v", q.Dashboard, q.Panel, err)
			continue
		}
		values, err := stack.Values(expr)
		if err != nil {
			t.Errorf("%s, %s, %s: %v", q.Dashboard, q.Panel, q.RefID, err)
		}
		if len(values) == 0 {
			empty = append(empty, q.Dashboard+", "+q.Panel+", "+q.RefID)
		}
	}
	t.Logf("%d queries asked", len(dashboards.Queries()))
	if want := unanswered(); !slices.Equal(empty, want) {
		t.Errorf("without an answer of a healthy node:\n%s\nwant:\n%s", strings.Join(empty, "\n"), strings.Join(want, "\n"))
	}
}
