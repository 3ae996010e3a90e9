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

// unanswered are the queries of what does not happen to a healthy node, or of a process, which the fake has not.
func unanswered() []string {
	return []string{
		"raptoreum-smartnode, Penalty, C",
		"raptoreum-smartnode, Recovery, B",
		"raptoreum-smartnode, raptoreumd CPU usage, A",
		"raptoreum-smartnode, Memory, A",
		"raptoreum-smartnode, Open files, A",
		"raptoreum-smartnode, Alerts for this smartnode, A",
		"raptoreum-smartnode, Missed DKG, Anno",
		"raptoreum-smartnode, Ban, Anno",
		"raptoreum-smartnode, Revival, Anno",
		"raptoreum-smartnode, Restart, Anno",
		"raptoreum-smartnode, Alert, Anno",
		"raptoreum-fleet, Firing alerts, A",
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
		values, err := stack.Answer(expr, time.Now())
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
