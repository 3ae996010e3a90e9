package dashboards

import "fmt"

// syncTime is the remaining time of the chain download in seconds at its current rate; 0 if none runs.
func syncTime() string {
	return "clamp_min(" + maxOf(nodeMetric("header_height")) + " - " + maxOf(nodeMetric("block_height")) + ", 0) / (" +
		maxOf("deriv("+nodeMetric("block_height")+"[15m])") + " > 0) and on () " + maxOf(nodeMetric("initial_block_download")) + " == 1 or " +
		maxOf(nodeMetric("initial_block_download")) + " == 0"
}

func chainPanels() []panel {
	return []panel{
		{
			kind: graph, title: "Height", w: 7, h: 8, alerts: []string{"RaptoreumChainBehind", "RaptoreumChainForked"},
			description: "Block height of this node, of the median peer and of each explorer. Normal: the lines coincide. The height in debug.log is also known while RPC warms up, is slow or hangs.",
			queries: []query{
				{"own", maxOf(nodeMetric("block_height"))},
				{"peers", maxOf(nodeMetric("peers_median_height"))},
				{"{{explorer}}", "max by (explorer) (" + nodeMetric("explorer_block_height") + ")"},
				{"debug.log", maxOf(nodeMetric("debuglog_block_height"))},
			},
			field:     field{unit: "none"},
			overrides: []override{{"debug.log", field{dashed: true}}},
		},
		{
			kind: graph, title: "Tip age", w: 5, h: 8, showLimits: true, alerts: []string{"RaptoreumChainStalled"},
			description: "Age of the newest block. Normal: under 10 minutes; over 20 about once a month. Not shown while the chain is downloaded.",
			queries:     []query{{"age", "time() - " + maxOf(synced(nodeMetric("block_timestamp_seconds")))}},
			field:       field{unit: "s", steps: limits(step{tipOld, bad}, step{tipVeryOld, critical})},
		},
		{
			kind: stat, title: "Sync", w: 6, h: 8, showNames: true, vertical: true, sizes: detail(), alerts: []string{"RaptoreumSyncSlow", "RaptoreumChainForked"},
			description: "Progress and remaining time of the chain download, the smartnode sync that follows, and whether the explorers have the same chain. Normal: 100 %, done, done, same.",
			queries: []query{
				{"verified", maxOf(nodeMetric("verification_progress_ratio"))},
				{"time left", syncTime()},
				{"smartnode sync", maxOf(nodeMetric("sync_finished"))},
				{"explorers' chain", minOf(nodeMetric("explorer_chain_match"))},
			},
			field: field{unit: "percentunit", decimals: ptr(1), colour: plain, noValue: "UNKNOWN"},
			overrides: []override{
				{"time left", field{unit: "s", mappings: []valueMapping{{value: 0, text: "done", colour: good}}}},
				{"smartnode sync", field{unit: "none", mappings: yesNo("done", good, "NOT DONE", bad)}},
				{"explorers' chain", field{unit: "none", mappings: yesNo("same", good, "DIFFERENT", critical)}},
			},
		},
		debugLogPanel(),
	}
}

// debugLogPanel shows the progress that raptoreumd logs. It does not need RPC.
func debugLogPanel() panel {
	since := func(name string, labels ...string) string { return "time() - " + maxOf(nodeMetric(name, labels...)) }
	return panel{
		kind: stat, title: "debug.log", w: 6, h: 8, showNames: true, vertical: true, sizes: detail(),
		alerts:      []string{"RaptoreumDaemonStuckWarmingUp", "RaptoreumDaemonHung", "RaptoreumDaemonSlow", "RaptoreumSmartnodePoSePenaltyRose"},
		description: "The last new tip in debug.log, also while RPC warms up, is slow or hangs, and the time since the tip, the last line, and the last PoSe punishment of this smartnode. Normal: 100 %, a tip within minutes, no punishment. A raptoreumd that logs new tips is not hung.",
		queries: []query{
			{"height", maxOf(nodeMetric("debuglog_block_height"))},
			{"progress", maxOf(nodeMetric("debuglog_progress_ratio"))},
			{"last tip", since("debuglog_tip_timestamp_seconds")},
			{"last line", since("debuglog_last_write_timestamp_seconds")},
			{"last punished", since("debuglog_event_timestamp_seconds", `event="pose_punished"`)},
		},
		field: field{unit: "s", decimals: ptr(1), colour: plain, noValue: "NOT READABLE"},
		overrides: []override{
			{"height", field{unit: "none", decimals: ptr(0)}},
			{"progress", field{unit: "percentunit", decimals: ptr(1)}},
			{"last punished", field{colour: bad}},
		},
	}
}

// decayed is the penalty of an hour ago minus the decay since then, one point per 2 blocks. A higher
// penalty means a missed key generation.
func decayed() string {
	return "clamp_min(" + maxOf(nodeMetric("smartnode_pose_penalty")+" offset 1h") + " - (" + maxOf(nodeMetric("block_height")) + " - " +
		maxOf(nodeMetric("block_height")+" offset 1h") + ") / 2, 0)"
}

