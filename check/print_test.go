package check_test

import (
	"strings"
	"testing"

	"raptoreum_exporter/check"
	"raptoreum_exporter/judge"
)

// TestPrintColor: colors only repeat the words, and the reset follows each.
func TestPrintColor(t *testing.T) {
	r := judge.Report{Node: "paris-1", Verdict: judge.Critical, Findings: []judge.Finding{
		{Section: "port", Name: "port", Verdict: judge.Critical, Text: "closed", Alerts: []string{"RaptoreumPortUnreachable"}},
	}}
	var plain, colored strings.Builder
	check.Print(&plain, &r, check.Style{Program: "x"})
	check.Print(&colored, &r, check.Style{Program: "x", Color: true})
	got := colored.String()
	if strings.Count(got, "\x1b[1;31m") != 2 || strings.Count(got, "\x1b[0m") != 2 {
		t.Errorf("%q", got)
	}
	if got = strings.NewReplacer("\x1b[1;31m", "", "\x1b[0m", "").Replace(got); got != plain.String() {
		t.Errorf("colored:\n%s\nplain:\n%s", got, &plain)
	}
}

// TestPrintRunbook: of a known alert; an unknown one is a clear error.
func TestPrintRunbook(t *testing.T) {
	var out strings.Builder
	if err := check.PrintRunbook(&out, "RaptoreumPortUnreachable"); err != nil || !strings.HasPrefix(out.String(), "# RaptoreumPortUnreachable\n") {
		t.Errorf("%v\n%s", err, out.String())
	}
	if err := check.PrintRunbook(&out, "../x"); err == nil || !strings.Contains(err.Error(), `no runbook for "../x"; --runbook=README lists them`) {
		t.Errorf("%v", err)
	}
}
