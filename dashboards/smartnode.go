package dashboards

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"raptoreum_exporter/alerts"
)

// one selects the series of the selected node, from the exporter beside it and from fleet exporters.
const one = `job=~"$job",node="$node"`

// nodeMetric selects a metric of the selected node. labels are additional label matchers.
func nodeMetric(name string, labels ...string) string {
	return metricName(name) + "{" + strings.Join(append([]string{one}, labels...), ",") + "}"
}

// metricName adds our prefix unless the metric is Prometheus's own, or a recorded series.
func metricName(name string) string {
	if name == "up" || name == "ALERTS" || strings.Contains(name, ":") {
		return name
	}
	return "raptoreum_" + name
}

// maxOf and minOf aggregate the values from several exporters.
func maxOf(expr string) string { return "max(" + expr + ")" }

func minOf(expr string) string { return "min(" + expr + ")" }

// synced drops series from a daemon that still downloads the chain, because its view is outdated. The
// alerts do the same.
func synced(expr string) string {
	return expr + " unless on (job, instance, node) " + nodeMetric("initial_block_download") + " == 1"
}

// rulesRun has a series while Prometheus evaluates our rules. Without them the absence of alerts means nothing.
const rulesRun = `ALERTS{alertname="RaptoreumWatchdog",alertstate="firing"}`

// self selects the exporter beside the daemon.
const self = `vantage=~"self|"`

// vantageNamed sets the vantage to self where it is missing, which is the exporter beside the daemon.
func vantageNamed(expr string) string {
	return `label_replace(` + expr + `, "vantage", "self", "vantage", "")`
}

func smartnode() board {
	return board{
		file: "smartnode.json", uid: smartnodeUID, title: "Raptoreum smartnode", from: "now-24h",
		description: "One smartnode: whether it earns, and if not, why. The top shows the state; the rows below show the reasons.",
		variables: []variable{
			sourceVariable(), jobVariable(),
			labelValues("node", "Smartnode", "node", `up{job=~"$job",node!=""}`),
			hidden(labelValues("exporter", "Exporter", "instance", `up{`+one+`}`)),
		},
		annotations: smartnodeAnnotations(),
		links:       []link{boardLink("All smartnodes", fleetUID), runbooksLink()},
		rows: []row{
			{"", append(topStates(), topNumbers()...)},
			{"Chain", chainPanels()},
			{"PoSe", append(posePanels(), causePanels()...)},
			{"Port", portPanels()},
			{"Daemon", daemonPanels()},
			{"Resources", append(resourcePanels(), storagePanels()...)},
			{"Peers", peerPanels()},
			{"Payments", append(paymentPanels(), earningsOfOne()...)},
			{"Quorum", quorumPanels()},
			{"Alerts", []panel{alertPanel()}},
		},
	}
}

func smartnodeAnnotations() []annotation {
	banned, penalty := maxOf(synced(nodeMetric("smartnode_pose_banned"))), maxOf(synced(nodeMetric("smartnode_pose_penalty")))
	// The last value known 5 minutes ago, so that a change is marked even after a gap, as while a daemon starts.
	before := func(name string) string { return maxOf("last_over_time(" + nodeMetric(name) + "[1d] offset 5m)") }
	return []annotation{
		{"Missed DKG", "Missed key generation", bad, fmt.Sprintf("%s - %s > %d", penalty, before("smartnode_pose_penalty"), penaltyRise)},
		{"Ban", "PoSe ban", critical, banned + " == 1 and " + before("smartnode_pose_banned") + " == 0"},
		{"Revival", "Revived", good, banned + " == 0 and " + before("smartnode_pose_banned") + " == 1"},
		{"Restart", "raptoreumd restarted", note, maxOf(nodeMetric("daemon_start_time_seconds")) + " - " + before("daemon_start_time_seconds") + fmt.Sprintf(" > %d", startJitter)},
		{"Log event", "raptoreumd logged: {{event}}", bad, loggedEvents()},
		{"Alert", "{{alertname}}", "purple", `max by (alertname) (` + nodeMetric("ALERTS", `alertstate="firing"`, `severity=~"critical|warning"`) + `)`},
	}
}

