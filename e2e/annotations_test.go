//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"raptoreum_exporter/dashboards"
	"raptoreum_exporter/internal/drill"
)

// What is marked, and how.
const (
	missed    = "Missed key generation orange"
	ban       = "PoSe ban red"
	revived   = "Revived green"
	restarted = "raptoreumd restarted blue"
)

// marksOf are the annotations of the Smartnode dashboard by outage or quiet day, once that is over, but those of alerts.
func marksOf() map[string][]string {
	return map[string][]string{
		"daemon-killed": {restarted}, "daemon-stopped": {restarted}, "several-down": {restarted}, "oom-killed": {restarted}, "upgrades": {restarted},
		"one-strike": {missed}, "banned": {missed, ban, revived}, "banned-and-killed": {missed, ban, revived, restarted},
	}
}

// checkMarks looks at the annotations of all nodes when everything is over.
func checkMarks(t *testing.T, runs []run, results []result) {
	t.Helper()
	boards, all, now := screens(t), marksOf(), time.Now()
	for i, r := range runs {
		v := viewer{boards, r.stack, r.stack.Prometheus[0], now, r.hit[0].Job, r.hit[0].Name}
		marks, alerts, err := v.marks()
		if want := all[results[i].Name]; err != nil || !slices.Equal(marks, want) {
			t.Errorf("%s: the marks are %q, want %q (%v)", results[i].Name, marks, want, err)
		}
		if r.quiet != nil {
			if results[i].Name == "nothing-happens" && len(alerts) > 0 {
				t.Errorf("%s: the marks are %q", results[i].Name, alerts)
			}
			continue
		}
		for _, a := range r.outage.Want {
			if r.outage.Of == 0 && !slices.Contains(alerts, a.Name+" purple") { // what is about several has no node
				t.Errorf("%s: no mark of %s among %q", results[i].Name, a, alerts)
			}
		}
	}
}

// marks are the annotations of the last hours: their text and colour, those of alerts apart.
func (v viewer) marks() (marks, alerts []string, err error) {
	for _, q := range dashboards.Queries() {
		if q.Dashboard != smartnodeBoard || q.RefID != mark {
			continue
		}
		expr, err := drill.ScaleExpr(fmt.Sprintf("count_over_time((%s)[6h:1m])", dashboards.Expand(q.Expr, v.job, v.node, "")))
		if err != nil {
			return nil, nil, err
		}
		samples, err := v.stack.Ask(v.program, expr, v.at)
		if err != nil {
			return nil, nil, err
		}
		for _, s := range samples {
			shown := v.screens[smartnodeBoard].Annotation(q.Panel, s.Labels)
			if text := shown.Text + " " + shown.Colour; q.Panel == "Alert" {
				alerts = append(alerts, text)
			} else {
				marks = append(marks, text)
			}
		}
	}
	return marks, alerts, nil
}
