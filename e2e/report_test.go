//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// told is an alert that reached the owner; its times are minutes of the rules.
type told struct {
	alert
	Arrived  float64 `json:"arrived_minutes"`                     // since the outage began; -1 is never
	Resolved float64 `json:"resolved_minutes_after_end_of_cause"` // -1 is never, or on a quiet day
}

// result is what came of an outage or of a quiet day.
type result struct {
	Name      string   `json:"name"`
	Told      []told   `json:"told"`
	Inhibited []string `json:"inhibited"`
	AlsoOver  []string `json:"also_over"` // of which only the end was told, along with that of their cause
	Wrong     []string `json:"wrong"`     // empty: it went as it should
}

// conclude compares what was told of an outage with what had to be.
func (out *result) conclude(r run, inhibited map[alert]bool, began, ended time.Time) {
	for _, a := range r.want {
		out.judge(a, r.notices(a), began, ended)
	}
	for _, n := range r.notices(alert{}) {
		switch {
		case slices.Contains(r.want, n.alert):
		case n.firing:
			out.wrong("%s %s came after %.1f min", n.node, n.alert, minutes(n.at.Sub(began)))
		case !slices.Contains(out.AlsoOver, n.String()):
			out.AlsoOver = append(out.AlsoOver, n.String())
		}
	}
	for _, a := range r.muted {
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
func (out *result) judge(a alert, all []notice, began, ended time.Time) {
	to := told{a, -1, -1}
	defer func() { out.Told = append(out.Told, to) }()
	if len(all) == 0 {
		out.wrong("%s never came", a)
		return
	}
	to.Arrived = minutes(all[0].at.Sub(began))
	receiver := map[string]string{"critical": "phone", "warning": "mail"}[a.Severity]
	for i, n := range all {
		switch {
		case n.receiver != receiver:
			out.wrong("%s went to %s", a, n.receiver)
		case !n.firing && n.at.Before(ended):
			out.wrong("%s was resolved before its cause was", a)
		case n.firing && i > 0 && !all[i-1].firing:
			out.wrong("%s came back", a)
		}
	}
	if last := all[len(all)-1]; !last.firing {
		to.Resolved = minutes(last.at.Sub(ended))
	} else {
		out.wrong("%s was never resolved", a)
	}
}

func (out *result) wrong(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(out.Wrong, text) {
		out.Wrong = append(out.Wrong, text)
	}
}

// minutes of the rules.
func minutes(d time.Duration) float64 {
	return float64((d * scale).Round(6*time.Second)) / float64(time.Minute)
}

// checkPost looks at what no single outage shows: the dead man's switch, and the mails.
func checkPost(t *testing.T, runs []run, stacks []*stack) {
	t.Helper()
	for _, s := range stacks {
		beats := 0
		for _, n := range s.inbox.of("") {
			if n.Name == watchdog && n.receiver == "dead-mans-switch" && n.firing {
				beats++
			}
		}
		if beats < 3 {
			t.Errorf("the dead man's switch was held %d times", beats)
		}
	}
	for _, r := range runs {
		if r.outage == nil || !slices.ContainsFunc(r.want, func(a alert) bool { return a.Severity == "warning" }) {
			continue
		}
		for _, subject := range []string{"Subject: WARNING ", "Subject: over: "} {
			if !r.stack.inbox.mailed(subject+r.outage.name+": ") && !r.stack.inbox.mailed(subject+"several nodes: ") {
				t.Errorf("%s: no mail with %q", r.outage.name, subject)
			}
		}
	}
}

const watchdog = "RaptoreumWatchdog"

// report prints the table, writes it for the drill and fails the test where something is wrong.
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
	data, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll("out", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("out/outages.json", append(data, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}