// loggedEvents are the events that raptoreumd wrote to debug.log within the last 2 minutes, the longest scrape interval.
// A missed key generation and a ban have annotations of their own.
func loggedEvents() string {
	return "time() - max by (event) (" + nodeMetric("debuglog_event_timestamp_seconds", `event=~"shutdown|corruption|disk_space_low"`) + ") < 120"
}

// symptoms are critical alerts that add nothing while one of their causes fires. Alertmanager inhibits
// them too, and the verdict shows what the owner is notified of.
func symptoms() map[string]string {
	return map[string]string{
		"RaptoreumChainStalled":      "RaptoreumNetworkStalled|RaptoreumChainForked|RaptoreumChainBehind",
		"RaptoreumSmartnodeNotReady": "RaptoreumSmartnodePoSeBanned|RaptoreumSmartnodeAddressMismatch|RaptoreumSmartnodeNotConfigured|RaptoreumSmartnodeNotRegistered",
	}
}

// criticals selects the firing critical alerts without symptoms. firing selects firing alerts.
func criticals(firing func(matchers ...string) string) string {
	const severity = `severity="critical"`
	names := slices.Sorted(maps.Keys(symptoms()))
	text := firing(severity, `alertname!~"`+strings.Join(names, "|")+`"`)
	for _, name := range names {
		text += " or " + firing(severity, `alertname="`+name+`"`) + " unless on (node) " + firing(`alertname=~"`+symptoms()[name]+`"`)
	}
	return "(" + text + ")"
}

// verdict is the worst firing alert with its name, or that the daemon is slow. It is ok only while the rules
// are evaluated and an exporter answers.
func verdict() string {
	firing := func(matchers ...string) string {
		return nodeMetric("ALERTS", append(matchers, `alertstate="firing"`)...)
	}
	fired := fmt.Sprintf(`label_replace(%d * %s or %d * %s or %d * %s, "alert", "$1", "alertname", "Raptoreum(.*)")`,
		actNow, criticals(firing), actToday, firing(`severity="warning"`), info, firing(`severity="info"`))
	late := fmt.Sprintf(`label_replace(%d * (%s == 1), "alert", "raptoreumd answers late", "", "")`, slow, nodeMetric("daemon_state", `state="slow"`))
	worst := "topk(1, max by (alert) (" + fired + " or " + late + "))"
	return worst + ` or on () label_replace(0 * max(` + nodeMetric("up") + ` == 1) and on () ` + rulesRun + `, "alert", "no alert fires", "", "")`
}

// recent drops series from a daemon whose newest block is so old that what it says of its smartnode is the past. at is
// " @ end()" for the state at the end of the time range.
func recent(expr, tip, at string) string {
	return fmt.Sprintf("%s unless on (job, instance, node) timestamp(%s%s) - %s%s > %d", expr, tip, at, tip, at, alerts.OldChain)
}

// banState is the state in the chain, else that of an explorer, else the last known ban, because a ban
// never ends by itself while the smartnode is registered. An old "not banned" proves nothing.
func banState() string {
	return maxOf(recent(synced(nodeMetric("smartnode_pose_banned")), nodeMetric("block_timestamp_seconds"), "")) + " or " + maxOf(nodeMetric("explorer_smartnode_pose_banned")) +
		" or " + maxOf("last_over_time("+nodeMetric("smartnode_pose_banned")+"[1d]) unless on (job, instance, node) last_over_time("+
		nodeMetric("smartnode_registered")+"[1d]) == 0") + " == 1"
}

func strikeMappings() []valueMapping {
	return []valueMapping{
		{value: 0, text: "BANNED", colour: critical},
		{value: lastStrike, text: "1: LAST STRIKE", colour: critical},
		{value: lastStrike + 1, to: ptr(1000.0), text: "2: ok", colour: good},
	}
}

// portState is 1 after a successful handshake, 0 after a failed one, and 2 if another smartnode answered.
func portState() string {
	return vantageNamed("min by (vantage) (" + nodeMetric("port_identity_match") + " == 0) + 2 or max by (vantage) (" + nodeMetric("port_reachable") + ")")
}

