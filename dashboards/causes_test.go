package dashboards

import (
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"raptoreum_exporter/alerts"
)

// Panels of causes.
const (
	why        = "Why the penalty rose"
	trouble90m = "Trouble in the last 90 minutes"
)

// rule is a rule of alerts.yml. An alert has no Record.
type rule struct {
	Record      string            `yaml:"record"`
	Expr        string            `yaml:"expr"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

// rulesOf reads the rules of alerts.yml.
func rulesOf(t *testing.T) (all []rule) {
	t.Helper()
	var file struct {
		Groups []struct {
			Rules []rule `yaml:"rules"`
		} `yaml:"groups"`
	}
	text, err := os.ReadFile("../alerts/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	return all
}

// recordedScenarios returns scenarios in which alerts.yml records the causes of a penalty that rises in minute 90.
func recordedScenarios() []scenario {
	raw := func(changes map[string]string) map[string]string {
		return changed(map[string]string{
			series("up", own): "1x120", "raptoreum_up{" + own + "}": "1x120", series("smartnode_pose_penalty", own): "0x89 66x30", series("sporks_received", own): "1x120",
			series("host_memory_available_bytes", own): "50x120", series("host_memory_total_bytes", own): "100x120", series("daemon_oom_kills_total", own): "0x120",
			series("daemon_start_time_seconds", own): "-9000x120",
		}, changes)
	}
	nothing := sample{`{cause="nothing was seen"}`: nothingSeen}
	return []scenario{
		{"no trouble, and no rise of the penalty", raw(map[string]string{series("smartnode_pose_penalty", own): "0x120"}), map[string]sample{
			why: {`{cause="no rise of the penalty is recorded"}`: noRise}, trouble90m: nothing,
			"Verdict": {`{alert="no alert fires"}`: allOK}, "OK": {"{}": 1}, "Alerts for this smartnode": {"{}": 0}, "Firing alerts": {"{}": 0},
		}},
		{"the penalty rose, and nothing was seen", raw(nil), map[string]sample{
			why: {
				`{cause="nothing was seen that explains it"}`: nothingSeen, `{cause="connections to other members of the quorum"}`: possible,
				`{cause="a second machine that runs with the same key"}`: alsoPossible,
			},
			trouble90m: nothing, "Verdict": {`{alert="SmartnodePoSePenaltyRose"}`: actToday}, "Act today": {"{}": 1},
		}},
		{"several causes, and trouble after the rise", raw(map[string]string{
			"raptoreum_up{" + own + "}": "1x69 0x11 1x38", series("daemon_start_time_seconds", own): "-9000x69 4200x50", series("sporks_received", own): "1x104 0x4 1x10",
			series("host_memory_available_bytes", own): "50x64 5x19 50x36",
			series("port_reachable", paris):            "1x79 0x4 1x35",
		}), map[string]sample{
			why: {
				`{cause="raptoreumd was restarted"}`: afterMinutes + 1, `{cause="memory was low"}`: 20, `{cause="raptoreumd was not ready"}`: 12,
				`{cause="its port was not reachable from outside"}`: 5,
			},
			trouble90m: {
				`{cause="raptoreumd was restarted"}`: afterMinutes + 1, `{cause="memory was low"}`: 20, `{cause="raptoreumd was not ready"}`: 12,
				`{cause="no sporks were received"}`: 5, `{cause="its port was not reachable from outside"}`: 5,
			},
		}},
		{"OOM kills before the rise, seen by an exporter that is down now", raw(map[string]string{
			"raptoreum_up{" + own + "}": "1x99 stale", series("smartnode_pose_penalty", own): "0x89 66x9 stale", series("daemon_oom_kills_total", own): "0x69 1x9 2x19 stale",
			series("up", own): "1x99 0x20",
		}), map[string]sample{
			why: {`{cause="the kernel killed a process because memory ran out"}`: afterMinutes + 2},
		}},
		{"another exporter reports the penalty, too", raw(map[string]string{
			series("smartnode_pose_penalty", paris): "0x89 66x30", series("port_reachable", paris): "1x69 0x9 1x40",
		}), map[string]sample{why: {`{cause="its port was not reachable from outside"}`: 10}}},
		{"the exporter did not answer", raw(map[string]string{series("up", own): "1x49 0x38 1x40"}), map[string]sample{
			why: {`{cause="its exporter did not answer"}`: 37},
		}},
		{"the exporter was installed 20 minutes before the rise, which an outside exporter saw", raw(map[string]string{
			"raptoreum_up{" + own + "}": "_x70 1x60", series("smartnode_pose_penalty", own): "_x70 0x19 66x30", series("smartnode_pose_penalty", paris): "0x89 66x30",
		}), map[string]sample{why: {`{cause="not known: there is too little data of that time"}`: notKnown}}},
		{"no exporter answers", map[string]string{series("up", own): "_x60 0x60"}, map[string]sample{
			why: {`{cause="no rise of the penalty is recorded"}`: noRise}, trouble90m: {`{cause="its exporter did not answer"}`: 61},
		}},
	}
}

// TestCauses checks that each cause that alerts.yml records fits its column, and that texts in place of causes are those of
// the messages.
func TestCauses(t *testing.T) {
	room, found, messages := 0.0, 0, ""
	for _, p := range causePanels() {
		room = p.width() - panelFrame - float64(p.overrides[0].width) - 14
	}
	for _, r := range rulesOf(t) {
		messages += r.Annotations["why"] + "\n"
		if cause := r.Labels["cause"]; cause != "" {
			found++
			if need := 14 * ems(cause); need > room {
				t.Errorf("%q needs %.0f pixels of %.0f", cause, need, room)
			}
			if unit := r.Labels["unit"]; unit != "min" && unit != "times" {
				t.Errorf("%s: unit %q", cause, unit)
			}
		}
	}
	if found < 17 {
		t.Errorf("only %d causes", found)
	}
	messages = strings.Join(strings.Fields(messages), " ")
	for _, text := range []string{"nothing was seen that explains it", "connections to other members of the quorum", "a second machine that runs with the same key"} {
		if !strings.Contains(whyRose(), text) || !strings.Contains(messages, text) {
			t.Errorf("the panel or the messages lack %q", text)
		}
	}
}

// TestRunbooksNamePanels checks that the runbooks of a penalty name the panels of its causes.
func TestRunbooksNamePanels(t *testing.T) {
	panels := causePanels()
	for _, alert := range panels[0].alerts {
		runbook, _ := alerts.Runbook(alert)
		for _, p := range panels {
			if !strings.Contains(string(runbook), `"`+p.title+`"`) {
				t.Errorf("%s does not name the panel %q", alert, p.title)
			}
		}
	}
}
