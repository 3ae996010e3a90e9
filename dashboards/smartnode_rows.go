package dashboards

import "fmt"

// syncTime is the seconds that a download of the chain still takes at its present pace; 0 when none runs.
func syncTime() string {
	return "clamp_min(" + largest(mine("header_height")) + " - " + largest(mine("block_height")) + ", 0) / (" +
		largest("deriv("+mine("block_height")+"[15m])") + " > 0) and on () " + largest(mine("initial_block_download")) + " == 1 or " +
		largest(mine("initial_block_download")) + " == 0"
}

func chainPanels() []panel {
	return []panel{
		{
			kind: graph, title: "Height", w: 10, h: 8, alerts: []string{"RaptoreumChainBehind", "RaptoreumChainForked"},
			about: "Height of the own chain, of the median peer and of each explorer. Normal: one line.",
			queries: []query{
				{"own", largest(mine("block_height"))},
				{"peers", largest(mine("peers_median_height"))},
				{"{{explorer}}", "max by (explorer) (" + mine("explorer_block_height") + ")"},
			},
			field: field{unit: "none", decimals: ptr(0)},
		},
		{
			kind: graph, title: "Age of the tip", w: 8, h: 8, lines: true, alerts: []string{"RaptoreumChainStalled"},
			about:   "How old the newest block is. Normal: under 10 minutes, over 20 once a month. Not shown while the chain is downloaded.",
			queries: []query{{"age", "time() - " + largest(current(mine("block_timestamp_seconds")))}},
			field:   field{unit: "s", steps: limits(step{tipOld, bad}, step{tipVeryOld, critical})},
		},
		{
			kind: stat, title: "Sync", w: 6, h: 8, names: true, vertical: true, sizes: detail(), alerts: []string{"RaptoreumSyncSlow", "RaptoreumChainForked"},
			about: "Download of the chain and what it still takes, the smartnode sync that follows, and whether the explorers have the same chain. Normal: 100 %, done, done, the same.",
			queries: []query{
				{"verified", largest(mine("verification_progress_ratio"))},
				{"time left", syncTime()},
				{"smartnode sync", largest(mine("sync_finished"))},
				{"explorers' chain", least(mine("explorer_chain_match"))},
			},
			field: field{unit: "percentunit", decimals: ptr(1), colour: plain, none: "UNKNOWN"},
			fields: []override{
				{"time left", field{unit: "s", words: []word{{value: 0, text: "done", colour: good}}}},
				{"smartnode sync", field{unit: "none", words: yesNo("done", good, "NOT YET", bad)}},
				{"explorers' chain", field{unit: "none", words: yesNo("the same", good, "ANOTHER", critical)}},
			},
		},
	}
}

// decayed is the penalty of an hour ago less what the blocks since took away: a penalty above it is
// a miss. One point goes each 2 blocks.
func decayed() string {
	return "clamp_min(" + largest(mine("smartnode_pose_penalty")+" offset 1h") + " - (" + largest(mine("block_height")) + " - " +
		largest(mine("block_height")+" offset 1h") + ") / 2, 0)"
}

func posePanels() []panel {
	return []panel{
		{
			kind: graph, title: "Penalty", w: 12, h: 8, alerts: []string{"RaptoreumSmartnodePoSePenaltyRose", "RaptoreumSmartnodeViewsDisagree"},
			about: "PoSe points in the own chain view and as an explorer sees them. Normal: 0. \"by decay\" is where it should be, from an hour before: a penalty above it is a missed key generation.",
			queries: []query{
				{"own", largest(current(mine("smartnode_pose_penalty")))},
				{"ban at", largest(current(mine("smartnode_pose_penalty_max")))},
				{"by decay", decayed()},
				{"as {{explorer}} sees it", "max by (explorer) (" + mine("explorer_smartnode_pose_penalty") + ")"},
			},
			field: field{unit: "suffix:points", decimals: ptr(0), min: ptr(0.0)},
			fields: []override{
				{"own", field{colour: bad}}, {"ban at", field{colour: critical, dashed: true}}, {"by decay", field{colour: note, dashed: true}},
			},
		},
		{
			kind: timeline, title: "Strikes over time", w: 8, h: 8, alerts: []string{"RaptoreumSmartnodeOneStrikeLeft", "RaptoreumSmartnodePoSeBanned"},
			about:   "Missed key generations until the ban, as they were. Normal: 2 throughout.",
			queries: []query{{"strikes", least(current(mine("smartnode_pose_strikes_left")))}},
			field:   field{unit: "none", words: strikeWords()},
		},
		{
			kind: stat, title: "Way back", w: 4, h: 8, names: true, vertical: true, sizes: detail(),
			about: "Time until the penalty is back at 0 if nothing else happens, and the height of a ban, which does not decay. Normal: no penalty, no ban.",
			queries: []query{
				{"penalty gone in", largest(current(mine("smartnode_pose_decay_seconds")))},
				{"banned at height", largest(current(mine("smartnode_pose_ban_height")))},
			},
			field:  field{unit: "s", decimals: ptr(1), colour: plain, none: "UNKNOWN", words: []word{{value: 0, text: "no penalty", colour: good}}},
			fields: []override{{"banned at height", field{unit: "none", decimals: ptr(0), colour: critical}}},
		},
	}
}

