package dashboards

import (
	"fmt"
	"strings"
)

// all selects the series of all nodes in the selected jobs and vantages.
const all = `job=~"$job",vantage=~"$vantage",node!=""`

// fleetMetric selects a metric of all nodes. labels are additional label matchers.
func fleetMetric(name string, labels ...string) string {
	return metricName(name) + "{" + strings.Join(append([]string{all}, labels...), ",") + "}"
}

// networkMetric selects a metric about the whole network, from any exporter.
func networkMetric(name string, labels ...string) string {
	return metricName(name) + "{" + strings.Join(append([]string{`job=~"$job"`}, labels...), ",") + "}"
}

// fleetSynced drops series from daemons that still download the chain, as synced does for one node.
func fleetSynced(expr string) string {
	return expr + " unless on (job, instance, node) " + fleetMetric("initial_block_download") + " == 1"
}

func byNode(aggregate, expr string) string { return aggregate + " by (node) (" + expr + ")" }

// smartnodesOnly drops the nodes that are not smartnodes, such as the machine of a fleet exporter: their
// raptoreumd is not expected to be one, or they have only a fleet file. The last state that is known from the
// day before the end of the time range counts, because a smartnode whose exporter is down stays in the list.
// A node of which nothing is known is a smartnode. /probe expects every node to be one.
func smartnodesOnly(expr string) string {
	last := func(name string) string { return "last_over_time(" + fleetMetric(name) + "[1d:5m] @ end())" } // 5 minutes, to read fewer samples
	return "(" + expr + ") unless on (node) ((" + last("smartnode_expected") + " == 0 or " + last("fleet_config_reload_success") + ") unless on (node) (" +
		last("smartnode_expected") + " == 1 or " + last("smartnode_configured") + " == 1))"
}

// The states of a node, from best to worst.
const (
	nodeOK = iota
	nodeUnknown
	nodeSlow
	nodeActToday
	nodeActNow
	nodeBanned
)

func nodeStateMappings() []valueMapping {
	return []valueMapping{
		{value: nodeOK, text: "ok", colour: good},
		{value: nodeUnknown, text: "unknown", colour: unknown},
		{value: nodeSlow, text: "slow", colour: minor},
		{value: nodeActToday, text: "act today", colour: bad},
		{value: nodeActNow, text: "ACT NOW", colour: critical},
		{value: nodeBanned, text: "BANNED", colour: "dark-red"},
	}
}

// nodeState is the state of each smartnode: banned, the severity of its worst firing alert, slow, ok while an
// exporter sees it and the rules are evaluated, else unknown. A ban reported by an explorer counts
// unless the recent chain of a daemon contradicts it. at is " @ end()" for the state at the end of the time range.
func nodeState(at string) string {
	firing := func(matchers ...string) string {
		return fleetMetric("ALERTS", append(matchers, `alertstate="firing"`)...) + at
	}
	syncing := " unless on (job, instance, node) " + fleetMetric("initial_block_download") + at + " == 1"
	banned := "((" + fleetMetric("smartnode_pose_banned") + at + " == 1)" + syncing + " or (" + fleetMetric("explorer_smartnode_pose_banned") + at +
		" == 1) unless on (node) (" + recent("("+fleetMetric("smartnode_pose_banned")+at+" == 0)"+syncing, fleetMetric("block_timestamp_seconds"), at) + "))"
	late := "(" + fleetMetric("daemon_state", `state="slow"`) + at + " == 1)"
	trouble := fmt.Sprintf("%d * %s or %d * %s or %d * %s or %d * %s", nodeBanned, banned, nodeActNow, criticals(firing),
		nodeActToday, firing(`severity="warning"`), nodeSlow, late)
	return smartnodesOnly(byNode("max", trouble) +
		" or " + byNode("max", "0 * ("+fleetMetric("up")+at+" == 1)") + " and on () " + rulesRun + at +
		" or " + byNode("max", fmt.Sprintf("%d + 0 * %s", nodeUnknown, fleetMetric("up")+at)))
}

// worst keeps the series of the count nodes that are worst at the end of the time range. A graph of a
// thousand nodes is unreadable, and a topk at each step would return many more nodes.
func worst(count int, expr, rank string) string {
	return fmt.Sprintf("(%s) and on (node) topk(%d, %s)", expr, count, rank)
}

// trouble ranks the nodes: first by their state at the end of the time range, then by alerts within it.
func trouble() string {
	return smartnodesOnly(byNode("max", "10 * ("+nodeState(" @ end()")+") or clamp_max(max_over_time("+
		fleetMetric("ALERTS", `alertstate="firing"`, `severity=~"critical|warning"`)+"[$__range] @ end()), 1)"))
}

