//go:build e2e

package e2e

import (
	"fmt"
	"strings"
)

// expectation is the expected content of a panel: for each value its name, if any, its text, and its colour if the
// colour has a meaning. 3..5 matches a number in that range, * any text, {node} is the node's name. An empty board
// stands for a column of the fleet table.
type expectation struct{ board, panel, shows string }

// healthyPanels is the content of the panels for a healthy node, and during an outage for all panels that
// outagePanels does not list.
func healthyPanels() []expectation {
	one, fleet := smartnodeBoard, fleetBoard
	return []expectation{
		{one, "Verdict", "no alert fires: OK green"},
		{one, "Ban", "NOT BANNED green"},
		{one, "Strikes left", "2: ok green"},
		{one, "PoSe penalty", "penalty: 0% green"},
		{one, "Daemon", "ready green"},
		{one, "Smartnode", "ready green"},
		{one, "Port", "from self: REACHABLE green"},
		{one, "Block height", "520..700"},
		{one, "Explorers ahead by", "explorer: -2..2 blocks green, explorer: -2..2 blocks green"},
		{one, "Next payment", "in about: 3.0..6.5 hours, ahead in queue: 90..195"},
		{one, "Version", "2.0.3.1: running grey"},
		{one, "Height", chains("520..700", "520..700")},
		{one, "Tip age", "age: 0..60 s green or age: 1..20 mins green"},
		{one, "Sync", synced + ", explorers' chain: same green"},
		{one, "debug.log", "NOT READABLE grey"}, // the fake writes none
		{one, "Penalty", "own: 0 points, ban at: 200 points, explorer: 0 points"},
		{one, "Strikes left over time", "strikes: 2: ok green"},
		{one, "Recovery", "penalty at 0 in: no penalty green"},
		{one, "Handshake phases", "connect from self: *, mnauth from self: *, verack from self: *, version from self: *"},
		{one, "Failed handshake phase", "from self: complete green"},
		{one, "Daemon and smartnode states", "daemon: ready green, smartnode: ready green"},
		{one, "RPC latency", "chain: *, key generation: *, lock-free calls: *" + calls + " or chain: *, lock-free calls: *" + calls}, // some calls are missing on a busy machine
		{one, "Uptime", "running for: 3.0..9.0 hours, restarts in 1 h: 0 green, oldest answer: *"},
		{one, "raptoreumd CPU usage", "machine: 2 cores, available: 2 cores, alert threshold: 2 cores"},
		{one, "CPU starvation", "pressure: 0% green, steal: 0% green"},
		{one, "Memory", "available: 1.73 GiB, machine: 3.84 GiB, alert threshold: 315 MiB"},
		{one, "Data directory disk", "free: 37.3 GiB, size: 74.5 GiB"},
		{one, "Disk full in", "not filling green"},
		{one, "OOM kills", "raptoreumd: 0 green, any process: 0 green"},
		{one, "Peers", "inbound: 6, outbound: 8, total: 14"},
		{one, "Peer round-trip time", "median: 482 µs green"},
		{one, "Traffic", "received: *, sent: *"},
		{one, "Payment queue position", "position: 90..195, queue length: 200"},
		{one, "Wait for payment", "wait: 5..150 blocks, overdue above: 330 blocks"},
		{one, "Last paid height", "last paid: 529"},
		{one, "Payment", "ON TIME green"},
		{one, "Earned per day, 14 days", "earned: 0 RTM, expected: 2.88 RTM"},
		{one, "Earnings", "last payment: 0.800 RTM, expected per day: 2.88 RTM, earned per day: 0 RTM"},
		{one, "Safe to restart", "SAFE green or WAIT: DKG SOON orange"},
		{one, "Next key generation", "1..30 blocks"},
		{one, "Quorum duty", "key generation: off duty green"},
		{one, "Quorums", "member: 2, missed: 0"},

		{fleet, "Banned", "0 grey"},
		{fleet, "Act now", "0 grey"},
		{fleet, "Act today", "0 grey"},
		{fleet, "Slow", "0 grey"},
		{fleet, "Unknown", "0 grey"},
		{fleet, "OK", "1 green"},
		{fleet, "Smartnodes", "1"},
		{fleet, "Banned: mine vs. network", "mine: 0.0%, network: 0.0%"},
		{fleet, "Penalised: mine vs. network", "mine: 0.0%, network: 0.0%"},
		{fleet, "Payments per day, 14 days", "payments: 0"},
		{fleet, "Fleet earned per day, 14 days", "earned: 0 RTM, expected: 2.88 RTM"},
		{fleet, "Fleet earnings", "expected per day: 2.88 RTM, earned per day: 0 RTM, lost to bans per day: 0 RTM green, smartnodes counted: 1"},
		{fleet, "States of the 20 worst nodes", "{node}: ok green"},
		{fleet, "10 highest penalties", "{node}: 0 points"},
		{fleet, "10 nodes furthest behind", "{node}: -2..2 blocks green"},

		{"", "row: State", "ok green"},
		{"", "row: Penalty", "0%"},
		{"", "row: Strikes left", "2: ok green"},
		{"", "row: Behind by", "-2..2 blocks"},
		{"", "row: Port", "reachable green"},
		{"", "row: Unpaid for", "5..150 blocks"},
		{"", "row: Next payment", "3.0..6.5 hours"},
		{"", "row: Version", "2.0.3.1"},
		{"", "row: Seen from", "self"},
	}
}

