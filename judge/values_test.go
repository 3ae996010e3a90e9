package judge_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"raptoreum_exporter/judge"
)

// gauge returns a family of one sample with a label.
func gauge(name string, value float64, label, text string) *dto.MetricFamily {
	return &dto.MetricFamily{Name: ptr(name), Metric: []*dto.Metric{{
		Label: []*dto.LabelPair{{Name: ptr(label), Value: ptr(text)}}, Gauge: &dto.Gauge{Value: ptr(value)},
	}}}
}

// TestValues: what is not gathered is unknown, and slow without an answer is not ready.
func TestValues(t *testing.T) {
	v := judge.NewValues([]*dto.MetricFamily{
		gauge("raptoreum_up", 0, "node", "n"), gauge("raptoreum_daemon_state", 1, "state", "slow"), gauge("raptoreum_scrape_collector_success", 1, "collector", "daemon"),
	}, time.Now())
	if up, known := v.Get("up"); up != 0 || !known || v.Ready() || !v.Unanswered() || v.State("daemon_state", "state") != "slow" {
		t.Errorf("up %g, %t, ready %t, unanswered %t, state %s", up, known, v.Ready(), v.Unanswered(), v.State("daemon_state", "state"))
	}
	if _, known := v.Get("daemon_state", "state", "ready"); known {
		t.Error("a state that was not gathered is known")
	}
}

// TestRules: programs depend on IDs, so each is unique, and a page describes it.
func TestRules(t *testing.T) {
	var ids []string
	for _, r := range judge.Rules() {
		if r.ID == "" || r.Section == "" || r.Name == "" || r.Help == "" || strings.ToLower(r.ID) != r.ID || slices.Contains(ids, r.ID) {
			t.Errorf("%+v", r)
		}
		ids = append(ids, r.ID)
	}
	if len(ids) < 20 {
		t.Errorf("only %d rules", len(ids))
	}
}

func ptr[T any](v T) *T { return &v }

// TestStarting: a start that lasts too long is critical.
func TestStarting(t *testing.T) {
	r := judge.Judge(judge.Input{At: time.Now(), Families: []*dto.MetricFamily{
		gauge("raptoreum_up", 0, "node", "n"), gauge("raptoreum_daemon_state", 1, "state", "warming_up"),
		gauge("raptoreum_scrape_collector_success", 1, "collector", "daemon"),
		gauge("raptoreum_process_start_time_seconds", float64(time.Now().Add(-time.Hour).Unix()), "node", "n"),
	}})
	if f := finding(t, r, "raptoreumd"); f.Verdict != judge.Critical || !strings.Contains(f.Text, "for 60 min") {
		t.Errorf("%+v", f)
	}
}