func portPanels() []panel {
	failed := portPhases()
	return []panel{
		{
			kind: graph, title: "Stages of the handshake", w: 12, h: 7,
			about:   "Seconds that each completed stage took, from each place. Normal: under a second each. Peers lose patience with a node that is slow.",
			queries: []query{{"{{phase}} from {{vantage}}", placeNamed("max by (phase, vantage) (" + mine("port_phase_duration_seconds") + ")")}},
			field:   field{unit: "s"},
		},
		{
			kind: timeline, title: "Failures by stage", w: 12, h: 7, alerts: []string{"RaptoreumPortUnreachable"},
			about: "The stage in which the handshake ended, from each place. Normal: complete. connect: firewall, provider, address. version: not synced, hung, or another service. mnauth: it answers and does not say which smartnode it is.",
			queries: []query{{"from {{vantage}}", placeNamed(failed.expr(mine, "port_failed_phase", "phase", " by (vantage)") +
				" or 0 * max by (vantage) (" + mine("port_failed_phase") + ")")}},
			field: field{unit: "none", words: failed.words(word{value: 0, text: "complete", colour: good})},
		},
	}
}

func daemonPanels() []panel {
	return []panel{
		{
			kind: timeline, title: "States", w: 12, h: 7, alerts: []string{"RaptoreumDaemonDown", "RaptoreumSmartnodeNotReady"},
			about:   "State of raptoreumd and of its smartnode over time. Normal: ready and ready.",
			queries: []query{{"daemon", daemonState()}, {"smartnode", smartnodeState()}},
			field:   field{unit: "none", words: daemonStates().words(word{value: 0, text: "exporter silent", colour: critical})},
			fields:  []override{{"smartnode", field{words: smartnodeStates().words(word{value: 0, text: "no smartnode", colour: critical})}}},
		},
		{
			kind: graph, title: "RPC latency", w: 8, h: 7, alerts: []string{"RaptoreumDaemonHung", "RaptoreumDaemonBusy"},
			about: "Seconds that raptoreumd took to answer each batch of calls. Normal: milliseconds. A call that runs for minutes has taken a worker for good.",
			queries: []query{
				{"{{batch}}", "max by (batch) (" + mine("daemon_rpc_duration_seconds") + ")"},
				{"longest call that runs", largest(mine("daemon_rpc_longest_command_seconds"))},
			},
			field: field{unit: "s"},
			fields: []override{
				{"lockfree", field{display: "brief calls"}},
				{"mainlock", field{display: "chain"}},
				{"node", field{display: "smartnode"}},
				{"dkgstatus", field{display: "key generation"}},
				{"list", field{display: "smartnode list"}},
			},
		},
		{
			kind: stat, title: "Runs", w: 4, h: 7, names: true, vertical: true, sizes: detail(), alerts: []string{"RaptoreumDaemonRestarting"},
			about: "Since when raptoreumd runs, and how often it restarted in the last hour. Normal: days, and 0.",
			queries: []query{
				{"for", "time() - " + largest(mine("daemon_start_time_seconds"))},
				{"restarts in 1 h", largest("changes(" + mine("daemon_start_time_seconds") + "[1h])")},
			},
			field:  field{unit: "s", decimals: ptr(1), colour: plain, none: "UNKNOWN"},
			fields: []override{{"restarts in 1 h", field{unit: "none", decimals: ptr(0), steps: limits(step{1, minor}, step{restartsMany, critical})}}},
		},
	}
}

func peerPanels() []panel {
	return []panel{
		{
			kind: graph, title: "Peers", w: 12, h: 7, lines: true, alerts: []string{"RaptoreumPeersFew", "RaptoreumNoInboundPeers"},
			about: "Peers by who connected. Normal: 8 or more outbound, and inbound ones, which tell that the port is open. Fewer than 4 in all is too few.",
			queries: []query{
				{"{{direction}}", "max by (direction) (" + mine("peers") + ")"},
				{"all", "max(sum by (job, instance) (" + mine("peers") + "))"},
			},
			field: field{unit: "none", decimals: ptr(0), min: ptr(0.0), steps: []step{{0, critical}, {peersFew, "transparent"}}},
		},
		{
			kind: graph, title: "Round trip to peers", w: 6, h: 7, lines: true, alerts: []string{"RaptoreumPeersSlow"},
			about:   "Median round trip to the peers. Normal: under 300 ms. Over a second it is our line, not theirs.",
			queries: []query{{"median", largest(mine("peers_ping_seconds"))}},
			field:   field{unit: "s", min: ptr(0.0), steps: limits(step{pingSlow, bad})},
		},
		{
			kind: graph, title: "Traffic", w: 6, h: 7,
			about: "Bytes to and from peers each second. Normal: some kilobytes; more while the chain is downloaded, here or by a peer.",
			queries: []query{
				{"received", largest("rate(" + mine("network_receive_bytes_total") + "[$__rate_interval])")},
				{"sent", largest("rate(" + mine("network_transmit_bytes_total") + "[$__rate_interval])")},
			},
			field: field{unit: "Bps", min: ptr(0.0)},
		},
	}
}

// overdueFrom is the wait in blocks from which on a payment is overdue.
func overdueFrom() string {
	return fmt.Sprintf("%v * %s + %v", overdueRounds, largest(mine("smartnode_payment_queue_length")), overdueBlocks)
}

// waited is the blocks since the last payment, or since the node could be paid.
func waited() string {
	return "(" + largest(mine("smartnode_payment_wait_blocks")) + " or " + largest(mine("block_height")) + " - " + largest(mine("smartnode_last_paid_height")) + ")"
}