// changes are differences from healthyPanels by panel.
type changes map[string]string

func (d changes) with(more changes) changes {
	all := changes{}
	for _, from := range []changes{d, more} {
		for panel, shows := range from {
			all[panel] = shows
		}
	}
	return all
}

// actNow and actToday are how both dashboards show the worst alert.
func actNow(alert string) changes {
	return changes{
		"Verdict": alert + ": ACT NOW red", "Act now": "1 red", "OK": "0 grey",
		"row: State": "ACT NOW red", "States of the 20 worst nodes": "{node}: ACT NOW red",
	}
}

func actToday(alert string) changes {
	return changes{
		"Verdict": alert + ": ACT TODAY orange", "Act today": "1 orange", "OK": "0 grey",
		"row: State": "act today orange", "States of the 20 worst nodes": "{node}: act today orange",
	}
}

const (
	notReported = "No exporter reports this"
	calls       = ", smartnode list: *, smartnode: *, longest running call: *, age of answers: *"
	synced      = "verified: 100.0%, time left: done green, smartnode sync: done green"
)

// chains are the heights of the node, its peers and its explorers.
func chains(own, explorers string) string {
	return "own: " + own + ", peers: 520..700, explorer: " + explorers + ", explorer: " + explorers
}

// noDaemon is for a daemon that does not answer: the values that need it are unknown, and none is green.
func noDaemon(state string) changes {
	return changes{
		"Daemon": state, "Daemon and smartnode states": "daemon: " + state, "Smartnode": "UNKNOWN grey", "Strikes left": "UNKNOWN grey", "PoSe penalty": "UNKNOWN grey",
		"Block height": "UNKNOWN grey", "Explorers ahead by": "UNKNOWN grey", "Next payment": "NO ESTIMATE grey", "Version": "UNKNOWN grey",
		"Tip age": notReported, "Sync": "UNKNOWN grey", "Penalty": "explorer: 0 points", "Recovery": "UNKNOWN grey",
		"Uptime": "restarts in 1 h: 0 green or UNKNOWN grey", "Peers": notReported, "Wait for payment": notReported, "Payment": "UNKNOWN grey",
		"Safe to restart": "UNKNOWN grey", "Next key generation": "UNKNOWN grey", "Quorums": notReported,
		"Height": "explorer: 520..700, explorer: 520..700", "Strikes left over time": "unknown", "RPC latency": notReported, "Peer round-trip time": notReported,
		"Traffic": notReported, "Payment queue position": notReported, "Last paid height": notReported, "Quorum duty": "unknown",
		"Banned: mine vs. network": notReported, "Penalised: mine vs. network": notReported,
		"10 highest penalties": notReported, "10 nodes furthest behind": notReported,
		"Earned per day, 14 days": "earned: 0 RTM or " + notReported, "Earnings": "earned per day: 0 RTM or UNKNOWN grey", // known before
		"Fleet earned per day, 14 days": "earned: 0 RTM or " + notReported, "Fleet earnings": "earned per day: 0 RTM or UNKNOWN grey",
		"row: Penalty": "", "row: Strikes left": "", "row: Behind by": "", "row: Unpaid for": "", "row: Next payment": "", "row: Version": "",
	}
}

