package alerts_test

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"raptoreum_exporter/internal/tools"
)

// TestTestMessage checks that a test message, of make notify-test too, is not about a smartnode.
func TestTestMessage(t *testing.T) {
	for status, want := range map[string]string{"firing": "Test notification.", "resolved": "RESOLVED Test notification."} {
		labels := data{"alertname": "RaptoreumTest", "node": "test", "severity": "critical"}
		text := render(t, data{
			"receiver": "phone", "status": status, "groupLabels": data{"node": "test"}, "commonLabels": labels,
			"alerts": []data{{"status": status, "startsAt": time.Unix(1750000000, 0), "labels": labels, "annotations": data{"summary": "Test notification.", "description": "No action is required."}}},
		})
		if title, _, _ := strings.Cut(text, "\n"); title != want || strings.Contains(text, "What is wrong now") {
			t.Errorf("%s: want the title %q:\n%s", status, want, text)
		}
	}
}

// longestWhy is the limit of the annotation why, which the templates do not cut.
const longestWhy = 350

// TestLongestWhy checks the annotation why with all events and the 3 longest names of what lasts.
func TestLongestWhy(t *testing.T) {
	var lasting []string
	text := "In the 90 minutes before:"
	_, recorded := readAll(t)
	for _, r := range recorded {
		switch cause := r.Labels["cause"]; r.Labels["unit"] {
		case "times":
			text += " " + cause + " 10 times;"
		case "min":
			lasting = append(lasting, " "+cause+" for 90 min;")
		}
	}
	slices.SortFunc(lasting, func(a, b string) int { return len(b) - len(a) })
	text += strings.Join(lasting[:3], "") + " and 10 more. No more is known: its exporter reported for only 59 of them."
	if len(text) > longestWhy {
		t.Errorf("%d characters, want at most %d: %s", len(text), longestWhy, text)
	}
}

// TestMessageOfOneFact checks the message about a ban that two exporters see: it is one alert, in full and once.
func TestMessageOfOneFact(t *testing.T) {
	ban := func(job string) data {
		return data{
			"status": "firing", "startsAt": time.Unix(1750000000, 0),
			"labels":      data{"alertname": "RaptoreumSmartnodeOneStrikeLeft", "node": "n1", "severity": "critical", "job": job},
			"annotations": data{"summary": "n1 will be banned.", "description": "One miss bans it."},
		}
	}
	text := render(t, data{
		"receiver": "phone", "status": "firing", "alerts": []data{ban("raptoreum"), ban("raptoreum-fleet")}, "groupLabels": data{"node": "n1"},
		"commonLabels": data{"alertname": "RaptoreumSmartnodeOneStrikeLeft", "node": "n1", "severity": "critical"},
	})
	if !strings.HasPrefix(text, "CRITICAL n1 will be banned.\n") || strings.Count(text, "One miss bans it.") != 1 || strings.Contains(text, "in total") {
		t.Errorf("two views of one fact:\n%s", text)
	}
}

// TestMessageWithoutNode checks that a smartnode without the label node has its instance as its name, but not if the
// alerts of one instance are about several nodes.
func TestMessageWithoutNode(t *testing.T) {
	for _, test := range []struct {
		group, first, second data
		title                string
		check                bool
	}{
		{data{}, data{"alertname": "a"}, nil, "CRITICAL 10.0.0.5:10227: raptoreumd does not answer.", true},
		{data{}, data{"alertname": "a"}, data{"alertname": "b"}, "CRITICAL 10.0.0.5:10227: 2 alerts", true},
		{data{"alertname": "a"}, data{"alertname": "a", "node": "n1"}, data{"alertname": "a", "node": "n2"}, "CRITICAL several nodes: 2 alerts", false},
	} {
		common, all := data{"instance": "10.0.0.5:10227", "severity": "critical"}, []data(nil)
		for _, labels := range []data{test.first, test.second} {
			if labels == nil {
				continue
			}
			maps.Copy(labels, common)
			all = append(all, data{"status": "firing", "startsAt": time.Unix(1750000000, 0), "labels": labels, "annotations": data{"summary": "raptoreumd does not answer."}})
		}
		text := render(t, data{"receiver": "phone", "status": "firing", "alerts": all, "groupLabels": test.group, "commonLabels": common})
		if title, _, _ := strings.Cut(text, "\n"); title != test.title || strings.Contains(text, "sudo raptoreum_exporter check") != test.check {
			t.Errorf("want the title %q, and check: %t:\n%s", test.title, test.check, text)
		}
	}
}

// render returns the text of a message.
func render(t *testing.T, message data) string {
	t.Helper()
	content, err := json.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	file := write(t, filepath.Join(t.TempDir(), "data.json"), string(content))
	return run(t, tools.Find(t, "..", "amtool")[0], "template", "render", "--template.glob=templates/*.tmpl", `--template.text={{ template "raptoreum.text" . }}`, "--template.data="+file)
}
