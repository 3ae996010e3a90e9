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

// TestOldChain: a chain that is older than a key generation does not know of a ban.
func TestOldChain(t *testing.T) {
	for _, test := range []struct {
		name           string
		age            time.Duration
		banned, theirs float64
		verdict        judge.Verdict
		text           string
	}{
		{"recent", 50 * time.Minute, 0, 1, judge.OK, "penalty 0"},
		{"old", 120 * time.Minute, 0, 1, judge.Critical, "banned according to explorer-1"},
		{"old, and it may be right", 120 * time.Minute, 0, 0, judge.Unknown, "the newest block of raptoreumd is 2 h 0 min old; not banned according to explorer-1"},
		{"old, but a ban does not end", 120 * time.Minute, 1, -1, judge.Critical, "banned and earns nothing"},
		{"old, and the ban was lifted", 120 * time.Minute, 1, 0, judge.Unknown, "the newest block of raptoreumd is 2 h 0 min old; not banned according to explorer-1"},
	} {
		families := []*dto.MetricFamily{
			gauge("raptoreum_up", 1, "node", "n"), gauge("raptoreum_daemon_state", 1, "state", "ready"), gauge("raptoreum_sync_finished", 1, "node", "n"),
			gauge("raptoreum_scrape_collector_success", 1, "collector", "smartnode"), gauge("raptoreum_smartnode_registered", 1, "node", "n"),
			gauge("raptoreum_block_timestamp_seconds", float64(time.Now().Add(-test.age).Unix()), "node", "n"), gauge("raptoreum_smartnode_configured", 1, "node", "n"),
			gauge("raptoreum_smartnode_pose_banned", test.banned, "node", "n"),
		}
		if test.theirs >= 0 {
			families = append(families, gauge("raptoreum_explorer_smartnode_pose_banned", test.theirs, "explorer", "explorer-1"))
		}
		r := judge.Judge(judge.Input{At: time.Now(), Families: families})
		if f := finding(t, r, "PoSe"); f.Verdict != test.verdict || !strings.HasPrefix(f.Text, test.text) {
			t.Errorf("%s: %+v", test.name, f)
		}
	}
}