func posePanels() []panel {
	return []panel{
		{
			kind: graph, title: "Penalty", w: 12, h: 8, alerts: []string{"RaptoreumSmartnodePoSePenaltyRose", "RaptoreumSmartnodeViewsDisagree"},
			description: "PoSe points according to this node and to each explorer. Normal: 0. \"expected from decay\" is the penalty of an hour ago minus the decay since then. A penalty above it means a missed key generation.",
			queries: []query{
				{"own", maxOf(synced(nodeMetric("smartnode_pose_penalty")))},
				{"ban at", maxOf(synced(nodeMetric("smartnode_pose_penalty_max")))},
				{"expected from decay", decayed()},
				{"{{explorer}}", "max by (explorer) (" + nodeMetric("explorer_smartnode_pose_penalty") + ")"},
			},
			field: field{unit: "suffix:points", min: ptr(0.0)},
			overrides: []override{
				{"own", field{colour: bad}}, {"ban at", field{colour: critical, dashed: true}}, {"expected from decay", field{colour: note, dashed: true}},
			},
		},
		{
			kind: timeline, title: "Strikes left over time", w: 8, h: 8, alerts: []string{"RaptoreumSmartnodeOneStrikeLeft", "RaptoreumSmartnodePoSeBanned"},
			description: "Missed key generations until the ban, over time. Normal: 2 throughout.",
			queries:     []query{{"strikes", minOf(synced(nodeMetric("smartnode_pose_strikes_left")))}},
			field:       field{unit: "none", mappings: strikeMappings()},
		},
		{
			kind: stat, title: "Recovery", w: 4, h: 8, showNames: true, vertical: true, sizes: detail(),
			description: "Time until the penalty decays to 0 if nothing else happens, and the block height of a ban. A ban does not decay. Normal: no penalty, no ban.",
			queries: []query{
				{"penalty at 0 in", maxOf(synced(nodeMetric("smartnode_pose_decay_seconds")))},
				{"banned at height", maxOf(synced(nodeMetric("smartnode_pose_ban_height")))},
			},
			field:     field{unit: "s", decimals: ptr(1), colour: plain, noValue: "UNKNOWN", mappings: []valueMapping{{value: 0, text: "no penalty", colour: good}}},
			overrides: []override{{"banned at height", field{unit: "none", decimals: ptr(0), colour: critical}}},
		},
	}
}

func portPanels() []panel {
	failed := portPhases()
	return []panel{
		{
			kind: graph, title: "Handshake phases", w: 12, h: 7,
			description: "Duration of each completed phase, by vantage. Normal: under a second each. Peers disconnect from slow nodes.",
			queries:     []query{{"{{phase}} from {{vantage}}", vantageNamed("max by (phase, vantage) (" + nodeMetric("port_phase_duration_seconds") + ")")}},
			field:       field{unit: "s"},
		},
		{
			kind: timeline, title: "Failed handshake phase", w: 12, h: 7, alerts: []string{"RaptoreumPortUnreachable"},
			description: "Phase in which the handshake failed, by vantage. Normal: complete. connect: firewall, provider, address. version: not synced, hung, or another service. mnauth: it answers but does not identify its smartnode.",
			queries: []query{{"from {{vantage}}", vantageNamed(failed.expr(nodeMetric, "port_failed_phase", "phase", " by (vantage)") +
				" or 0 * max by (vantage) (" + nodeMetric("port_failed_phase") + ")")}},
			field: field{unit: "none", mappings: failed.mappings(valueMapping{value: 0, text: "complete", colour: good})},
		},
	}
}

func daemonPanels() []panel {
	return []panel{
		{
			kind: timeline, title: "Daemon and smartnode states", w: 11, h: 7, alerts: []string{"RaptoreumDaemonDown", "RaptoreumSmartnodeNotReady"},
			description: "States of raptoreumd and of its smartnode over time. Normal: both ready. Slow: it answers late. Hung: it does not answer.",
			queries:     []query{{"daemon", daemonState()}, {"smartnode", smartnodeState()}},
			field:       field{unit: "none", mappings: daemonStates().mappings(valueMapping{value: 0, text: "exporter down", colour: critical})},
			overrides:   []override{{"smartnode", field{mappings: smartnodeStates().mappings(valueMapping{value: 0, text: "not configured", colour: critical})}}},
		},
		{
			kind: graph, title: "RPC latency", w: 8, h: 7, alerts: []string{"RaptoreumDaemonHung", "RaptoreumDaemonSlow", "RaptoreumDaemonBusy"},
			description: "Time that raptoreumd took to answer each batch of RPC calls. Normal: milliseconds. A call that runs for minutes blocks an RPC worker until raptoreumd is restarted. Age of answers: the oldest of those shown; of a slow raptoreumd up to 2 minutes.",
			queries: []query{
				{"{{batch}}", "max by (batch) (" + nodeMetric("daemon_rpc_duration_seconds") + ")"},
				{"longest running call", maxOf(nodeMetric("daemon_rpc_longest_command_seconds"))},
				{"age of answers", maxOf(nodeMetric("daemon_answer_age_seconds"))},
			},
			field: field{unit: "s"},
			overrides: []override{
				{"lockfree", field{displayName: "lock-free calls"}},
				{"mainlock", field{displayName: "chain"}},
				{"node", field{displayName: "smartnode"}},
				{"dkgstatus", field{displayName: "key generation"}},
				{"list", field{displayName: "smartnode list"}},
			},
		},
		{
			kind: stat, title: "Uptime", w: 5, h: 7, showNames: true, vertical: true, sizes: detail(), alerts: []string{"RaptoreumDaemonRestarting"},
			description: "Time since raptoreumd started, its restarts in the last hour, and the age of the oldest answer shown. Normal: days, 0, and milliseconds.",
			queries: []query{
				{"running for", "time() - " + maxOf(nodeMetric("daemon_start_time_seconds"))},
				{"restarts in 1 h", maxOf("changes(" + nodeMetric("daemon_start_time_seconds") + "[1h])")},
				{"oldest answer", maxOf(nodeMetric("daemon_answer_age_seconds"))},
			},
			field: field{unit: "s", decimals: ptr(1), colour: plain, noValue: "UNKNOWN"},
			overrides: []override{
				{"restarts in 1 h", field{unit: "none", decimals: ptr(0), steps: limits(step{1, minor}, step{restartsMany, critical})}},
				{"oldest answer", field{decimals: ptr(0), steps: limits(step{lateAnswer, minor})}},
			},
		},
	}
}

