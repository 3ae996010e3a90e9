//go:build e2e

package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"raptoreum_exporter/internal/drill"
)

const (
	restartsBegin = "<!-- restarts: made by make drill -->\n"
	restartsEnd   = "<!-- end of restarts -->\n"
)

// checkRestarts checks that heal restarts no working daemon, and that README.md has the restart counts.
func checkRestarts(t *testing.T, results []result) {
	t.Helper()
	var b strings.Builder
	var script, heal drill.Restarts
	fmt.Fprint(&b, "\n| Outage | Check script: helpful, harmful restarts | heal: helpful, harmful restarts |\n|---|---|---|\n")
	for _, r := range results {
		if r.Heal.Harmful > 0 {
			t.Errorf("%s: heal restarted a working daemon %d times", r.Name, r.Heal.Harmful)
		}
		if r.Script == (drill.Restarts{}) && r.Heal == (drill.Restarts{}) {
			continue
		}
		what := r.Title
		if r.Quiet {
			what = "no outage: " + strings.ReplaceAll(r.Name, "-", " ")
		}
		fmt.Fprintf(&b, "| %s | %d, %d | %d, %d |\n", what, r.Script.Helpful, r.Script.Harmful, r.Heal.Helpful, r.Heal.Harmful)
		script.Helpful, script.Harmful = script.Helpful+r.Script.Helpful, script.Harmful+r.Script.Harmful
		heal.Helpful, heal.Harmful = heal.Helpful+r.Heal.Helpful, heal.Harmful+r.Heal.Harmful
	}
	fmt.Fprintf(&b, "| total of %d | %d, %d | %d, %d |\n\n", len(results), script.Helpful, script.Harmful, heal.Helpful, heal.Harmful)
	checkTable(t, restartsBegin, restartsEnd, b.String(), func(old, now string) bool {
		// The number of restarts by the script depends on the duration of the outage in this run.
		times := regexp.MustCompile(`\| \d+, \d+ \| (\d+, \d+) \|\n`)
		return times.ReplaceAllString(old, "| $1 |") == times.ReplaceAllString(now, "| $1 |")
	})
}
