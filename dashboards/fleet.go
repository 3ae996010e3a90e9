package dashboards

import (
	"fmt"
	"strings"
)

// all selects what is known of the nodes of the chosen jobs, from the chosen places.
const all = `job=~"$job",vantage=~"$vantage",node!=""`

// theirs is a metric of all nodes; labels are more of the selector.
func fleetMetric(name string, labels ...string) string {
	return metricName(name) + "{" + strings.Join(append([]string{all}, labels...), ",") + "}"
}

// network is a metric that is about all smartnodes of the network, whoever tells it.
func networkMetric(name string, labels ...string) string {
	return metricName(name) + "{" + strings.Join(append([]string{`job=~"$job"`}, labels...), ",") + "}"
}

// currentAll leaves out what a daemon says that still downloads the chain, as current does.
func fleetSynced(expr string) string {
	return expr + " unless on (job, instance, node) " + fleetMetric("initial_block_download") + " == 1"
}

func byNode(aggregate, expr string) string { return aggregate + " by (node) (" + expr + ")" }

// The states of a node, the worst last.
const (
	nodeOK = iota
	nodeUnknown
	nodeActToday
	nodeActNow
	nodeBanned
)

func nodeStateMappings() []valueMapping {
	return []valueMapping{
		{value: nodeOK, text: "well", colour: good},
		{value: nodeUnknown, text: "unknown", colour: unknown},
		{value: nodeActToday, text: "act today", colour: bad},
		{value: nodeActNow, text: "ACT NOW", colour: critical},
		{value: nodeBanned, text: "BANNED", colour: "dark-red"},
	}
}

// nodeState is the state of each node: banned, the worst alert that fires, well while someone sees it
// and the rules run, else unknown. What an explorer says of a ban counts where no daemon's chain says
// otherwise. at is @ end() for the state at the end of the time range.
func nodeState(at string) string {
	firing := func(matchers ...string) string {
		return fleetMetric("ALERTS", append(matchers, `alertstate="firing"`)...) + at
	}
	syncing := " unless on (job, instance, node) " + fleetMetric("initial_block_download") + at + " == 1"
	banned := "((" + fleetMetric("smartnode_pose_banned") + at + " == 1)" + syncing + " or (" + fleetMetric("explorer_smartnode_pose_banned") + at +
		" == 1) unless on (node) ((" + fleetMetric("smartnode_pose_banned") + at + " == 0)" + syncing + "))"
	trouble := fmt.Sprintf("%d * %s or %d * %s or %d * %s", nodeBanned, banned, nodeActNow, criticals(firing), nodeActToday, firing(`severity="warning"`))
	return byNode("max", trouble) +
		" or " + byNode("max", "0 * ("+fleetMetric("up")+at+" == 1)") + " and on () " + rulesRun + at +
		" or " + byNode("max", fmt.Sprintf("%d + 0 * %s", nodeUnknown, fleetMetric("up")+at))
}

// worst leaves the series of so many nodes, those that are worst at the end of the range: a graph of
// a thousand nodes cannot be read, and the worst of each moment would be many more.
func worst(count int, expr, rank string) string {
	return fmt.Sprintf("(%s) and on (node) topk(%d, %s)", expr, count, rank)
}

// trouble ranks the nodes: first those in trouble at the end, then those with alerts in the range.
func trouble() string {
	return byNode("max", "10 * ("+nodeState(" @ end()")+") or clamp_max(max_over_time("+
		fleetMetric("ALERTS", `alertstate="firing"`, `severity=~"critical|warning"`)+"[$__range] @ end()), 1)")
}

func fleet() board {
	return board{
		file: "fleet.json", uid: fleetUID, title: "Raptoreum fleet", from: "now-24h",
		description: "All smartnodes of one owner: which ones need a hand, and is it them or the network. A click on a name opens that smartnode.",
		variables: []variable{
			sourceVariable(), jobVariable(),
			every(labelValues("vantage", "Seen from", "vantage", `up{job=~"$job",node!=""}`), allVantages),
			hidden(labelValues("exporter", "Exporter", "instance", `up{job=~"$job"}`)),
		},
		links: []link{boardLink("One smartnode", smartnodeUID), runbooksLink()},
		rows: []row{
			{"", append(countPanels(), comparePanels()...)},
			{"Smartnodes", []panel{nodesPanel()}},
			{"Over time", timePanels()},
			{"Alerts", []panel{firingPanel()}},
		},
	}
}

