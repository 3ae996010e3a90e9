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

// lateMessage is how long after the end of an outage a message about it may still begin: it was on its way.
const lateMessage = 3 * time.Minute

// notification is an alert that reached the owner. Times are minutes of rule time.
type notification struct {
	drill.Alert
	Arrived  float64 // since the outage began; -1 is never
	Resolved float64 // since the end of the cause; -1 is never, or on a quiet day
}

// result is the result of an outage or of a quiet day.
type result struct {
	Name, Title  string
	Quiet        bool
	at           time.Time // when the dashboards were read
	Notified     []notification
	Baseline     drill.Baseline // from the checks that owners had before
	Script, Heal drill.Restarts
	Inhibited    []string
	AlsoResolved []string // alerts with only a resolve message, along with that of their cause
	Failures     []string // empty if everything was as expected
}

// evaluate compares the notifications of an outage with the expected ones.
func (out *result) evaluate(r run, inhibited map[drill.Alert]bool, began, ended time.Time) {
	for _, a := range r.outage.First {
		out.checkArrival(a, r.notices(a), began)
	}
	for _, a := range r.outage.Want {
		out.checkAlert(a, r.notices(a), began, ended)
	}
	for _, n := range r.notices(drill.Alert{}) {
		switch {
		case n.Firing && n.At.Sub(ended) > drill.Scaled(lateMessage):
			out.fail("%s %s arrived %.1f min after the end", n.Node, n.Alert, drill.Minutes(n.At.Sub(ended)))
		case slices.Contains(slices.Concat(r.outage.First, r.outage.Want), n.Alert):
		case n.Firing:
			out.fail("%s %s arrived after %.1f min", n.Node, n.Alert, drill.Minutes(n.At.Sub(began)))
		case !slices.Contains(out.AlsoResolved, n.String()):
			out.AlsoResolved = append(out.AlsoResolved, n.String())
		}
	}
	for _, a := range r.outage.Inhibited {
		if !inhibited[a] {
			out.fail("%s was not inhibited", a)
		}
	}
	for a := range inhibited {
		out.Inhibited = append(out.Inhibited, a.String())
	}
	slices.Sort(out.Inhibited)
}

// checkArrival checks that an alert arrived that a later one mutes.
func (out *result) checkArrival(a drill.Alert, all []drill.Notice, began time.Time) {
	to := notification{a, -1, -1}
	if len(all) == 0 || !all[0].Firing {
		out.fail("%s never arrived", a)
	} else {
		to.Arrived = drill.Minutes(all[0].At.Sub(began))
	}
	out.Notified = append(out.Notified, to)
}

// checkAlert checks when an expected alert arrived and was resolved.
func (out *result) checkAlert(a drill.Alert, all []drill.Notice, began, ended time.Time) {
	to := notification{a, -1, -1}
	defer func() { out.Notified = append(out.Notified, to) }()
	if len(all) == 0 {
		out.fail("%s never arrived", a)
		return
	}
	to.Arrived = drill.Minutes(all[0].At.Sub(began))
	receiver := map[string]string{"critical": "phone", "warning": "mail"}[a.Severity]
	for i, n := range all {
		switch {
		case n.Receiver != receiver:
			out.fail("%s went to %s", a, n.Receiver)
		case !n.Firing && n.At.Before(ended):
			out.fail("%s was resolved before its cause ended", a)
		case n.Firing && i > 0 && !all[i-1].Firing:
			out.fail("%s fired again", a)
		}
	}
	// The first message after the last that fires: Prometheus sends a resolved alert for another 15 minutes of real time, so
	// each later message of its group repeats it, such as one about another node's stall.
	resolved := len(all)
	for resolved > 0 && !all[resolved-1].Firing {
		resolved--
	}
	if resolved < len(all) {
		to.Resolved = drill.Minutes(all[resolved].At.Sub(ended))
	} else {
		out.fail("%s was never resolved", a)
	}
}

func (out *result) fail(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(out.Failures, text) {
		out.Failures = append(out.Failures, text)
	}
}

// checkMessages checks the dead man's switch and the mails.
func checkMessages(t *testing.T, runs []run, stacks []*drill.Stack) {
	t.Helper()
	for _, s := range stacks {
		beats := 0
		for _, n := range s.Inbox.Of("") {
			if n.Name == watchdog && n.Receiver == "dead-mans-switch" && n.Firing {
				beats++
			}
		}
		if beats < 3 {
			t.Errorf("the dead man's switch received %d messages", beats)
		}
	}
	for _, r := range runs {
		if r.outage == nil {
			continue
		}
		severity := strings.ToUpper(slices.Concat(r.outage.First, r.outage.Want)[0].Severity)
		for _, subject := range []string{severity + " ", "RESOLVED "} {
			if !slices.ContainsFunc(r.stack.Inbox.Mails(), func(m drill.Mail) bool {
				after, found := strings.CutPrefix(m.Subject, subject+r.outage.Name)
				return found && strings.ContainsAny(after[:min(1, len(after))], ": ") || strings.HasPrefix(m.Subject, subject+"several nodes: ")
			}) {
				t.Errorf("%s: no mail with %q", r.outage.Name, subject)
			}
		}
	}
}

// report prints the table of results and fails the test for every failure.
func report(t *testing.T, results []result) {
	t.Helper()
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "outage\talerts\tafter min\tresolved after min\tinhibited\talso resolved\tfailures")
	for _, r := range results {
		var names, arrived, resolved []string
		for _, a := range r.Notified {
			names = append(names, a.String())
			arrived = append(arrived, fmt.Sprint(a.Arrived))
			resolved = append(resolved, fmt.Sprint(a.Resolved))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.Name, strings.Join(names, ", "), strings.Join(arrived, ", "),
			strings.Join(resolved, ", "), strings.Join(r.Inhibited, ", "),
			strings.Join(r.AlsoResolved, ", "), strings.Join(r.Failures, "; "))
		for _, failure := range r.Failures {
			t.Errorf("%s: %s", r.Name, failure)
		}
	}
	w.Flush()
	t.Logf("\n%s", table.String())
}
