package dashboards

// versionState is 1 for the newest version, 2 when a newer one exists, 0 when that is not known.
// Without a daemon it is what answered the handshake.
func versionState() string {
	running := "max by (version) (" + nodeMetric("daemon_info") + ")"
	answered := `max by (version) (label_replace(` + nodeMetric("port_peer_info") + `, "version", "$1", "user_agent", "/Raptoreum Core:([0-9.]+).*"))`
	return running + " + on () group_left () max(" + nodeMetric("release_update_available") + ") or 0 * " + running + " or on () topk(1, 0 * " + answered + ")"
}

// topNumbers is the second line: what has a number beside its colour.
func topNumbers() []panel {
	return []panel{
		{
			kind: stat, title: "Port", w: 7, h: 5, showNames: true, alerts: []string{"RaptoreumPortUnreachable", "RaptoreumPortIdentityMismatch", "RaptoreumPortVantagesDisagree"},
			description: "Does the registered address shake hands, seen from each place. Normal: ANSWERS from all. From self, the machine itself, a router may be to blame.",
			queries:     []query{{"from {{vantage}}", portState()}},
			field: field{unit: "none", noValue: "UNKNOWN", mappings: []valueMapping{
				{value: 1, text: "ANSWERS", colour: good},
				{value: 0, text: "NO HANDSHAKE", colour: critical},
				{value: 2, text: "OTHER NODE", colour: critical},
			}},
			overrides: []override{{"from self", field{mappings: []valueMapping{
				{value: 1, text: "ANSWERS", colour: good},
				{value: 0, text: "NO HANDSHAKE", colour: bad},
				{value: 2, text: "OTHER NODE", colour: critical},
			}}}},
		},
		{
			kind: stat, title: "Block height", w: 3, h: 5,
			description: "Height of the node's own chain; without a daemon what it claimed in the handshake. Normal: it grows by one each 2 minutes or so.",
			queries:     []query{{"height", maxOf(nodeMetric("block_height")) + " or " + maxOf(nodeMetric("port_peer_height"))}},
			field:       field{unit: "none", decimals: ptr(0), colour: plain, noValue: "UNKNOWN"},
		},
		{
			kind: stat, title: "Explorers ahead by", w: 6, h: 5, showNames: true, vertical: true, sizes: &sizes{12, 16}, alerts: []string{"RaptoreumChainBehind", "RaptoreumExplorersDisagree"},
			description: "Height of each explorer less the node's own. Normal: -1 to 1. Over 5 the node is behind; far below 0 it is the explorer that is.",
			queries:     []query{{"{{explorer}}", "max by (explorer) (" + nodeMetric("explorer_height_delta_blocks") + ")"}},
			field: field{
				unit: "suffix:blocks", decimals: ptr(0), noValue: "UNKNOWN",
				steps: []step{{0, note}, {-explorerBehind, good}, {blocksBehind + 1, critical}},
			},
		},
		{
			kind: stat, title: "Next payment", w: 5, h: 5, showNames: true,
			description: "When the next payment is expected, and how many smartnodes are paid before. Normal: it sinks to 0, then begins anew. Banned nodes have no place.",
			queries: []query{
				{"in about", maxOf(synced(nodeMetric("smartnode_next_payment_seconds")))},
				{"ahead of it", maxOf(synced(nodeMetric("smartnode_payment_queue_position")))},
			},
			field:     field{unit: "s", decimals: ptr(1), colour: plain, noValue: "NO PLACE KNOWN"},
			overrides: []override{{"ahead of it", field{unit: "none", decimals: ptr(0), mappings: []valueMapping{{value: 0, text: "next block"}}}}},
		},
		{
			kind: stat, title: "Version", w: 3, h: 5, showNames: true, alerts: []string{"RaptoreumUpdateAvailable"},
			description: "Version of raptoreumd. Normal: NEWEST. Without a daemon it is what answered the handshake, and nobody says whether it is the newest.",
			queries:     []query{{"{{version}}", versionState()}},
			field: field{unit: "none", noValue: "UNKNOWN", mappings: []valueMapping{
				{value: 1, text: "NEWEST", colour: good},
				{value: 2, text: "UPDATE", colour: bad},
				{value: 0, text: "runs", colour: unknown},
			}},
		},
	}
}
