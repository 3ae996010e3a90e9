package alerts_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"raptoreum_exporter/internal/tools"
)

// TestTestMessage checks that a test message, of make notify-test too, is not about a smartnode.
func TestTestMessage(t *testing.T) {
	amtool := tools.Find(t, "..", "amtool")[0]
	for status, want := range map[string]string{"firing": "Test notification.", "resolved": "RESOLVED Test notification."} {
		labels := data{"alertname": "RaptoreumTest", "node": "test", "severity": "critical"}
		message, err := json.Marshal(data{
			"receiver": "phone", "status": status, "groupLabels": data{"node": "test"}, "commonLabels": labels,
			"alerts": []data{{"status": status, "startsAt": time.Unix(1750000000, 0), "labels": labels, "annotations": data{"summary": "Test notification.", "description": "No action is required."}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		file := write(t, filepath.Join(t.TempDir(), "data.json"), string(message))
		text := run(t, amtool, "template", "render", "--template.glob=templates/*.tmpl", `--template.text={{ template "raptoreum.text" . }}`, "--template.data="+file)
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
