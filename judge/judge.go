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
	"fmt"
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

// Finding is the result of one rule.
type Finding struct {
	Section string   `json:"section"` // daemon, chain, smartnode, port, host or version
	Name    string   `json:"name"`
	Verdict Verdict  `json:"verdict"`
	Text    string   `json:"text"`
	Next    []string `json:"next,omitempty"`   // commands to paste, the first one first
	Alerts  []string `json:"alerts,omitempty"` // with the same condition: the first has the runbook, the others follow from it
}

// Report is the result of a check.
type Report struct {
	Node     string    `json:"node,omitempty"` // checked from outside; empty: the one of this machine
	At       time.Time `json:"at"`
	Verdict  Verdict   `json:"verdict"`
	Findings []Finding `json:"findings"`
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

// rule is a line of the table. Its judge returns nil where the rule does not apply. A rule whose collector
// is disabled does not apply either.
type rule struct {
	section, name, collector string
	judge                    func(*facts) *Finding
}

// table lists the rules in the order of the maintenance guide.
func table() []rule {
	return []rule{
		{"daemon", "raptoreumd", "daemon", judgeDaemon},
		{"daemon", "restarts", "daemon", judgeRestarts},
		{"daemon", "warnings", "daemon", judgeWarnings},
		{"daemon", "heal", "heal", judgeHeal},
		{"daemon", "collectors", "", judgeCollectors},
		{"chain", "sync", "sync", judgeSync},
		{"chain", "height", "chain", judgeHeight},
		{"chain", "newest block", "chain", judgeTip},
		{"chain", "fork", "explorer", judgeFork},
		{"chain", "explorers", "explorer", judgeExplorers},
		{"chain", "peers", "peers", judgePeers},
		{"smartnode", "smartnode", "smartnode", judgeSmartnode},
		{"smartnode", "PoSe", "smartnode", judgePoSe},
		{"smartnode", "address", "smartnode", judgeAddress},
		{"smartnode", "collateral", "smartnode", judgeCollateral},
		{"smartnode", "payment", "payments", judgePayment},
		{"smartnode", "quorum duty", "quorum", judgeDuty},
		{"smartnode", "explorers' view", "explorer", judgeViews},
		{"port", "port", "port", judgePort},
		{"port", "identity", "port", judgeIdentity},
		{"host", "memory", "host", judgeMemory},
		{"host", "CPU", "host", judgeCPU},
		{"host", "disk", "datadir", judgeDisk},
		{"host", "files", "process", judgeFiles},
		{"version", "release", "release", judgeRelease},
	}
}

// Judge applies the rules.
func Judge(in Input) Report {
	f := newFacts(in)
	r := Report{Node: in.Node, At: in.At}
	for _, rule := range table() {
		if !f.enabled(rule.collector) {
			continue
		}
		finding := rule.judge(f)
		if finding == nil {
			continue
		}
		finding.Section, finding.Name = rule.section, rule.name
		r.Findings = append(r.Findings, *finding)
		if finding.Verdict.weight() > r.Verdict.weight() {
			r.Verdict = finding.Verdict
		}
	}
	return r
}

// Summary returns one line: the node, the worst finding and the number of others that are not ok.
func (r *Report) Summary() string {
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
	who := "this machine"
	if r.Node != "" {
		who = r.Node
	}
	switch {
	case worst == nil:
		return fmt.Sprintf("%s, all %d checks", who, len(r.Findings))
	case others > 0:
		return fmt.Sprintf("%s, %s: %s (and %d more)", who, worst.Name, worst.Text, others)
	}
	return fmt.Sprintf("%s, %s: %s", who, worst.Name, worst.Text)
}
