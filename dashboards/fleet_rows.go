package dashboards

import "fmt"

// toSmartnode links to the dashboard of the node named by the cell value.
func toSmartnode() []dataLink {
	return []dataLink{{"Open this smartnode", "/d/" + smartnodeUID + "?${datasource:queryparam}&${job:queryparam}&var-node=${__value.raw}&${__url_time_range}", false}}
}

// vantageOf is the vantage that observes a node, or "several".
func vantageOf() string {
	vantages := vantageNamed("max by (node, vantage) (" + fleetMetric("up") + " + 1)")
	return `label_replace(count by (node) (` + vantages + `) > 1, "vantage", "several", "", "") or on (node) ` + vantages
}

// versionOf is the version that the daemon reports, else the one from the handshake.
func versionOf() string {
	answered := `label_replace(` + fleetMetric("port_peer_info") + `, "version", "$1", "user_agent", "/Raptoreum Core:([0-9.]+).*")`
	return "topk by (node) (1, max by (node, version) (" + fleetMetric("daemon_info") + ")) or on (node) topk by (node) (1, max by (node, version) (" + answered + "))"
}

// behindBy is how many blocks the explorers are ahead of a node: the one that is least ahead, without those that lag, as for
// the alert, unless all do. For a node without its own exporter it
// is how far our highest daemon, else the highest explorer, is ahead of the height in its handshake.
func behindBy(at string) string {
	reference := maxOf(networkMetric("block_height")+at) + " or " + maxOf(networkMetric("explorer_block_height")+at)
	ahead := fleetMetric("explorer_height_delta_blocks") + at
	return fmt.Sprintf("%s or on (node) %s", byNode("min", fmt.Sprintf("%s > -%d", ahead, explorerLag)), byNode("min", ahead)) + " or on (node) -1 * (" + byNode("max", fleetMetric("port_peer_height")+at) +
		" - on () group_left () (" + reference + "))"
}

// nodesPanel is the table with one row per node. Its queries are instant: a table shows no history.
func nodesPanel() panel {
	share := fleetSynced(fleetMetric("smartnode_pose_penalty") + " / " + fleetMetric("smartnode_pose_penalty_max"))
	queries := []query{
		{"State", nodeState("")},
		{"Penalty", byNode("max", share)},
		{"Strikes left", byNode("min", fleetSynced(fleetMetric("smartnode_pose_strikes_left")))},
		{"Behind by", behindBy("")},
		{"Port", byNode("avg", "max by (node, vantage) ("+fleetMetric("port_reachable")+")")},
		{"Unpaid for", byNode("max", fleetMetric("smartnode_payment_wait_blocks")) + " or " + byNode("max", fleetMetric("block_height")+" - "+fleetMetric("smartnode_last_paid_height"))},
		{"Next payment", byNode("max", fleetSynced(fleetMetric("smartnode_next_payment_seconds")))},
		{"", versionOf()},
		{"", vantageOf()},
	}
	columns := []column{{"node", "Smartnode"}}
	for i, q := range queries {
		if i > 0 { // nodeState does it itself
			queries[i].expr = smartnodesOnly(q.expr) // a query that returns another node would add a row
		}
		if q.name != "" {
			columns = append(columns, column{valueOf(i), q.name})
		}
	}
	columns = append(columns, column{"version", "Version"}, column{"vantage", "Seen from"})
	return panel{
		kind: table, title: "Smartnodes, worst first", w: 24, h: 14, queries: queries, columns: columns, sort: "State",
		description: "One row per smartnode. Click a name to open it. Normal: ok, 0 %, 2 strikes, behind by 0 blocks, reachable. A dash means unknown.",
		alerts:      []string{"RaptoreumSmartnodePoSeBanned", "RaptoreumSmartnodeOneStrikeLeft", "RaptoreumChainBehind", "RaptoreumPortUnreachable"},
		field:       field{unit: "none", emptyText: "No smartnode is monitored"},
		overrides:   nodeColumns(),
	}
}

