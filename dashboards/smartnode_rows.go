package dashboards

import "fmt"

// syncTime is the seconds that a download of the chain still takes at its present pace; 0 when none runs.
func syncTime() string {
	return "clamp_min(" + maxOf(nodeMetric("header_height")) + " - " + maxOf(nodeMetric("block_height")) + ", 0) / (" +
		maxOf("deriv("+nodeMetric("block_height")+"[15m])") + " > 0) and on () " + maxOf(nodeMetric("initial_block_download")) + " == 1 or " +
		maxOf(nodeMetric("initial_block_download")) + " == 0"
}

func chainPanels() []panel {
	return []panel{
		{
			kind: graph, title: "Height", w: 10, h: 8, alerts: []string{"RaptoreumChainBehind", "RaptoreumChainForked"},
			description: "Height of the own chain, of the median peer and of each explorer. Normal: one line.",
			queries: []query{
				{"own", maxOf(nodeMetric("block_height"))},
				{"peers", maxOf(nodeMetric("peers_median_height"))},
				{"{{explorer}}", "max by (explorer) (" + nodeMetric("explorer_block_height") + ")"},
			},
			field: field{unit: "none", decimals: ptr(0)},
		},
		{
			kind: graph, title: "Age of the tip", w: 8, h: 8, showLimits: true, alerts: []string{"RaptoreumChainStalled"},
			description: "How old the newest block is. Normal: under 10 minutes, over 20 once a month. Not shown while the chain is downloaded.",
			queries:     []query{{"age", "time() - " + maxOf(synced(nodeMetric("block_timestamp_seconds")))}},
			field:       field{unit: "s", steps: limits(step{tipOld, bad}, step{tipVeryOld, critical})},
		},
		{
			kind: stat, title: "Sync", w: 6, h: 8, showNames: true, vertical: true, sizes: detail(), alerts: []string{"RaptoreumSyncSlow", "RaptoreumChainForked"},
			description: "Download of the chain and what it still takes, the smartnode sync that follows, and whether the explorers have the same chain. Normal: 100 %, done, done, the same.",
			queries: []query{
				{"verified", maxOf(nodeMetric("verification_progress_ratio"))},
				{"time left", syncTime()},
				{"smartnode sync", maxOf(nodeMetric("sync_finished"))},
				{"explorers' chain", minOf(nodeMetric("explorer_chain_match"))},
			},
			field: field{unit: "percentunit", decimals: ptr(1), colour: plain, noValue: "UNKNOWN"},
			overrides: []override{
				{"time left", field{unit: "s", mappings: []valueMapping{{value: 0, text: "done", colour: good}}}},
				{"smartnode sync", field{unit: "none", mappings: yesNo("done", good, "NOT YET", bad)}},
				{"explorers' chain", field{unit: "none", mappings: yesNo("the same", good, "ANOTHER", critical)}},
			},
		},
	}
}

// decayed is the penalty of an hour ago less what the blocks since took away: a penalty above it is
// a miss. One point goes each 2 blocks.
func decayed() string {
	return "clamp_min(" + maxOf(nodeMetric("smartnode_pose_penalty")+" offset 1h") + " - (" + maxOf(nodeMetric("block_height")) + " - " +
		maxOf(nodeMetric("block_height")+" offset 1h") + ") / 2, 0)"
}

