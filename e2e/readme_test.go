//go:build e2e

package e2e

import (
	"flag"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "update the tables of outages in README.md")

const (
	readme     = root + "/README.md"
	tableBegin = "<!-- outages: made by make drill -->\n"
	tableEnd   = "<!-- end of outages -->\n"
)

// checkReadme compares the tables of README.md with the results, or updates them.
func checkReadme(t *testing.T, results []result) {
	t.Helper()
	checkTable(t, tableBegin, tableEnd, tableOf(results), sameTable)
	checkRestarts(t, results)
}

// checkTable compares the text between two markers in README.md with a table, or updates it.
func checkTable(t *testing.T, begins, ends, table string, same func(old, now string) bool) {
	t.Helper()
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begins)
	old, after, ended := strings.Cut(rest, ends)
	if !ok || !ended {
		t.Fatalf("README.md lacks the marker %s", begins)
	}
	t.Log(table)
	if *update {
		if err := os.WriteFile(readme, []byte(before+begins+table+ends+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !same(old, table) {
		t.Errorf("README.md is stale; run make drill. It has:\n%s", old)
	}
}

func tableOf(results []result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n| Outage | Alert | Uptime service (every 5 min) | Check script (every 15 min) |\n|---|---|---|---|\n")
	outages, passed, days, alarms := 0, 0, 0, 0
	for _, r := range results {
		if r.Quiet {
			days++
			alarms += len(r.Failures)
			continue
		}
		outages++
		first := r.Notified[0]
		if len(r.Failures) == 0 {
			passed++
		}
		later := ""
		if i := slices.IndexFunc(r.Notified, func(n notification) bool { return n.Severity == "critical" }); i > 0 && first.Severity != "critical" {
			later = ", critical after " + after(r.Notified[i].Arrived)
		}
		fmt.Fprintf(&b, "| %s | %s, `%s`%s | %s | %s |\n", r.Title, after(first.Arrived), first.Name, later, after(r.Baseline.Uptime), after(r.Baseline.Script))
	}
	fmt.Fprintf(&b, "\nOf %d outages, %d produced exactly the expected alerts and their resolve messages. On %d quiet nodes there were %d false alarms.\n\n",
		outages, passed, days, alarms)
	return b.String()
}

func after(minutes float64) string {
	if minutes < 0 {
		return "never"
	}
	return fmt.Sprintf("%.0f min", math.Ceil(minutes))
}

// sameTable tolerates small differences in times, because a busy machine is slower.
func sameTable(a, b string) bool {
	const slack = 5 // minutes
	number := regexp.MustCompile(`\b\d+ min\b`)
	x, y := number.FindAllString(a, -1), number.FindAllString(b, -1)
	if number.ReplaceAllString(a, "") != number.ReplaceAllString(b, "") || len(x) != len(y) {
		return false
	}
	for i := range x {
		m, _ := strconv.Atoi(strings.TrimSuffix(x[i], " min"))
		n, _ := strconv.Atoi(strings.TrimSuffix(y[i], " min"))
		if max(m, n)-min(m, n) > slack {
			return false
		}
	}
	return true
}
