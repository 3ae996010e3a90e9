package dashboards

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// one selects what is known of the chosen node, from the exporter beside it and from those of a fleet.
const one = `job=~"$job",node="$node"`

// mine is a metric of the chosen node; labels are more of the selector.
func nodeMetric(name string, labels ...string) string {
	return metricName(name) + "{" + strings.Join(append([]string{one}, labels...), ",") + "}"
}

// metricName adds our prefix, unless the metric is Prometheus's own.
func metricName(name string) string {
	if name == "up" || name == "ALERTS" {
		return name
	}
	return "raptoreum_" + name
}

// largest and least make one value of what several exporters say.
func maxOf(expr string) string { return "max(" + expr + ")" }

func minOf(expr string) string { return "min(" + expr + ")" }

// current leaves out what a daemon says that still downloads the chain: its view is an old one. The
// alerts do so too.
func synced(expr string) string {
	return expr + " unless on (job, instance, node) " + nodeMetric("initial_block_download") + " == 1"
}

// rulesRun is there while Prometheus evaluates our rules: without them no alert means nothing.
const rulesRun = `ALERTS{alertname="RaptoreumWatchdog",alertstate="firing"}`

// self selects what the exporter beside the daemon says.
const self = `vantage=~"self|"`

// placeNamed calls the vantage of the exporter beside the daemon self, where it has none.
func placeNamed(expr string) string {
	return `label_replace(` + expr + `, "vantage", "self", "vantage", "")`
}

func smartnode() board {
	return board{
		file: "smartnode.json", uid: smartnodeUID, title: "Raptoreum smartnode", from: "now-24h",
		description: "One smartnode: does it earn, and if not, why. The top says it in words; the rows below say why.",
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
			{"PoSe", posePanels()},
			{"Port", portPanels()},
			{"Daemon", daemonPanels()},
			{"Resources", append(resourcePanels(), storagePanels()...)},
			{"Peers", peerPanels()},
			{"Payments", paymentPanels()},
			{"Quorum", quorumPanels()},
			{"Alerts", []panel{alertPanel()}},
		},
	}
}

func smartnodeAnnotations() []annotation {
	banned, penalty := maxOf(synced(nodeMetric("smartnode_pose_banned"))), maxOf(synced(nodeMetric("smartnode_pose_penalty")))
	// What was known 5 minutes ago: a change is marked even if nobody answered in between, as while a daemon starts.
	before := func(name string) string { return maxOf("last_over_time(" + nodeMetric(name) + "[1d] offset 5m)") }
	return []annotation{
		{"Missed DKG", "Missed key generation", bad, fmt.Sprintf("%s - %s > %d", penalty, before("smartnode_pose_penalty"), penaltyRise)},
		{"Ban", "PoSe ban", critical, banned + " == 1 and " + before("smartnode_pose_banned") + " == 0"},
		{"Revival", "Revived", good, banned + " == 0 and " + before("smartnode_pose_banned") + " == 1"},
		{"Restart", "raptoreumd restarted", note, maxOf(nodeMetric("daemon_start_time_seconds")) + " - " + before("daemon_start_time_seconds") + fmt.Sprintf(" > %d", startJitter)},
		{"Alert", "{{alertname}}", "purple", `max by (alertname) (` + nodeMetric("ALERTS", `alertstate="firing"`, `severity=~"critical|warning"`) + `)`},
	}
}

// symptoms are critical alerts that say nothing more while one of their causes fires: Alertmanager mutes
// them too. A verdict is what the owner is told.
func symptoms() map[string]string {
	return map[string]string{
		"RaptoreumChainStalled":      "RaptoreumNetworkStalled|RaptoreumChainForked|RaptoreumChainBehind",
		"RaptoreumSmartnodeNotReady": "RaptoreumSmartnodePoSeBanned|RaptoreumSmartnodeAddressMismatch|RaptoreumSmartnodeNotConfigured|RaptoreumSmartnodeNotRegistered",
	}
}

// criticals are the critical alerts that fire, without symptoms; firing selects alerts that fire.
func criticals(firing func(matchers ...string) string) string {
	const severity = `severity="critical"`
	names := slices.Sorted(maps.Keys(symptoms()))
	text := firing(severity, `alertname!~"`+strings.Join(names, "|")+`"`)
	for _, name := range names {
		text += " or " + firing(severity, `alertname="`+name+`"`) + " unless on (node) " + firing(`alertname=~"`+symptoms()[name]+`"`)
	}
	return "(" + text + ")"
}

// verdict is the worst alert that fires, by name. Well is it only when the rules run and an exporter
// answers.
func verdict() string {
	firing := func(matchers ...string) string {
		return nodeMetric("ALERTS", append(matchers, `alertstate="firing"`)...)
	}
	worst := fmt.Sprintf(`topk(1, max by (alert) (label_replace(%d * %s or %d * %s or %d * %s, "alert", "$1", "alertname", "Raptoreum(.*)")))`,
		actNow, criticals(firing), actToday, firing(`severity="warning"`), info, firing(`severity="info"`))
	return worst + ` or on () label_replace(0 * max(` + nodeMetric("up") + ` == 1) and on () ` + rulesRun + `, "alert", "no alert fires", "", "")`
}