// countPanels are the nodes by state. None of a state is a zero only while there are nodes.
func countPanels() []panel {
	state := nodeState("")
	count := func(n int) string {
		return fmt.Sprintf("count((%s) == %d) or 0 * count(%s)", state, n, fleetMetric("up"))
	}
	tile := func(title, description string, n int, colour string) panel {
		return panel{
			kind: stat, title: title, w: 4, h: 4, description: description, queries: []query{{"nodes", count(n)}},
			field: field{unit: "none", decimals: ptr(0), noValue: "UNKNOWN", steps: []step{{0, unknown}, {1, colour}}},
		}
	}
	return []panel{
		tile("Banned", "Smartnodes that are PoSe banned: they earn nothing until their owner sends protx update_service. Normal: 0.", nodeBanned, "dark-red"),
		tile("Act now", "Smartnodes with a critical alert, and not banned. Normal: 0.", nodeActNow, critical),
		tile("Act today", "Smartnodes with a warning, and nothing worse. Normal: 0.", nodeActToday, bad),
		tile("Unknown", "Smartnodes that nobody sees, or all of them while Prometheus does not run the rules. Normal: 0.", nodeUnknown, note),
		tile("Well", "Smartnodes without a warning or a critical alert. Normal: all.", nodeOK, good),
		{
			kind: stat, title: "Smartnodes", w: 4, h: 4, description: "Smartnodes that are watched, from whatever place. Normal: as many as you have.",
			queries: []query{{"nodes", "count(" + byNode("count", fleetMetric("up")) + ")"}},
			field:   field{unit: "none", decimals: ptr(0), colour: plain, noValue: "NONE WATCHED"},
		},
	}
}

// comparePanels tell whether it is me or the network.
func comparePanels() []panel {
	banned := byNode("max", fleetSynced(fleetMetric("smartnode_pose_banned")))
	penalty := byNode("max", fleetSynced(fleetMetric("smartnode_pose_penalty")))
	share := func(of, flag string) string {
		return fmt.Sprintf("(count(%s) or 0 * count(%s)) / count(%s)", flag, of, of)
	}
	enabled, bannedOfAll := maxOf(networkMetric("smartnodes", `state="enabled"`)), maxOf(networkMetric("smartnodes", `state="pose_banned"`))
	return []panel{
		{
			kind: graph, title: "Banned: mine and the network", w: 8, h: 7,
			description: "Share of my smartnodes that is banned, and share of all. Normal: mine 0, and the network's steady. When both rise together it is the network.",
			queries: []query{
				{"mine", share(banned, banned+" == 1")},
				{"network", bannedOfAll + " / (" + enabled + " + " + bannedOfAll + ")"},
			},
			field:     field{unit: "percentunit", decimals: ptr(1), min: ptr(0.0)},
			overrides: []override{{"mine", field{colour: critical}}, {"network", field{colour: note, dashed: true}}},
		},
		{
			kind: graph, title: "Punished: mine and the network", w: 8, h: 7, showLimits: true, alerts: []string{"RaptoreumNetworkPoSeStorm"},
			description: "Share of my smartnodes that carries a penalty and is not banned, and share of all. Normal: a few per cent. When a fifth of the network is punished it is not you.",
			queries: []query{
				{"mine", share(penalty, "("+penalty+" > 0) unless on (node) "+banned+" == 1")},
				{"network", maxOf(networkMetric("smartnodes_penalised")) + " / " + enabled},
			},
			field:     field{unit: "percentunit", decimals: ptr(1), min: ptr(0.0), steps: limits(step{networkPenalised, bad})},
			overrides: []override{{"mine", field{colour: bad}}, {"network", field{colour: note, dashed: true}}},
		},
		{
			kind: graph, title: "Payments each day, 14 days", w: 8, h: 7, bars: true, interval: "1d", timeFrom: "14d",
			description: "Payments to all smartnodes in the 24 hours before. Normal: for each smartnode the 720 blocks of a day, divided by the length of the queue.",
			queries:     []query{{"payments", "sum(" + byNode("max", "changes("+fleetMetric("smartnode_last_paid_height")+"[1d])") + ")"}},
			field:       field{unit: "none", decimals: ptr(0), min: ptr(0.0), colour: good},
		},
	}
}
