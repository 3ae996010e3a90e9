// Package judge judges the metrics of a smartnode that were gathered once, and gives the next step. The check
// command prints its findings, and the web pages show them.
//
// It reads only metric families, the same that /metrics and /probe expose, so it cannot disagree with
// them. Each rule mirrors alerts of alerts/alerts.yml without their "for": it reports at once what an
// alert waits for. A rule that lacks its metrics is Unknown, or reports nothing where it does not apply.
// Increases and rates, which need more than one sample, stay with the alerts, as does what concerns the
// network or the fleet and not this node. A sync is a warning without an alert: only a slow one has one.
package judge

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
)

// Verdict is the result of a check. Its number is the exit code that monit, Nagios and Icinga expect.
type Verdict int

// The verdicts.
const (
	OK Verdict = iota
	Warning
	Critical
	Unknown
)

// String returns the verdict in one word.
func (v Verdict) String() string {
	return [...]string{"ok", "warning", "critical", "unknown"}[v]
}

// MarshalText makes JSON show the word.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// weight orders verdicts: the report has the heaviest one of its findings.
func (v Verdict) weight() int {
	return [...]int{0, 2, 3, 1}[v]
}

// Compare is positive if v is worse than other: unknown is worse than ok, and better than warning.
func (v Verdict) Compare(other Verdict) int { return v.weight() - other.weight() }

// Finding is the result of one rule.
type Finding struct {
	ID      string   `json:"id" help:"stable name"`
	Section string   `json:"section" help:"daemon, chain, smartnode, port, host or version"`
	Name    string   `json:"name" help:"name for people"`
	Verdict Verdict  `json:"verdict" help:"ok, warning, critical or unknown"`
	Text    string   `json:"text" help:"what was found, for people"`
	Next    []string `json:"next,omitempty" help:"next steps: commands to paste, the first one first; those that begin with protx are for the console of the wallet that pays the fee"`
	Alerts  []string `json:"alerts,omitempty" help:"alerts with the same condition: the first has the runbook, the others follow from it"`
}

// ForWallet reports whether a next step is for the console of the wallet that pays the fee, and not for a shell.
func ForWallet(next string) bool { return strings.HasPrefix(next, "protx ") }

// Report is the result of a check.
type Report struct {
	Node     string    `json:"node,omitempty" help:"name of the node that was checked from outside; absent: the one of this machine"`
	At       time.Time `json:"at" help:"when it was checked"`
	Verdict  Verdict   `json:"verdict" help:"the worst of the findings: critical, warning, unknown, ok"`
	Findings []Finding `json:"findings" help:"in the order of the maintenance guide; in /status.json, the worst first"`
}

// Input is what is judged.
type Input struct {
	Families []*dto.MetricFamily
	At       time.Time
	Node     string           // its name, when checked from outside; else empty
	Datadir  string           // of raptoreumd; empty: unknown
	DebugLog string           // path of its debug.log; empty: unknown
	Conf     string           // path of its raptoreum.conf; empty: unknown
	ProTx    string           // proTxHash from the configuration; empty: found automatically
	Errors   map[string]error // of the collectors that failed, by their name
	Waited   time.Duration    // for the main lock of a slow daemon; 0: not given
}

// Judge applies the rules.
func Judge(in Input) Report {
	f := &facts{in}
	r := Report{Node: in.Node, At: in.At}
	for _, rule := range table() {
		if !f.enabled(rule.collector) {
			continue
		}
		finding := rule.judge(f)
		if finding == nil {
			continue
		}
		finding.ID, finding.Section, finding.Name = rule.id, rule.section, rule.name
		r.Findings = append(r.Findings, *finding)
		if finding.Verdict.weight() > r.Verdict.weight() {
			r.Verdict = finding.Verdict
		}
	}
	return r
}

// Summary returns one line: the node, the worst finding and the number of others that are not ok.
func (r *Report) Summary() string { return r.Subject() + ", " + r.Worst() }

// Subject returns what was checked: the node, or this machine.
func (r *Report) Subject() string { return cmp.Or(r.Node, "this machine") }

// Worst returns the Summary without the node.
func (r *Report) Worst() string {
	var worst *Finding
	others := 0
	for i := range r.Findings {
		f := &r.Findings[i]
		switch {
		case f.Verdict == OK:
		case worst == nil:
			worst = f
		case f.Verdict.weight() > worst.Verdict.weight():
			worst = f
			others++
		default:
			others++
		}
	}
	switch {
	case worst == nil:
		return fmt.Sprintf("all %d checks are ok", len(r.Findings))
	case others > 0:
		return fmt.Sprintf("%s: %s (and %d more)", worst.Name, worst.Text, others)
	}
	return fmt.Sprintf("%s: %s", worst.Name, worst.Text)
}
