//go:build e2e

package e2e

import (
	"flag"
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of outages in README.md anew")

const (
	readme     = root + "/README.md"
	tableBegin = "<!-- outages: made by make drill -->\n"
	tableEnd   = "<!-- end of outages -->\n"
)

// checkReadme compares the tables of README.md with what happened, or writes them.
func checkReadme(t *testing.T, results []result) {
	t.Helper()
	checkTable(t, tableBegin, tableEnd, tableOf(results), sameTable)
	checkRestarts(t, results)
}

// checkTable compares what README.md has between two marks with a table, or writes that there.
func checkTable(t *testing.T, begins, ends, table string, same func(old, now string) bool) {
	t.Helper()
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begins)
	old, after, ended := strings.Cut(rest, ends)
	if !ok || !ended {
		t.Fatalf("README.md has no place for %s", begins)
	}
	t.Log(table)
	if *update {
		if err := os.WriteFile(readme, []byte(before+begins+table+ends+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !same(old, table) {
		t.Errorf("README.md says otherwise; make drill writes it anew. There:\n%s", old)
	}
}

func tableOf(results []result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n| what happens | told, by which alert | uptime service, each 5 min | check script, each 15 min |\n|---|---|---|---|\n")
	outages, told, days, alarms := 0, 0, 0, 0
	for _, r := range results {
		if r.Quiet {
			days++
			alarms += len(r.Wrong)
			continue
		}
		outages++
		first := r.Told[0]
		if len(r.Wrong) == 0 {
			told++
		}
		fmt.Fprintf(&b, "| %s | %s, `%s` | %s | %s |\n", r.Title, after(first.Arrived), first.Name, after(r.Noticed.Uptime), after(r.Noticed.Script))
	}
	fmt.Fprintf(&b, "\nOf %d outages %d were told as they should, of each its end too and nothing else; on %d quiet nodes were %d false alarms.\n\n",
		outages, told, days, alarms)
	return b.String()
}

func after(minutes float64) string {
	if minutes < 0 {
		return "never"
	}
	return fmt.Sprintf("%.0f min", math.Ceil(minutes))
}

// sameTable lets the times of a run differ a little: a busy machine is late.
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
