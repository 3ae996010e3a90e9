package dashboards

import "fmt"

// versionState is 1 for the newest version, 2 when a newer one exists, 0 when that is not known.
// Without a daemon it is what answered the handshake.
func versionState() string {
	running := "max by (version) (" + mine("daemon_info") + ")"
	answered := `max by (version) (label_replace(` + mine("port_peer_info") + `, "version", "$1", "user_agent", "/Raptoreum Core:([0-9.]+).*"))`
	return running + " + on () group_left () max(" + mine("release_update_available") + ") or 0 * " + running + " or on () topk(1, 0 * " + answered + ")"
}

// topNumbers is the second line: what has a number beside its colour.
func topNumbers() []panel {
	return []panel{
		{
			kind: stat, title: "Port", w: 7, h: 5, names: true, alerts: []string{"RaptoreumPortUnreachable", "RaptoreumPortIdentityMismatch", "RaptoreumPortVantagesDisagree"},
			about:   "Does the registered address shake hands, seen from each place. Normal: ANSWERS from all. From self, the machine itself, a router may be to blame.",
			queries: []query{{"from {{vantage}}", portState()}},
			field: field{unit: "none", none: "UNKNOWN", words: []word{
				{value: 1, text: "ANSWERS", colour: good},
				{value: 0, text: "NO HANDSHAKE", colour: critical},
				{value: 2, text: "OTHER NODE", colour: critical},
			}},
			fields: []override{{"from self", field{words: []word{
				{value: 1, text: "ANSWERS", colour: good},
				{value: 0, text: "NO HANDSHAKE", colour: bad},
				{value: 2, text: "OTHER NODE", colour: critical},
			}}}},
		},
		{
			kind: stat, title: "Block height", w: 3, h: 5,
			about:   "Height of the node's own chain; without a daemon what it claimed in the handshake. Normal: it grows by one each 2 minutes or so.",
			queries: []query{{"height", largest(mine("block_height")) + " or " + largest(mine("port_peer_height"))}},
			field:   field{unit: "none", decimals: ptr(0), colour: plain, none: "UNKNOWN"},
		},
		{
			kind: stat, title: "Explorers ahead by", w: 6, h: 5, names: true, vertical: true, sizes: &sizes{12, 16}, alerts: []string{"RaptoreumChainBehind", "RaptoreumExplorersDisagree"},
			about:   "Height of each explorer less the node's own. Normal: -1 to 1. Over 5 the node is behind; far below 0 it is the explorer that is.",
			queries: []query{{"{{explorer}}", "max by (explorer) (" + mine("explorer_height_delta_blocks") + ")"}},
			field: field{
				unit: "suffix:blocks", decimals: ptr(0), none: "UNKNOWN",
				steps: []step{{0, note}, {-explorerBehind, good}, {blocksBehind + 1, critical}},
			},
		},
		{
			kind: stat, title: "Next payment", w: 5, h: 5, names: true,
			about: "When the next payment is expected, and how many smartnodes are paid before. Normal: it sinks to 0, then begins anew. Banned nodes have no place.",
			queries: []query{
				{"in about", largest(current(mine("smartnode_next_payment_seconds")))},
				{"ahead of it", largest(current(mine("smartnode_payment_queue_position")))},
			},
			field:  field{unit: "s", decimals: ptr(1), colour: plain, none: "NO PLACE KNOWN"},
			fields: []override{{"ahead of it", field{unit: "none", decimals: ptr(0), words: []word{{value: 0, text: "next block"}}}}},
		},
		{
			kind: stat, title: "Version", w: 3, h: 5, names: true, alerts: []string{"RaptoreumUpdateAvailable"},
			about:   "Version of raptoreumd. Normal: NEWEST. Without a daemon it is what answered the handshake, and nobody says whether it is the newest.",
			queries: []query{{"{{version}}", versionState()}},
			field: field{unit: "none", none: "UNKNOWN", words: []word{
				{value: 1, text: "NEWEST", colour: good},
				{value: 2, text: "UPDATE", colour: bad},
				{value: 0, text: "runs", colour: unknown},
			}},
		},
	}
}

// alertPanel lists what fires and what fired. Prometheus has no other memory of alerts than ALERTS.
func alertPanel() panel {
	by := func(expr string) string { return "max by (alertname, severity, instance) (" + expr + ")" }
	of := func(state string) string { return mine("ALERTS", `alertstate="`+state+`"`) }
	expr := fmt.Sprintf("3 * %s or 2 * %s or %s", by(of("firing")), by(of("pending")), by("max_over_time("+of("firing")+"[$__range])"))
	return panel{
		kind: table, title: "Alerts of this node", w: 24, h: 8, sort: "State",
		about:   "Alerts that fire, are about to, or fired in the time range. A click on a name opens its runbook. Normal: nothing fires.",
		queries: []query{{"", expr}},
		columns: []column{{valueOf(0), "State"}, {"severity", "Severity"}, {"alertname", "Alert"}, {"instance", "Exporter"}},
		field:   field{unit: "none", empty: "Nothing fires or fired"},
		fields: []override{
			{"State", field{back: true, width: 160, words: []word{
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
