package collector_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"raptoreum_exporter/collector"
)

// TestHealHistory: nothing is sent where heal is not installed. A file that cannot be read is a failure.
func TestHealHistory(t *testing.T) {
	for _, test := range []struct {
		name, history string // empty: there is no file
		want          map[string]string
	}{
		{"not installed", "", map[string]string{"success": "1"}},
		{"no attempt", `{"version":1,"last_check":"2999-11-22T11:07:00Z","restarts":2,"gave_up":true}`, map[string]string{
			"success": "1", "raptoreum_heal_gave_up": "1", "raptoreum_heal_restarts_total": "2",
			"raptoreum_heal_last_check_timestamp_seconds": "3.250026402e+10",
		}},
		{"its timer is not running", `{"version":1,"last_check":"2026-11-22T11:07:00Z","restarts":2,"gave_up":true}`, map[string]string{
			"success": "1", "raptoreum_heal_restarts_total": "2", "raptoreum_heal_last_check_timestamp_seconds": "1.79534562e+09",
		}},
		{"no check yet", `{"version":1}`, map[string]string{"success": "1", "raptoreum_heal_restarts_total": "0"}},
		{"not a history", `{"version":`, map[string]string{"success": "0"}},
		{"of another version", `{"version":2,"restarts":1}`, map[string]string{"success": "0"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "history.json")
			if test.history != "" {
				if err := os.WriteFile(path, []byte(test.history), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			set := collector.New(collector.Config{Sources: collector.Sources{HealHistory: path}, Enabled: []string{"heal"}})
			got := map[string]string{}
			for line := range strings.Lines(gather(t, set)) {
				name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
				switch {
				case strings.HasPrefix(name, "raptoreum_scrape_collector_success"):
					got["success"] = value
				case strings.HasPrefix(name, "raptoreum_heal_"):
					got[name] = value
				}
			}
			if !maps.Equal(got, test.want) {
				t.Errorf("got %v, want %v, in %v", got, test.want, slices.Sorted(maps.Keys(got)))
			}
		})
	}
}
