//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"raptoreum_exporter/internal/drill"
)

// told is an alert that reached the owner; its times are minutes of the rules.
type told struct {
	drill.Alert
	Arrived  float64 // since the outage began; -1 is never
	Resolved float64 // since the end of the cause; -1 is never, or on a quiet day
}

// result is what came of an outage or of a quiet day.
type result struct {
	Name, Title  string
	Quiet        bool
	at           time.Time // when somebody looked at the dashboards
	Told         []told
	Noticed      drill.Noticed // by what owners had before
	Script, Heal drill.Restarts
	Inhibited    []string
	AlsoOver     []string // of which only the end was told, along with that of their cause
	Wrong        []string // empty: it went as it should
}

// conclude compares what was told of an outage with what had to be.
func (out *result) conclude(r run, inhibited map[drill.Alert]bool, began, ended time.Time) {
	for _, a := range r.outage.Want {
		out.judge(a, r.notices(a), began, ended)
	}
	for _, n := range r.notices(drill.Alert{}) {
		switch {
		case slices.Contains(r.outage.Want, n.Alert):
		case n.Firing:
			out.wrong("%s %s came after %.1f min", n.Node, n.Alert, drill.Minutes(n.At.Sub(began)))
		case !slices.Contains(out.AlsoOver, n.String()):
			out.AlsoOver = append(out.AlsoOver, n.String())
		}
	}
	for _, a := range r.outage.Muted {
		if !inhibited[a] {
			out.wrong("%s was not inhibited", a)
		}
	}
	for a := range inhibited {
		out.Inhibited = append(out.Inhibited, a.String())
	}
	slices.Sort(out.Inhibited)
}

// judge says how an alert that had to come came and went.
func (out *result) judge(a drill.Alert, all []drill.Notice, began, ended time.Time) {
	to := told{a, -1, -1}
	defer func() { out.Told = append(out.Told, to) }()
	if len(all) == 0 {
		out.wrong("%s never came", a)
		return
	}
	to.Arrived = drill.Minutes(all[0].At.Sub(began))
	receiver := map[string]string{"critical": "phone", "warning": "mail"}[a.Severity]
	for i, n := range all {
		switch {
		case n.Receiver != receiver:
			out.wrong("%s went to %s", a, n.Receiver)
		case !n.Firing && n.At.Before(ended):
			out.wrong("%s was resolved before its cause was", a)
		case n.Firing && i > 0 && !all[i-1].Firing:
			out.wrong("%s came back", a)
		}
	}
	if last := all[len(all)-1]; !last.Firing {
		to.Resolved = drill.Minutes(last.At.Sub(ended))
	} else {
		out.wrong("%s was never resolved", a)
	}
}

func (out *result) wrong(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(out.Wrong, text) {
		out.Wrong = append(out.Wrong, text)
	}
}

// checkPost looks at what no single outage shows: the dead man's switch, and the mails.
func checkPost(t *testing.T, runs []run, stacks []*drill.Stack) {
	t.Helper()
	for _, s := range stacks {
		beats := 0
		for _, n := range s.Inbox.Of("") {
			if n.Name == watchdog && n.Receiver == "dead-mans-switch" && n.Firing {
				beats++
			}
		}
		if beats < 3 {
			t.Errorf("the dead man's switch was held %d times", beats)
		}
	}
	for _, r := range runs {
		if r.outage == nil {
			continue
		}
		severity := strings.ToUpper(r.outage.Want[0].Severity)
		for _, subject := range []string{severity + " ", "RESOLVED "} {
			if !slices.ContainsFunc(r.stack.Inbox.Mails(), func(m drill.Mail) bool {
				return strings.HasPrefix(m.Subject, subject+r.outage.Name+": ") || strings.HasPrefix(m.Subject, subject+"several nodes: ")
			}) {
				t.Errorf("%s: no mail with %q", r.outage.Name, subject)
			}
		}
	}
}

// report prints the table and fails the test where something is wrong.
func report(t *testing.T, results []result) {
	t.Helper()
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "what happens\ttold\tafter min\tover after min\tinhibited\tover too\twrong")
	for _, r := range results {
		var names, arrived, resolved []string
		for _, a := range r.Told {
			names = append(names, a.String())
			arrived = append(arrived, fmt.Sprint(a.Arrived))
			resolved = append(resolved, fmt.Sprint(a.Resolved))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.Name, strings.Join(names, ", "), strings.Join(arrived, ", "),
			strings.Join(resolved, ", "), strings.Join(r.Inhibited, ", "),
			strings.Join(r.AlsoOver, ", "), strings.Join(r.Wrong, "; "))
		for _, wrong := range r.Wrong {
			t.Errorf("%s: %s", r.Name, wrong)
		}
	}
	w.Flush()
	t.Logf("\n%s", table.String())
}
