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

// checkRestarts: heal restarts no daemon that works, and README.md says what it and the script do.
func checkRestarts(t *testing.T, results []result) {
	t.Helper()
	var b strings.Builder
	var script, heal drill.Restarts
	fmt.Fprint(&b, "\n| what happens | check script: restarts that help, that harm | heal: that help, that harm |\n|---|---|---|\n")
	for _, r := range results {
		if r.Heal.Harmful > 0 {
			t.Errorf("%s: heal restarted a daemon that works %d times", r.Name, r.Heal.Harmful)
		}
		if r.Script == (drill.Restarts{}) && r.Heal == (drill.Restarts{}) {
			continue
		}
		what := r.Title
		if r.Quiet {
			what = "nothing is wrong: " + strings.ReplaceAll(r.Name, "-", " ")
		}
		fmt.Fprintf(&b, "| %s | %d, %d | %d, %d |\n", what, r.Script.Right, r.Script.Harmful, r.Heal.Right, r.Heal.Harmful)
		script.Right, script.Harmful = script.Right+r.Script.Right, script.Harmful+r.Script.Harmful
		heal.Right, heal.Harmful = heal.Right+r.Heal.Right, heal.Harmful+r.Heal.Harmful
	}
	fmt.Fprintf(&b, "| all %d | %d, %d | %d, %d |\n\n", len(results), script.Right, script.Harmful, heal.Right, heal.Harmful)
	checkTable(t, restartsBegin, restartsEnd, b.String(), func(old, now string) bool {
		// How often the script acts depends on how long an outage lasts in this run.
		times := regexp.MustCompile(`\| \d+, \d+ \| (\d+, \d+) \|\n`)
		return times.ReplaceAllString(old, "| $1 |") == times.ReplaceAllString(now, "| $1 |")
	})
}