// banState is what the chain says; else an explorer; else the last that was known of a ban, for a ban
// never ends by itself. A day-old "not banned" is worth nothing.
func banState() string {
	return maxOf(synced(nodeMetric("smartnode_pose_banned"))) + " or " + maxOf(nodeMetric("explorer_smartnode_pose_banned")) +
		" or " + maxOf("last_over_time("+nodeMetric("smartnode_pose_banned")+"[1d])") + " == 1"
}

func strikeMappings() []valueMapping {
	return []valueMapping{
		{value: 0, text: "BANNED", colour: critical},
		{value: lastStrike, text: "1: NEXT BANS", colour: critical},
		{value: lastStrike + 1, to: ptr(1000.0), text: "2: good", colour: good},
	}
}

// portState is 1 after a good handshake, 0 without, and 2 when another smartnode answered.
func portState() string {
	return placeNamed("min by (vantage) (" + nodeMetric("port_identity_match") + " == 0) + 2 or max by (vantage) (" + nodeMetric("port_reachable") + ")")
}

func topStates() []panel {
	daemon := daemonStates()
	return []panel{
		{
			kind: stat, title: "Verdict", w: 5, h: 4, showNames: true, sizes: &sizes{15, 36},
			description: "The worst alert that fires for this node. Normal: WELL. Unknown: no exporter answers, or Prometheus does not run the rules.",
			queries:     []query{{"{{alert}}", verdict()}},
			field:       field{unit: "none", mappings: verdictMappings(), noValue: "UNKNOWN"},
		},
		{
			kind: stat, title: "Ban", w: 3, h: 4, alerts: []string{"RaptoreumSmartnodePoSeBanned"},
			description: "Banned means that the node earns nothing until its owner sends protx update_service. Normal: NO BAN. While no daemon tells, an explorer is asked.",
			queries:     []query{{"ban", banState()}},
			field:       field{unit: "none", mappings: yesNo("BANNED", critical, "NO BAN", good), noValue: "UNKNOWN"},
		},
		{
			kind: stat, title: "Strikes left", w: 4, h: 4, alerts: []string{"RaptoreumSmartnodeOneStrikeLeft"},
			description: "Missed key generations until the ban. Normal: 2. With 1 the next one bans.",
			queries:     []query{{"strikes left", minOf(synced(nodeMetric("smartnode_pose_strikes_left")))}},
			field:       field{unit: "none", mappings: strikeMappings(), noValue: "UNKNOWN"},
		},
		{
			kind: gauge, title: "PoSe penalty", w: 4, h: 4, alerts: []string{"RaptoreumSmartnodePoSePenaltyRose", "RaptoreumSmartnodeOneStrikeLeft"},
			description: "Share of the maximum. A missed key generation adds 66 %, each 2 blocks take a point away. At 100 % is the ban. Normal: 0 %. From 34 % on the next miss bans.",
			queries:     []query{{"penalty", maxOf(synced(nodeMetric("smartnode_pose_penalty") + " / " + nodeMetric("smartnode_pose_penalty_max")))}},
			field: field{
				unit: "percentunit", decimals: ptr(0), min: ptr(0.0), max: ptr(1.0), noValue: "UNKNOWN",
				steps: limits(step{0.001, minor}, step{lastStrikeShare, critical}),
			},
		},
		{
			kind: stat, title: "Daemon", w: 4, h: 4, alerts: []string{"RaptoreumDaemonDown", "RaptoreumDaemonHung", "RaptoreumExporterDown"},
			description: "State of raptoreumd as its exporter sees it. Normal: ready. Hung: it accepts connections and does not answer.",
			queries:     []query{{"daemon", daemonState()}},
			field:       field{unit: "none", mappings: daemon.mappings(valueMapping{value: 0, text: "EXPORTER SILENT", colour: critical}), noValue: "NOT WATCHED"},
		},
		{
			kind: stat, title: "Smartnode", w: 4, h: 4, alerts: []string{"RaptoreumSmartnodeNotReady", "RaptoreumSmartnodeNotConfigured"},
			description: "What raptoreumd says of its smartnode. Normal: ready. It stays ready without looking at port, sync or tip again.",
			queries:     []query{{"smartnode", smartnodeState()}},
			field:       field{unit: "none", mappings: smartnodeStates().mappings(valueMapping{value: 0, text: "NO SMARTNODE", colour: critical}), noValue: "UNKNOWN"},
		},
	}
}

// daemonState is the number of the daemon's state, and 0 while its exporter is silent.
func daemonState() string {
	return daemonStates().expr(nodeMetric, "daemon_state", "state", "") + " or max(" + nodeMetric("up", self) + ") == 0"
}

// smartnodeState is the number of the smartnode's state, and 0 while the daemon runs without one.
func smartnodeState() string {
	return smartnodeStates().expr(nodeMetric, "smartnode_state", "state", "") + " or max(" + nodeMetric("smartnode_configured") + ") == 0"
}