func nodeColumns() []override {
	return []override{
		{"Smartnode", field{links: toSmartnode()}},
		{"State", field{background: true, width: 110, mappings: nodeStateMappings()}},
		{"Penalty", field{unit: "percentunit", decimals: ptr(0), background: true, width: 90, steps: []step{{0, "transparent"}, {0.001, minor}, {lastStrikeShare, critical}}}},
		{"Strikes left", field{background: true, width: 130, mappings: strikeMappings()}},
		{"Behind by", field{unit: "suffix:blocks", decimals: ptr(0), background: true, width: 110, steps: []step{{0, note}, {-explorerBehind, "transparent"}, {blocksBehind + 1, critical}}}},
		{"Port", field{background: true, width: 140, mappings: []valueMapping{
			{value: 1, text: "reachable", colour: good},
			{value: 0, text: "NO HANDSHAKE", colour: critical},
			{value: 0.001, to: ptr(0.999), text: "some vantages", colour: bad},
		}}},
		{"Unpaid for", field{unit: "suffix:blocks", decimals: ptr(0), width: 120}},
		{"Next payment", field{unit: "s", decimals: ptr(1), width: 130, mappings: []valueMapping{{value: 0, text: "next block"}}}},
		{"Version", field{width: 100}},
		{"Seen from", field{width: 110}},
	}
}

// How many nodes the panels over time show.
const (
	rowsOfTimeline = 20
	linesOfGraph   = 10
)

func timePanels() []panel {
	penalty := func(at string) string { return byNode("max", fleetMetric("smartnode_pose_penalty")+at) }
	return []panel{
		{
			kind: timeline, title: "States of the 20 worst nodes", w: 24, h: 12,
			description: "The smartnodes that are worst now, then those with alerts in the time range. Normal: ok throughout.",
			queries:     []query{{"{{node}}", worst(rowsOfTimeline, nodeState(""), trouble())}},
			field:       field{unit: "none", mappings: nodeStateMappings()},
		},
		{
			kind: graph, title: "10 highest penalties", w: 12, h: 8,
			description: "PoSe points of the smartnodes with the highest penalty now. Normal: 0. Each step up is a missed key generation.",
			queries:     []query{{"{{node}}", worst(linesOfGraph, penalty(""), penalty(" @ end()"))}},
			field:       field{unit: "suffix:points", min: ptr(0.0)},
		},
		{
			kind: graph, title: "10 nodes furthest behind", w: 12, h: 8, showLimits: true, alerts: []string{"RaptoreumChainBehind"},
			description: "Blocks by which the closest explorer, or our highest daemon, is ahead. Normal: -1 to 1. Above 5 a smartnode misses its quorum duties.",
			queries:     []query{{"{{node}}", worst(linesOfGraph, behindBy(""), smartnodesOnly(behindBy(" @ end()")))}},
			field:       field{unit: "suffix:blocks", steps: limits(step{blocksBehind + 1, critical})},
		},
	}
}

// firingPanel lists alerts of single nodes and alerts about several nodes.
func firingPanel() panel {
	firing := func(severity string) string {
		return "max by (alertname, severity, node, instance) (" + networkMetric("ALERTS", `vantage=~"$vantage"`, `alertstate="firing"`, `severity="`+severity+`"`) + ")"
	}
	return panel{
		kind: table, title: "Firing alerts", w: 24, h: 9, sort: "State",
		description: "Up to 200 firing alerts, worst first. Click an alert to open its runbook, or a name to open the smartnode. Normal: none.",
		queries:     []query{{"", fmt.Sprintf("topk(200, %d * %s or %d * %s or %d * %s)", actNow, firing("critical"), actToday, firing("warning"), info, firing("info")) + noAlerts(networkMetric("up", `vantage=~"$vantage"`))}},
		columns:     []column{{valueOf(0), "State"}, {"alertname", "Alert"}, {"node", "Smartnode"}, {"severity", "Severity"}, {"instance", "Exporter"}},
		field:       field{unit: "none", emptyText: notEvaluated},
		overrides: []override{
			{"State", field{background: true, width: 140, mappings: verdictMappings()}},
			{"Alert", field{links: []dataLink{{"Runbook", "http://${exporter}/runbooks/${__value.raw}", true}}}},
			{"Smartnode", field{links: toSmartnode()}},
			{"Severity", field{width: 120}},
			{"Exporter", field{width: 220}},
		},
	}
}

// paymentsPanel counts the payments to all nodes.
func paymentsPanel() panel {
	return panel{
		kind: graph, title: "Payments per day, 14 days", w: 8, h: 7, bars: true, interval: "1d", timeFrom: "14d",
		description: "Payments to all of your smartnodes in the preceding 24 hours. Normal: for each smartnode, the 720 blocks of a day divided by the queue length.",
		queries:     []query{{"payments", "sum(" + byNode("max", "changes("+fleetMetric("smartnode_last_paid_height")+"[1d])") + ")"}},
		field:       field{unit: "none", min: ptr(0.0), softMax: ptr(fewest), colour: good},
	}
}
