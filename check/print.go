package check

import (
	"fmt"
	"io"
	"strings"

	"raptoreum_exporter/alerts"
	"raptoreum_exporter/config"
	"raptoreum_exporter/internal/text"
	"raptoreum_exporter/judge"
)

// Style says how a report is printed.
type Style struct {
	Color   bool
	Quiet   bool // only problems; nothing for a healthy node
	Program string
}

// paint colors text by verdict. The words carry the same information.
func (s Style) paint(v judge.Verdict, text string) string {
	if !s.Color {
		return text
	}
	return [...]string{"\x1b[32m", "\x1b[33m", "\x1b[1;31m", "\x1b[36m"}[v] + text + "\x1b[0m"
}

// summary returns the first line of a report.
func (s Style) summary(r *judge.Report) string {
	return s.paint(r.Verdict, strings.ToUpper(r.Verdict.String())) + ": " + r.Summary()
}

// Print writes a report for people. Its first line is a summary, which Nagios shows.
func Print(w io.Writer, r *judge.Report, s Style) {
	if s.Quiet && r.Verdict == judge.OK {
		return
	}
	fmt.Fprintln(w, s.summary(r))
	for _, f := range r.Findings {
		if s.Quiet && f.Verdict == judge.OK {
			continue
		}
		fmt.Fprintf(w, "%s  %-9s  %-15s %s\n", s.paint(f.Verdict, fmt.Sprintf("%-8s", f.Verdict)), f.Section, f.Name, f.Text)
		for _, next := range f.Next {
			prompt := r.Node + "$"
			if judge.ForWallet(next) {
				prompt = "in the console of the wallet that pays the fee:"
			}
			fmt.Fprintf(w, "%21s%s %s\n", "", prompt, next)
		}
		if len(f.Alerts) > 0 && f.Verdict != judge.OK {
			fmt.Fprintf(w, "%21sread: %s check --runbook=%s\n", "", s.Program, f.Alerts[0])
		}
	}
}

// PrintRunbook writes the runbook of an alert. The error is about an unknown alert or from w.
func PrintRunbook(w io.Writer, alert string) error {
	runbook, ok := alerts.Runbook(alert)
	if !ok {
		return fmt.Errorf("--runbook: no runbook for %q; --runbook=README lists them", text.Clip(alert, 64))
	}
	_, err := w.Write(runbook)
	if err == nil && strings.Contains(string(runbook), "](README.md") {
		_, err = fmt.Fprintf(w, "\nREADME.md: %s check --runbook=%s\n", config.Program, alerts.Index)
	}
	return err
}