func peerPanels() []panel {
	return []panel{
		{
			kind: graph, title: "Peers", w: 12, h: 7, showLimits: true, alerts: []string{"RaptoreumPeersFew", "RaptoreumNoInboundPeers"},
			description: "Peers by direction. Normal: 8 or more outbound, and some inbound, which show that the port is open. Fewer than 4 in total is too few.",
			queries: []query{
				{"{{direction}}", "max by (direction) (" + nodeMetric("peers") + ")"},
				{"total", "max(sum by (job, instance) (" + nodeMetric("peers") + "))"},
			},
			field: field{unit: "none", min: ptr(0.0), steps: []step{{0, critical}, {peersFew, "transparent"}}},
		},
		{
			kind: graph, title: "Peer round-trip time", w: 6, h: 7, showLimits: true, alerts: []string{"RaptoreumPeersSlow"},
			description: "Median round-trip time to the peers. Normal: under 300 ms. Above a second the cause is this machine's network.",
			queries:     []query{{"median", maxOf(nodeMetric("peers_ping_seconds"))}},
			field:       field{unit: "s", min: ptr(0.0), steps: limits(step{pingSlow, bad})},
		},
		{
			kind: graph, title: "Traffic", w: 6, h: 7,
			description: "Bytes per second to and from peers. Normal: a few kilobytes; more while this node or a peer downloads the chain.",
			queries: []query{
				{"received", maxOf("rate(" + nodeMetric("network_receive_bytes_total") + "[$__rate_interval])")},
				{"sent", maxOf("rate(" + nodeMetric("network_transmit_bytes_total") + "[$__rate_interval])")},
			},
			field: field{unit: "Bps", min: ptr(0.0)},
		},
	}
}

// notEvaluated is for tables of alerts: an empty one means nothing.
const notEvaluated = "No exporter, or Prometheus does not evaluate the rules"

// noAlerts adds a row to a table without alerts while the rules are evaluated.
func noAlerts(up string) string { return " or on () (0 * max(" + up + ") and on () " + rulesRun + ")" }

// alertPanel lists current and past alerts. ALERTS is the only record of alerts in Prometheus.
func alertPanel() panel {
	by := func(expr string) string { return "max by (alertname, severity, instance) (" + expr + ")" }
	of := func(state string) string { return nodeMetric("ALERTS", `alertstate="`+state+`"`) }
	expr := fmt.Sprintf("3 * %s or 2 * %s or %s", by(of("firing")), by(of("pending")), by("max_over_time("+of("firing")+"[$__range])")) + noAlerts(nodeMetric("up"))
	return panel{
		kind: table, title: "Alerts for this smartnode", w: 24, h: 8, sort: "State",
		description: "Alerts that are firing, pending, or resolved within the time range. Click a name to open its runbook. Normal: none firing.",
		queries:     []query{{"", expr}},
		columns:     []column{{valueOf(0), "State"}, {"severity", "Severity"}, {"alertname", "Alert"}, {"instance", "Exporter"}},
		field:       field{unit: "none", emptyText: notEvaluated},
		overrides: []override{
			{"State", field{background: true, width: 160, mappings: []valueMapping{
				{value: 3, text: "firing", colour: critical},
				{value: 2, text: "pending", colour: bad},
				{value: 1, text: "resolved", colour: note},
				{value: 0, text: "no alerts", colour: good},
			}}},
			{"Severity", field{width: 120}},
			{"Alert", field{links: []dataLink{{"Runbook", "http://${__data.fields.Exporter}/runbooks/${__value.raw}", true}}}},
			{"Exporter", field{width: 240}},
		},
	}
}