func topStates() []panel {
	daemon := daemonStates()
	return []panel{
		{
			kind: stat, title: "Verdict", w: 5, h: 4, showNames: true, sizes: &sizes{15, 36},
			description: "The worst firing alert of this smartnode. Normal: OK. Slow: raptoreumd answers late and no alert fires yet; do not restart it. Unknown: no exporter answers, or Prometheus does not evaluate the rules.",
			queries:     []query{{"{{alert}}", verdict()}},
			field:       field{unit: "none", mappings: verdictMappings(), noValue: "UNKNOWN"},
		},
		{
			kind: stat, title: "Ban", w: 3, h: 4, alerts: []string{"RaptoreumSmartnodePoSeBanned"},
			description: "A banned smartnode earns nothing until its owner sends protx update_service. Normal: NOT BANNED. If no daemon reports it, the value comes from an explorer.",
			queries:     []query{{"ban", banState()}},
			field:       field{unit: "none", mappings: yesNo("BANNED", critical, "NOT BANNED", good), noValue: "UNKNOWN"},
		},
		{
			kind: stat, title: "Strikes left", w: 4, h: 4, alerts: []string{"RaptoreumSmartnodeOneStrikeLeft"},
			description: "Missed key generations until the ban. Normal: 2. At 1, the next miss causes a ban.",
			queries:     []query{{"strikes left", minOf(synced(nodeMetric("smartnode_pose_strikes_left")))}},
			field:       field{unit: "none", mappings: strikeMappings(), noValue: "UNKNOWN"},
		},
		{
			kind: gauge, title: "PoSe penalty", w: 4, h: 4, alerts: []string{"RaptoreumSmartnodePoSePenaltyRose", "RaptoreumSmartnodeOneStrikeLeft"},
			description: "Share of the maximum penalty. A missed key generation adds 66 %; every 2 blocks remove one point. 100 % is a ban. Normal: 0 %. From 34 %, the next miss causes a ban.",
			queries:     []query{{"penalty", maxOf(synced(nodeMetric("smartnode_pose_penalty") + " / " + nodeMetric("smartnode_pose_penalty_max")))}},
			field: field{
				unit: "percentunit", decimals: ptr(0), min: ptr(0.0), max: ptr(1.0), noValue: "UNKNOWN",
				steps: limits(step{0.001, minor}, step{lastStrikeShare, critical}),
			},
		},
		{
			kind: stat, title: "Daemon", w: 4, h: 4, alerts: []string{"RaptoreumDaemonDown", "RaptoreumDaemonHung", "RaptoreumDaemonSlow", "RaptoreumExporterDown"},
			description: "State of raptoreumd as seen by its exporter. Normal: ready. Slow: it answers, but some answers take longer than a scrape, and the values shown are up to 2 minutes old. Hung: it accepts connections but does not answer.",
			queries:     []query{{"daemon", daemonState()}},
			field:       field{unit: "none", mappings: daemon.mappings(valueMapping{value: 0, text: "EXPORTER DOWN", colour: critical}), noValue: "NOT MONITORED"},
		},
		{
			kind: stat, title: "Smartnode", w: 4, h: 4, alerts: []string{"RaptoreumSmartnodeNotReady", "RaptoreumSmartnodeNotConfigured"},
			description: "Smartnode state reported by raptoreumd. Normal: ready. Once ready, raptoreumd does not check port, sync or tip again.",
			queries:     []query{{"smartnode", smartnodeState()}},
			field:       field{unit: "none", mappings: smartnodeStates().mappings(valueMapping{value: 0, text: "NOT CONFIGURED", colour: critical}), noValue: "UNKNOWN"},
		},
	}
}

// daemonState is the number of the daemon's state, or 0 while its exporter does not answer.
func daemonState() string {
	return daemonStates().expr(nodeMetric, "daemon_state", "state", "") + " or max(" + nodeMetric("up", self) + ") == 0"
}

// smartnodeState is the number of the smartnode's state, or 0 while the daemon does not run as a smartnode.
func smartnodeState() string {
	return smartnodeStates().expr(nodeMetric, "smartnode_state", "state", "") + " or max(" + nodeMetric("smartnode_configured") + ") == 0"
}