func posePanels() []panel {
	return []panel{
		{
			kind: graph, title: "Penalty", w: 12, h: 8, alerts: []string{"RaptoreumSmartnodePoSePenaltyRose", "RaptoreumSmartnodeViewsDisagree"},
			description: "PoSe points in the own chain view and as an explorer sees them. Normal: 0. \"by decay\" is where it should be, from an hour before: a penalty above it is a missed key generation.",
			queries: []query{
				{"own", maxOf(synced(nodeMetric("smartnode_pose_penalty")))},
				{"ban at", maxOf(synced(nodeMetric("smartnode_pose_penalty_max")))},
				{"by decay", decayed()},
				{"as {{explorer}} sees it", "max by (explorer) (" + nodeMetric("explorer_smartnode_pose_penalty") + ")"},
			},
			field: field{unit: "suffix:points", decimals: ptr(0), min: ptr(0.0)},
			overrides: []override{
				{"own", field{colour: bad}}, {"ban at", field{colour: critical, dashed: true}}, {"by decay", field{colour: note, dashed: true}},
			},
		},
		{
			kind: timeline, title: "Strikes over time", w: 8, h: 8, alerts: []string{"RaptoreumSmartnodeOneStrikeLeft", "RaptoreumSmartnodePoSeBanned"},
			description: "Missed key generations until the ban, as they were. Normal: 2 throughout.",
			queries:     []query{{"strikes", minOf(synced(nodeMetric("smartnode_pose_strikes_left")))}},
			field:       field{unit: "none", mappings: strikeMappings()},
		},
		{
			kind: stat, title: "Way back", w: 4, h: 8, showNames: true, vertical: true, sizes: detail(),
			description: "Time until the penalty is back at 0 if nothing else happens, and the height of a ban, which does not decay. Normal: no penalty, no ban.",
			queries: []query{
				{"penalty gone in", maxOf(synced(nodeMetric("smartnode_pose_decay_seconds")))},
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
			kind: graph, title: "Stages of the handshake", w: 12, h: 7,
			description: "Seconds that each completed stage took, from each place. Normal: under a second each. Peers lose patience with a node that is slow.",
			queries:     []query{{"{{phase}} from {{vantage}}", placeNamed("max by (phase, vantage) (" + nodeMetric("port_phase_duration_seconds") + ")")}},
			field:       field{unit: "s"},
		},
		{
			kind: timeline, title: "Failures by stage", w: 12, h: 7, alerts: []string{"RaptoreumPortUnreachable"},
			description: "The stage in which the handshake ended, from each place. Normal: complete. connect: firewall, provider, address. version: not synced, hung, or another service. mnauth: it answers and does not say which smartnode it is.",
			queries: []query{{"from {{vantage}}", placeNamed(failed.expr(nodeMetric, "port_failed_phase", "phase", " by (vantage)") +
				" or 0 * max by (vantage) (" + nodeMetric("port_failed_phase") + ")")}},
			field: field{unit: "none", mappings: failed.mappings(valueMapping{value: 0, text: "complete", colour: good})},
		},
	}
}

func daemonPanels() []panel {
	return []panel{
		{
			kind: timeline, title: "States", w: 12, h: 7, alerts: []string{"RaptoreumDaemonDown", "RaptoreumSmartnodeNotReady"},
			description: "State of raptoreumd and of its smartnode over time. Normal: ready and ready.",
			queries:     []query{{"daemon", daemonState()}, {"smartnode", smartnodeState()}},
			field:       field{unit: "none", mappings: daemonStates().mappings(valueMapping{value: 0, text: "exporter silent", colour: critical})},
			overrides:   []override{{"smartnode", field{mappings: smartnodeStates().mappings(valueMapping{value: 0, text: "no smartnode", colour: critical})}}},
		},
		{
			kind: graph, title: "RPC latency", w: 8, h: 7, alerts: []string{"RaptoreumDaemonHung", "RaptoreumDaemonBusy"},
			description: "Seconds that raptoreumd took to answer each batch of calls. Normal: milliseconds. A call that runs for minutes has taken a worker for good.",
			queries: []query{
				{"{{batch}}", "max by (batch) (" + nodeMetric("daemon_rpc_duration_seconds") + ")"},
				{"longest call that runs", maxOf(nodeMetric("daemon_rpc_longest_command_seconds"))},
			},
			field: field{unit: "s"},
			overrides: []override{
				{"lockfree", field{displayName: "brief calls"}},
				{"mainlock", field{displayName: "chain"}},
				{"node", field{displayName: "smartnode"}},
				{"dkgstatus", field{displayName: "key generation"}},
				{"list", field{displayName: "smartnode list"}},
			},
		},
		{
			kind: stat, title: "Runs", w: 4, h: 7, showNames: true, vertical: true, sizes: detail(), alerts: []string{"RaptoreumDaemonRestarting"},
			description: "Since when raptoreumd runs, and how often it restarted in the last hour. Normal: days, and 0.",
			queries: []query{
				{"for", "time() - " + maxOf(nodeMetric("daemon_start_time_seconds"))},
				{"restarts in 1 h", maxOf("changes(" + nodeMetric("daemon_start_time_seconds") + "[1h])")},
			},
			field:     field{unit: "s", decimals: ptr(1), colour: plain, noValue: "UNKNOWN"},
			overrides: []override{{"restarts in 1 h", field{unit: "none", decimals: ptr(0), steps: limits(step{1, minor}, step{restartsMany, critical})}}},
		},
	}
}

func peerPanels() []panel {
	return []panel{
		{
			kind: graph, title: "Peers", w: 12, h: 7, showLimits: true, alerts: []string{"RaptoreumPeersFew", "RaptoreumNoInboundPeers"},
			description: "Peers by who connected. Normal: 8 or more outbound, and inbound ones, which tell that the port is open. Fewer than 4 in all is too few.",
			queries: []query{
				{"{{direction}}", "max by (direction) (" + nodeMetric("peers") + ")"},
				{"all", "max(sum by (job, instance) (" + nodeMetric("peers") + "))"},
			},
			field: field{unit: "none", decimals: ptr(0), min: ptr(0.0), steps: []step{{0, critical}, {peersFew, "transparent"}}},
		},
		{
			kind: graph, title: "Round trip to peers", w: 6, h: 7, showLimits: true, alerts: []string{"RaptoreumPeersSlow"},
			description: "Median round trip to the peers. Normal: under 300 ms. Over a second it is our line, not theirs.",
			queries:     []query{{"median", maxOf(nodeMetric("peers_ping_seconds"))}},
			field:       field{unit: "s", min: ptr(0.0), steps: limits(step{pingSlow, bad})},
		},
		{
			kind: graph, title: "Traffic", w: 6, h: 7,
			description: "Bytes to and from peers each second. Normal: some kilobytes; more while the chain is downloaded, here or by a peer.",
			queries: []query{
				{"received", maxOf("rate(" + nodeMetric("network_receive_bytes_total") + "[$__rate_interval])")},
				{"sent", maxOf("rate(" + nodeMetric("network_transmit_bytes_total") + "[$__rate_interval])")},
			},
			field: field{unit: "Bps", min: ptr(0.0)},
		},
	}
}

// alertPanel lists what fires and what fired. Prometheus has no other memory of alerts than ALERTS.
func alertPanel() panel {
	by := func(expr string) string { return "max by (alertname, severity, instance) (" + expr + ")" }
	of := func(state string) string { return nodeMetric("ALERTS", `alertstate="`+state+`"`) }
	expr := fmt.Sprintf("3 * %s or 2 * %s or %s", by(of("firing")), by(of("pending")), by("max_over_time("+of("firing")+"[$__range])"))
	return panel{
		kind: table, title: "Alerts of this node", w: 24, h: 8, sort: "State",
		description: "Alerts that fire, are about to, or fired in the time range. A click on a name opens its runbook. Normal: nothing fires.",
		queries:     []query{{"", expr}},
		columns:     []column{{valueOf(0), "State"}, {"severity", "Severity"}, {"alertname", "Alert"}, {"instance", "Exporter"}},
		field:       field{unit: "none", emptyText: "Nothing fires or fired"},
		overrides: []override{
			{"State", field{background: true, width: 160, mappings: []valueMapping{
				{value: 3, text: "fires", colour: critical},
				{value: 2, text: "about to fire", colour: bad},
				{value: 1, text: "fired", colour: note},
			}}},
			{"Severity", field{width: 120}},
			{"Alert", field{links: []dataLink{{"Runbook", "http://${__data.fields.Exporter}/runbooks/${__value.raw}", true}}}},
			{"Exporter", field{width: 240}},
		},
	}
}
