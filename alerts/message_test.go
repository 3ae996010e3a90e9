package alerts_test

import (
	"encoding/json"
	"path/filepath"
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
