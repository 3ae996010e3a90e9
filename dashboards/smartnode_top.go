package dashboards

// versionState is 1 for the latest version, 2 if a newer one exists, 0 if that is unknown. Without a
// daemon the version comes from the handshake.
func versionState() string {
	running := "max by (version) (" + nodeMetric("daemon_info") + ")"
	answered := `max by (version) (label_replace(` + nodeMetric("port_peer_info") + `, "version", "$1", "user_agent", "/Raptoreum Core:([0-9.]+).*"))`
	return running + " + on () group_left () max(" + nodeMetric("release_update_available") + ") or 0 * " + running + " or on () topk(1, 0 * " + answered + ")"
}

// topNumbers returns the second line of the dashboard.
func topNumbers() []panel {
	return []panel{
		{
			kind: stat, title: "Port", w: 7, h: 5, showNames: true, alerts: []string{"RaptoreumPortUnreachable", "RaptoreumPortIdentityMismatch", "RaptoreumPortIdentityMissing", "RaptoreumPortVantagesDisagree"},
			description: "Whether the registered address completes the handshake, by vantage. Normal: REACHABLE from all. A failure from self, the machine itself, may be caused by a router.",
			queries:     []query{{"from {{vantage}}", portState()}},
			field: field{unit: "none", noValue: "UNKNOWN", mappings: []valueMapping{
				{value: 1, text: "REACHABLE", colour: good},
				{value: 0, text: "NO HANDSHAKE", colour: critical},
				{value: 2, text: "WRONG NODE", colour: critical},
			}},
			overrides: []override{{"from self", field{mappings: []valueMapping{
				{value: 1, text: "REACHABLE", colour: good},
				{value: 0, text: "NO HANDSHAKE", colour: bad},
				{value: 2, text: "WRONG NODE", colour: critical},
			}}}},
		},
		{
			kind: stat, title: "Block height", w: 3, h: 5,
			description: "Height of this node's chain. Without a daemon, the height from the handshake. Normal: grows by one about every 2 minutes.",
			queries:     []query{{"height", maxOf(nodeMetric("block_height")) + " or " + maxOf(nodeMetric("port_peer_height"))}},
			field:       field{unit: "none", decimals: ptr(0), colour: plain, noValue: "UNKNOWN"},
		},
		{
			kind: stat, title: "Explorers ahead by", w: 6, h: 5, showNames: true, vertical: true, sizes: &sizes{12, 16}, alerts: []string{"RaptoreumChainBehind", "RaptoreumExplorersDisagree"},
			description: "Height of each explorer minus the height of this node. Normal: -1 to 1. Above 5 the node is behind. Far below 0 the explorer is behind.",
			queries:     []query{{"{{explorer}}", "max by (explorer) (" + nodeMetric("explorer_height_delta_blocks") + ")"}},
			field: field{
				unit: "suffix:blocks", decimals: ptr(0), noValue: "UNKNOWN",
				steps: []step{{0, note}, {-explorerBehind, good}, {blocksBehind + 1, critical}},
			},
		},
		{
			kind: stat, title: "Next payment", w: 5, h: 5, showNames: true,
			description: "Estimated time until the next payment, and how many smartnodes are paid before this one. Normal: falls to 0, then starts again. Banned nodes are not in the queue.",
			queries: []query{
				{"in about", maxOf(synced(nodeMetric("smartnode_next_payment_seconds")))},
				{"ahead in queue", maxOf(synced(nodeMetric("smartnode_payment_queue_position")))},
			},
			field:     field{unit: "s", decimals: ptr(1), colour: plain, noValue: "NO ESTIMATE"},
			overrides: []override{{"ahead in queue", field{unit: "none", decimals: ptr(0), mappings: []valueMapping{{value: 0, text: "next block"}}}}},
		},
		{
			kind: stat, title: "Version", w: 3, h: 5, showNames: true, alerts: []string{"RaptoreumUpdateAvailable"},
			description: "Version of raptoreumd. Normal: LATEST. Without a daemon the version comes from the handshake, and whether it is the latest is unknown.",
			queries:     []query{{"{{version}}", versionState()}},
			field: field{unit: "none", noValue: "UNKNOWN", mappings: []valueMapping{
				{value: 1, text: "LATEST", colour: good},
				{value: 2, text: "UPDATE", colour: bad},
				{value: 0, text: "running", colour: unknown},
			}},
		},
	}
}
