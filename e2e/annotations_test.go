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

// Text and colour of the annotations.
const (
	missed    = "Missed key generation orange"
	ban       = "PoSe ban red"
	revived   = "Revived green"
	restarted = "raptoreumd restarted blue"
)

// expectedAnnotations returns the annotations of the smartnode dashboard after each outage or quiet day, except those of alerts.
func expectedAnnotations() map[string][]string {
	return map[string][]string{
		"daemon-killed": {restarted}, "daemon-stopped": {restarted}, "several-down": {restarted}, "oom-killed": {restarted}, "upgrades": {restarted}, "reboots": {restarted},
		"one-strike": {missed}, "banned": {missed, ban, revived}, "banned-and-killed": {missed, ban, revived, restarted},
	}
}

// checkAnnotations checks the annotations of all nodes after all runs.
func checkAnnotations(t *testing.T, runs []run, results []result) {
	t.Helper()
	boards, all, now := screens(t), expectedAnnotations(), time.Now()
	for i, r := range runs {
		v := viewer{boards, r.stack, r.stack.Prometheus[0], now, r.nodes[0].Job, r.nodes[0].Name}
		annotations, alerts, err := v.annotations()
		if want := all[results[i].Name]; err != nil || !slices.Equal(annotations, want) {
			t.Errorf("%s: annotations %q, want %q (%v)", results[i].Name, annotations, want, err)
		}
		if r.quiet != nil {
			if results[i].Name == "nothing-happens" && len(alerts) > 0 {
				t.Errorf("%s: alert annotations %q", results[i].Name, alerts)
			}
			continue
		}
		for _, a := range r.outage.Want {
			if r.outage.Of == 0 && !slices.Contains(alerts, a.Name+" purple") { // alerts about several nodes have no node label
				t.Errorf("%s: no annotation of %s in %q", results[i].Name, a, alerts)
			}
		}
	}
}

// annotations returns text and colour of the annotations of the last 6 hours, separately for alerts.
func (v viewer) annotations() (annotations, alerts []string, err error) {
	for _, q := range dashboards.Queries() {
		if q.Dashboard != smartnodeBoard || q.RefID != annotationRefID {
			continue
		}
		expr, err := drill.ScaleExpr(fmt.Sprintf("count_over_time((%s)[6h:1m])", dashboards.Expand(q.Expr, v.job, v.node, "")))
		if err != nil {
			return nil, nil, err
		}
		samples, err := v.stack.Evaluate(v.program, expr, v.at)
		if err != nil {
			return nil, nil, err
		}
		for _, s := range samples {
			shown := v.screens[smartnodeBoard].Annotation(q.Panel, s.Labels)
			if text := shown.Text + " " + shown.Colour; q.Panel == "Alert" {
				alerts = append(alerts, text)
			} else {
				annotations = append(annotations, text)
			}
		}
	}
	return annotations, alerts, nil
}