func fleet() board {
	return board{
		file: "fleet.json", uid: fleetUID, title: "Raptoreum fleet", from: "now-24h",
		description: "All smartnodes of one owner: which ones need attention, and whether the cause is the node or the network. Click a name to open that smartnode.",
		variables: []variable{
			sourceVariable(), jobVariable(),
			every(labelValues("vantage", "Seen from", "vantage", `up{job=~"$job",node!=""}`), allVantages),
			hidden(labelValues("exporter", "Exporter", "instance", `up{job=~"$job"}`)),
		},
		links: []link{boardLink("One smartnode", smartnodeUID), runbooksLink()},
		rows: []row{
			{"", append(countPanels(), comparePanels()...)},
			{"Smartnodes", []panel{nodesPanel()}},
			{"Payments", append([]panel{paymentsPanel()}, earningsOfAll()...)},
			{"Over time", timePanels()},
			{"Alerts", []panel{firingPanel()}},
		},
	}
}

// countPanels count the nodes by state. An empty state shows 0 only while there are nodes.
func countPanels() []panel {
	state, nodes := nodeState(""), "count("+smartnodesOnly(byNode("count", fleetMetric("up")))+")"
	count := func(n int) string { return fmt.Sprintf("count((%s) == %d) or 0 * %s", state, n, nodes) }
	tile := func(title, description string, w, n int, colour string) panel {
		return panel{
			kind: stat, title: title, w: w, h: 4, description: description, queries: []query{{"nodes", count(n)}},
			field: field{unit: "none", decimals: ptr(0), noValue: "UNKNOWN", steps: []step{{0, unknown}, {1, colour}}},
		}
	}
	return []panel{
		tile("Banned", "PoSe-banned smartnodes. They earn nothing until their owner sends protx update_service. Normal: 0.", 3, nodeBanned, "dark-red"),
		tile("Act now", "Smartnodes with a critical alert that are not banned. Normal: 0.", 4, nodeActNow, critical),
		tile("Act today", "Smartnodes with a warning and nothing worse. Normal: 0.", 4, nodeActToday, bad),
		tile("Slow", "Smartnodes whose raptoreumd answers late, without a warning or a critical alert. Do not restart them. Normal: 0.", 3, nodeSlow, minor),
		tile("Unknown", "Smartnodes that no exporter sees. All smartnodes while Prometheus does not evaluate the rules. Normal: 0.", 3, nodeUnknown, note),
		tile("OK", "Smartnodes without a warning or a critical alert that are not slow. Normal: all.", 3, nodeOK, good),
		{
			kind: stat, title: "Smartnodes", w: 4, h: 4, description: "Monitored smartnodes, from any vantage. A machine that only watches them does not count. Normal: as many as you have.",
			queries: []query{{"nodes", nodes}},
			field:   field{unit: "none", decimals: ptr(0), colour: plain, noValue: "NONE MONITORED"},
		},
	}
}

// comparePanels show whether a problem is local or affects the whole network.
func comparePanels() []panel {
	banned := byNode("max", fleetSynced(fleetMetric("smartnode_pose_banned")))
	penalty := byNode("max", fleetSynced(fleetMetric("smartnode_pose_penalty")))
	share := func(of, flag string) string {
		return fmt.Sprintf("(count(%s) or 0 * count(%s)) / count(%s)", flag, of, of)
	}
	enabled, bannedOfAll := maxOf(networkMetric("smartnodes", `state="enabled"`)), maxOf(networkMetric("smartnodes", `state="pose_banned"`))
	return []panel{
		{
			kind: graph, title: "Banned: mine vs. network", w: 12, h: 7,
			description: "Banned share of my smartnodes and of the whole network. Normal: mine 0, the network steady. If both rise together, the cause is the network.",
			queries: []query{
				{"mine", share(banned, banned+" == 1")},
				{"network", bannedOfAll + " / (" + enabled + " + " + bannedOfAll + ")"},
			},
			field:     field{unit: "percentunit", decimals: ptr(1), min: ptr(0.0), softMax: ptr(1.25 * networkPenalised)},
			overrides: []override{{"mine", field{colour: critical}}, {"network", field{colour: note, dashed: true}}},
		},
		{
			kind: graph, title: "Penalised: mine vs. network", w: 12, h: 7, showLimits: true, alerts: []string{"RaptoreumNetworkPoSeStorm"},
			description: "Share of smartnodes with a penalty that are not banned: mine and the whole network. Normal: a few per cent. If a fifth of the network is penalised, the cause is not your node.",
			queries: []query{
				{"mine", share(penalty, "("+penalty+" > 0) unless on (node) "+banned+" == 1")},
				{"network", maxOf(networkMetric("smartnodes_penalised")) + " / " + enabled},
			},
			field:     field{unit: "percentunit", decimals: ptr(1), min: ptr(0.0), softMax: ptr(1.25 * networkPenalised), steps: limits(step{networkPenalised, bad})},
			overrides: []override{{"mine", field{colour: bad}}, {"network", field{colour: note, dashed: true}}},
		},
	}
}