// noPort is for a failed handshake from the machine itself.
func noPort(failed, phases string) changes {
	return changes{
		"Handshake phases": phases, "Port": "from self: NO HANDSHAKE orange", "Failed handshake phase": "from self: " + failed, "row: Port": "NO HANDSHAKE red",
	}
}

// notQueued is the payment panels of a banned node.
func notQueued() changes {
	return changes{
		"Next payment": "NO ESTIMATE grey", "Payment queue position": notReported, "Wait for payment": "wait: 5..150 blocks", "Payment": "UNKNOWN grey",
		"row: Next payment": "",
	}
}

// ahead is for explorers that are ahead of the node.
func ahead(blocks, colour string) changes {
	text := blocks + " blocks " + colour
	return changes{"Explorers ahead by": "explorer: " + text + ", explorer: " + text, "row: Behind by": text, "10 nodes furthest behind": "{node}: " + text}
}

// each repeats a text for several of the nodes of several-down.
func each(from, to int, shows string) string {
	var all []string
	for i := from; i <= to; i++ {
		all = append(all, fmt.Sprintf("several-down-%d%s", i, shows))
	}
	return strings.Join(all, ", ")
}

// outagePanels returns the differences from healthyPanels by outage.
func outagePanels() map[string]changes {
	const connect, version, mnauth = "connect red", "version red", "from self: mnauth yellow"
	const connected, unnamed = "connect from self: *", "connect from self: *, verack from self: *, version from self: *"
	dead := noDaemon("unreachable red").with(noPort(connect, notReported))
	return map[string]changes{
		"daemon-killed":  actNow("DaemonDown").with(dead),
		"daemon-stopped": actNow("DaemonDown").with(noDaemon("hung red")).with(noPort(version, connected)),
		"several-down": actNow("DaemonDown").with(dead).with(changes{
			"States of the 20 worst nodes": each(1, 5, ": ACT NOW red") + ", " + each(6, 8, ": ok green"),
			"10 highest penalties":         each(6, 8, ": 0 points"), "10 nodes furthest behind": each(6, 8, ": -2..2 blocks green"),
			"Act now": "5 red", "OK": "3 green", "Smartnodes": "8",
			"Fleet earned per day, 14 days": "earned: 0 RTM, expected: 8.64 RTM",
			"Fleet earnings":                "expected per day: 8.64 RTM, earned per day: 0 RTM, lost to bans per day: 0 RTM green, smartnodes counted: 3",
			"Banned: mine vs. network":      "mine: 0.0%, network: 0.0%", "Penalised: mine vs. network": "mine: 0.0%, network: 0.0%",
		}),
		"password-changed": actToday("DaemonRefusesUs").with(noDaemon("unauthorized orange")).with(changes{
			// These come from the handshake.
			"Block height": "520..700", "Version": "2.0.3.1: running grey", "row: Version": "2.0.3.1", "row: Behind by": "-2..2 blocks",
			"10 nodes furthest behind": "{node}: -2..2 blocks green",
		}),
		"exporter-killed": actNow("ExporterDown").with(noDaemon("EXPORTER DOWN red")).with(changes{
			"Ban": "UNKNOWN grey", "Port": "UNKNOWN grey", "Daemon and smartnode states": "daemon: exporter down red", "Penalty": notReported, "Failed handshake phase": "unknown",
			"Height": notReported, "Handshake phases": notReported, "raptoreumd CPU usage": notReported, "CPU starvation": notReported, "Memory": notReported,
			"Data directory disk": notReported, "Disk full in": "UNKNOWN grey",
			"row: Port": "",
		}),
		"oom-killed": actToday("DaemonOOMKilled").with(changes{
			"OOM kills": "raptoreumd: 0 green, any process: 1 orange", "Uptime": "running for: 10..40 mins, restarts in 1 h: 1 yellow, oldest answer: *",
		}),

		"slow": nil, "catching-up": nil, // late answers come and go: what the panels show depends on the moment

		"one-strike": actNow("SmartnodeOneStrikeLeft").with(changes{
			"Strikes left": "1: LAST STRIKE red", "PoSe penalty": "penalty: 66% red", "Recovery": "penalty at 0 in: 8.0..9.0 hours",
			"Penalty": "own: 132 points, ban at: 200 points, explorer: 132 points", "Quorums": "member: 2, missed: 1",
			"Penalised: mine vs. network": "mine: 100.0%, network: 0.0..1.0%",
			"Strikes left over time":      "strikes: 1: LAST STRIKE red", "10 highest penalties": "{node}: 132 points",
			"row: Penalty": "66% red", "row: Strikes left": "1: LAST STRIKE red",
		}),
		"banned": actNow("SmartnodePoSeBanned").with(notQueued()).with(changes{
			"Fleet earnings": "expected per day: 2.88 RTM, earned per day: 0 RTM, lost to bans per day: 2.88 RTM red, smartnodes counted: 1",
			"Ban":            "BANNED red", "Strikes left": "BANNED red", "PoSe penalty": "penalty: 100% red", "Smartnode": "pose banned red",
			"Daemon and smartnode states": "daemon: ready green, smartnode: pose banned red", "Failed handshake phase": mnauth, "Handshake phases": unnamed,
			"Penalty":  "own: 200 points, ban at: 200 points, explorer: 200 points",
			"Recovery": "banned at height: 530..600 red", "Strikes left over time": "strikes: BANNED red",
			"10 highest penalties": "{node}: 200 points", "States of the 20 worst nodes": "{node}: BANNED dark-red",
			"Act now": "0 grey", "Banned": "1 dark-red", "Banned: mine vs. network": "mine: 100.0%, network: 0.0..1.0%",
			"row: State": "BANNED dark-red", "row: Penalty": "100% red", "row: Strikes left": "BANNED red",
		}),
		"banned-and-killed": actNow("SmartnodePoSeBanned").with(dead).with(changes{
			"Ban": "BANNED red", "Penalty": "explorer: 200 points",
			"Act now": "0 grey", "Banned": "1 dark-red", "row: State": "BANNED dark-red", "States of the 20 worst nodes": "{node}: BANNED dark-red",
		}),
		"address-changed": actNow("SmartnodeAddressMismatch").with(changes{
			"Smartnode": "error red", "Daemon and smartnode states": "daemon: ready green, smartnode: error red", "Failed handshake phase": mnauth, "Handshake phases": unnamed,
		}),
		"explorer-says-banned": actToday("SmartnodeViewsDisagree"),

		"port-closed":             actToday("PortUnreachable").with(noPort(connect, notReported)),
		"port-accepts-and-closes": actToday("PortUnreachable").with(noPort(version, connected)),
		"port-closed-to-all":      actNow("PortUnreachable").with(noPort(connect, notReported)).with(changes{"Peers": "inbound: 0 red, outbound: 8, total: 8"}),

		"behind":          actNow("ChainBehind").with(ahead("15..35", "red")).with(changes{"Height": chains("520..580", "535..640"), "Tip age": "age: 35..60 mins red"}),
		"network-stalled": actToday("NetworkStalled").with(changes{"Tip age": "age: 35..60 mins red"}),
		"forked": actNow("ChainForked").with(changes{
			"Sync": synced + ", explorers' chain: DIFFERENT red",
		}),
		"explorers-lying": actToday("ExplorersDisagree").with(ahead("500..501", "red")).with(changes{"Height": chains("520..700", "1020..1200")}),
		"explorers-down": actToday("ExplorersDown").with(changes{
			"Explorers ahead by": "UNKNOWN grey", "Height": "own: 520..700, peers: 520..700", "Penalty": "own: 0 points, ban at: 200 points", "row: Behind by": "-2..2 blocks",
			// The last comparison stays valid for a while.
			"Sync": synced + " or " + synced + ", explorers' chain: same green",
		}),
	}
}
