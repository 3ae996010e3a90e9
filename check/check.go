// Package check judges what one look at a smartnode gathered, and says what to do next.
//
// It reads metric families, as /metrics and /probe show them, and nothing else, so it cannot disagree
// with them. Each rule mirrors alerts of alerts/alerts.yml without their patience: what an alert waits
// for is told at once. What a rule needs and nobody knows is Unknown, or not told where it does not
// apply. Left to the alerts are rises and rates, for which one look is too few, and what is about the
// network or the fleet and not about this node. A sync is a warning of no alert: only a slow one has one.
package check

import (
	"time"

	dto "github.com/prometheus/client_model/go"
)

// Verdict is what a check comes to. Its number is the exit code that cron, monit, Nagios and Icinga know.
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

// weight orders verdicts: the heaviest is that of the whole.
func (v Verdict) weight() int {
	return [...]int{0, 2, 3, 1}[v]
}

// Finding is what one rule found.
type Finding struct {
	Section string   `json:"section"` // daemon, chain, smartnode, port, host or version
	Name    string   `json:"name"`
	Verdict Verdict  `json:"verdict"`
	Text    string   `json:"text"`
	Next    []string `json:"next,omitempty"`   // commands to paste, the first one first
	Alerts  []string `json:"alerts,omitempty"` // that say the same: the first has the runbook, the others follow from it
}

// Report is a look, judged.
type Report struct {
	Node     string    `json:"node,omitempty"` // that was looked at from outside; empty: that of this machine
	At       time.Time `json:"at"`
	Verdict  Verdict   `json:"verdict"`
	Findings []Finding `json:"findings"`
}

// Input is what is judged.
type Input struct {
	Families []*dto.MetricFamily
	At       time.Time
	Node     string           // its name, when it was looked at from outside
	Datadir  string           // of raptoreumd; empty: unknown
	Conf     string           // path of its raptoreum.conf; empty: unknown
	ProTx    string           // proTxHash that was asked for; empty: found out
	Errors   map[string]error // of the collectors that failed, by their name
}

// rule is a line of the table. Its judge returns nil where it does not apply.
type rule struct {
	section, name string
	judge         func(*facts) *Finding
}

// table lists the rules in the order of the maintenance guide.
func table() []rule {
	return []rule{
		{"daemon", "raptoreumd", judgeDaemon},
		{"daemon", "restarts", judgeRestarts},
		{"daemon", "warnings", judgeWarnings},
		{"daemon", "heal", judgeHeal},
		{"daemon", "collectors", judgeCollectors},
		{"chain", "sync", judgeSync},
		{"chain", "height", judgeHeight},
		{"chain", "newest block", judgeTip},
		{"chain", "fork", judgeFork},
		{"chain", "explorers", judgeExplorers},
		{"chain", "peers", judgePeers},
		{"smartnode", "smartnode", judgeSmartnode},
		{"smartnode", "PoSe", judgePoSe},
		{"smartnode", "address", judgeAddress},
		{"smartnode", "collateral", judgeCollateral},
		{"smartnode", "payment", judgePayment},
		{"smartnode", "quorum duty", judgeDuty},
		{"smartnode", "explorers' view", judgeViews},
		{"port", "port", judgePort},
		{"port", "identity", judgeIdentity},
		{"host", "memory", judgeMemory},
		{"host", "CPU", judgeCPU},
		{"host", "disk", judgeDisk},
		{"host", "files", judgeFiles},
		{"version", "release", judgeRelease},
	}
}

// Judge applies the rules.
func Judge(l Input) Report {
	f := newFacts(l)
	r := Report{Node: l.Node, At: l.At}
	for _, rule := range table() {
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
