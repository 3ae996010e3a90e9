//go:build e2e

package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"raptoreum_exporter/dashboards"
	"raptoreum_exporter/internal/drill"
)

// unanswered lists the queries without a result for a healthy node, and those of a process with its limits,
// which the fake lacks.
func unanswered() []string {
	return []string{
		"raptoreum-smartnode, Height, D", // the fake writes no debug.log
		"raptoreum-smartnode, debug.log, A",
		"raptoreum-smartnode, debug.log, B",
		"raptoreum-smartnode, debug.log, C",
		"raptoreum-smartnode, debug.log, D",
		"raptoreum-smartnode, debug.log, E",
		"raptoreum-smartnode, Penalty, C",
		"raptoreum-smartnode, Recovery, B",
		"raptoreum-smartnode, raptoreumd CPU usage, A",
		"raptoreum-smartnode, CPU starvation, C",
		"raptoreum-smartnode, Memory, A",
		"raptoreum-smartnode, Memory, E",
		"raptoreum-smartnode, Memory, F",
		"raptoreum-smartnode, Open files, A",
		"raptoreum-smartnode, Missed DKG, Anno",
		"raptoreum-smartnode, Ban, Anno",
		"raptoreum-smartnode, Revival, Anno",
		"raptoreum-smartnode, Restart, Anno",
		"raptoreum-smartnode, Log event, Anno",
		"raptoreum-smartnode, Alert, Anno",
	}
}

// checkQueries checks that no dashboard query fails, and that for a healthy node all have a result except
// the unanswered ones.
func checkQueries(t *testing.T, runs []run) {
	t.Helper()
	i := slices.IndexFunc(runs, func(r run) bool { return r.quiet != nil && r.quiet.Name == "nothing-happens" })
	healthy, stack := runs[i].nodes[0], runs[i].stack
	var empty []string
	for _, q := range dashboards.Queries() {
		expr, err := drill.ScaleExpr(dashboards.Expand(q.Expr, healthy.Job, healthy.Name, ""))
		if err != nil {
			t.Errorf("%s, %s: %v", q.Dashboard, q.Panel, err)
			continue
		}
		values, err := stack.EvaluateFirst(expr, time.Now())
		if err != nil {
			t.Errorf("%s, %s, %s: %v", q.Dashboard, q.Panel, q.RefID, err)
		}
		if len(values) == 0 && !strings.Contains(q.Expr, "offset 18m") { // may have no result in the first 18 minutes
			empty = append(empty, q.Dashboard+", "+q.Panel+", "+q.RefID)
		}
	}
	t.Logf("%d queries", len(dashboards.Queries()))
	if want := unanswered(); !slices.Equal(empty, want) {
		t.Errorf("queries without a result for a healthy node:\n%s\nwant:\n%s", strings.Join(empty, "\n"), strings.Join(want, "\n"))
	}
}
