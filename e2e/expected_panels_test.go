//go:build e2e

package e2e

import (
	"fmt"
	"strings"
)

// shown is what a panel of a dashboard shows: of each value its name, if it has one, its text and the
// colour that means something; 3..5 is any number between, * any text, {node} the node's name. Without a dashboard
// it is a column of the fleet's table.
type shown struct{ board, panel, shows string }

// shownOnGoodDay is what the panels show of a healthy node. They also show it during an outage, but for
// what shownInstead says.
func shownOnGoodDay() []shown {
	one, fleet := smartnodeBoard, fleetBoard
	return []shown{
		{one, "Verdict", "no alert fires: OK green"},
		{one, "Ban", "NOT BANNED green"},
		{one, "Strikes left", "2: ok green"},
		{one, "PoSe penalty", "penalty: 0% green"},
		{one, "Daemon", "ready green"},
		{one, "Smartnode", "ready green"},
		{one, "Port", "from self: REACHABLE green"},
		{one, "Block height", "540..700"},
		{one, "Explorers ahead by", "explorer: -1..1 blocks green, explorer: -1..1 blocks green"},
		{one, "Next payment", "in about: 3.0..6.5 hours, ahead in queue: 90..195"},
		{one, "Version", "2.0.3.1: running grey"},
		{one, "Height", chains("540..700", "540..700")},
		{one, "Tip age", "age: 0..60 s green or age: 1..20 mins green"},
		{one, "Sync", synced + ", explorers' chain: same green"},
		{one, "Penalty", "own: 0 points, ban at: 200 points, explorer: 0 points"},
		{one, "Strikes left over time", "strikes: 2: ok green"},
		{one, "Recovery", "penalty at 0 in: no penalty green"},
		{one, "Handshake phases", "connect from self: *, mnauth from self: *, verack from self: *, version from self: *"},
		{one, "Failed handshake phase", "from self: complete green"},
		{one, "Daemon and smartnode states", "daemon: ready green, smartnode: ready green"},
		{one, "RPC latency", "chain: *, key generation: *, lock-free calls: *" + calls + " or chain: *, lock-free calls: *" + calls}, // on a busy machine
		{one, "Uptime", "running for: 3.0..9.0 hours, restarts in 1 h: 0 green"},
		{one, "raptoreumd CPU usage", "cores of the machine: 2 cores"},
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
		{one, "Safe to restart", "SAFE green"},
		{one, "Next key generation", "1..30 blocks"},
		{one, "Quorum duty", "key generation: off duty green"},
		{one, "Quorums", "member: 2, missed: 0"},

		{fleet, "Banned", "0 grey"},
		{fleet, "Act now", "0 grey"},
		{fleet, "Act today", "0 grey"},
		{fleet, "Unknown", "0 grey"},
		{fleet, "OK", "1 green"},
		{fleet, "Smartnodes", "1"},
		{fleet, "Banned: mine vs. network", "mine: 0.0%, network: 0.0%"},
		{fleet, "Penalised: mine vs. network", "mine: 0.0%, network: 0.0%"},
		{fleet, "Payments per day, 14 days", "payments: 0"},
		{fleet, "States of the 20 worst nodes", "{node}: ok green"},
		{fleet, "10 highest penalties", "{node}: 0 points"},
		{fleet, "10 nodes furthest behind", "{node}: -1..1 blocks green"},

		{"", "row: State", "ok green"},
		{"", "row: Penalty", "0%"},
		{"", "row: Strikes left", "2: ok green"},
		{"", "row: Behind by", "-1..1 blocks"},
		{"", "row: Port", "reachable green"},
		{"", "row: Unpaid for", "5..150 blocks"},
		{"", "row: Next payment", "3.0..6.5 hours"},
		{"", "row: Version", "2.0.3.1"},
		{"", "row: Seen from", "self"},
	}
}

// differs is what is other than on a good day.
type differs map[string]string

func (d differs) but(more differs) differs {
	all := differs{}
	for _, from := range []differs{d, more} {
		for panel, shows := range from {
			all[panel] = shows
		}
	}
	return all
}

// actNow and actToday are what both dashboards say of the worst alert.
func actNow(alert string) differs {
	return differs{
		"Verdict": alert + ": ACT NOW red", "Act now": "1 red", "OK": "0 grey",
		"row: State": "ACT NOW red", "States of the 20 worst nodes": "{node}: ACT NOW red",
	}
}

func actToday(alert string) differs {
	return differs{
		"Verdict": alert + ": ACT TODAY orange", "Act today": "1 orange", "OK": "0 grey",
		"row: State": "act today orange", "States of the 20 worst nodes": "{node}: act today orange",
	}
}

const (
	silent = "No exporter reports this"
	calls  = ", smartnode list: *, smartnode: *, longest running call: *"
	synced = "verified: 100.0%, time left: done green, smartnode sync: done green"
)

// chains are the heights of the node and of its explorers.
func chains(own, explorers string) string {
	return "own: " + own + ", peers: 540..700, explorer: " + explorers + ", explorer: " + explorers
}

// noDaemon is that no daemon answers: what only it knows is not known, and nothing of it is green.
func noDaemon(state string) differs {
	return differs{
		"Daemon": state, "Daemon and smartnode states": "daemon: " + state, "Smartnode": "UNKNOWN grey", "Strikes left": "UNKNOWN grey", "PoSe penalty": "UNKNOWN grey",
		"Block height": "UNKNOWN grey", "Explorers ahead by": "UNKNOWN grey", "Next payment": "NO ESTIMATE grey", "Version": "UNKNOWN grey",
		"Tip age": silent, "Sync": "UNKNOWN grey", "Penalty": "explorer: 0 points", "Recovery": "UNKNOWN grey",
		"Uptime": "restarts in 1 h: 0 green or UNKNOWN grey", "Peers": silent, "Wait for payment": silent, "Payment": "UNKNOWN grey",
		"Safe to restart": "UNKNOWN grey", "Next key generation": "UNKNOWN grey", "Quorums": silent,
		"Height": "explorer: 540..700, explorer: 540..700", "Strikes left over time": silent, "RPC latency": silent, "Peer round-trip time": silent,
		"Traffic": silent, "Payment queue position": silent, "Last paid height": silent, "Quorum duty": silent,
		"Banned: mine vs. network": silent, "Penalised: mine vs. network": silent,
		"10 highest penalties": silent, "10 nodes furthest behind": silent,
		"row: Penalty": "", "row: Strikes left": "", "row: Behind by": "", "row: Unpaid for": "", "row: Next payment": "", "row: Version": "",
	}
}

// noPort is a handshake from the machine itself that ended so.
func noPort(stage, stages string) differs {
	return differs{
		"Handshake phases": stages, "Port": "from self: NO HANDSHAKE orange", "Failed handshake phase": "from self: " + stage, "row: Port": "NO HANDSHAKE red",
	}
}

// noPlace is what a banned node shows of payments.
func noPlace() differs {
	return differs{
		"Next payment": "NO ESTIMATE grey", "Payment queue position": silent, "Wait for payment": "wait: 5..150 blocks", "Payment": "UNKNOWN grey",
		"row: Next payment": "",
	}
}

// ahead is how far the explorers are ahead of the node.
func ahead(blocks, colour string) differs {
	text := blocks + " blocks " + colour
	return differs{"Explorers ahead by": "explorer: " + text + ", explorer: " + text, "row: Behind by": text, "10 nodes furthest behind": "{node}: " + text}
}

// each is what is shown of those nodes of several.
func each(from, to int, shows string) string {
	var all []string
	for i := from; i <= to; i++ {
		all = append(all, fmt.Sprintf("several-down-%d%s", i, shows))
	}
	return strings.Join(all, ", ")
}

// shownInstead is by outage what the panels show that is other than on a good day.
func shownInstead() map[string]differs {
	const connect, version, mnauth = "connect red", "version red", "from self: mnauth yellow"
	const connected, unnamed = "connect from self: *", "connect from self: *, verack from self: *, version from self: *"
	dead := noDaemon("unreachable red").but(noPort(connect, silent))
	return map[string]differs{
		"daemon-killed":  actNow("DaemonDown").but(dead),
		"daemon-stopped": actNow("DaemonDown").but(noDaemon("hung red")).but(noPort(version, connected)),
		"several-down": actNow("DaemonDown").but(dead).but(differs{
			"States of the 20 worst nodes": each(1, 5, ": ACT NOW red") + ", " + each(6, 8, ": ok green"),
			"10 highest penalties":         each(6, 8, ": 0 points"), "10 nodes furthest behind": each(6, 8, ": -1..1 blocks green"),
			"Act now": "5 red", "OK": "3 green", "Smartnodes": "8",
			"Banned: mine vs. network": "mine: 0.0%, network: 0.0%", "Penalised: mine vs. network": "mine: 0.0%, network: 0.0%",
		}),
		"password-changed": actToday("DaemonRefusesUs").but(noDaemon("unauthorized orange")).but(differs{
			// What answered the handshake tells them.
			"Block height": "540..700", "Version": "2.0.3.1: running grey", "row: Version": "2.0.3.1", "row: Behind by": "-1..1 blocks",
			"10 nodes furthest behind": "{node}: -1..1 blocks green",
		}),
		"exporter-killed": actNow("ExporterDown").but(noDaemon("EXPORTER DOWN red")).but(differs{
			"Ban": "UNKNOWN grey", "Port": "UNKNOWN grey", "Daemon and smartnode states": "daemon: exporter down red", "Penalty": silent, "Failed handshake phase": silent,
			"Height": silent, "Handshake phases": silent, "raptoreumd CPU usage": silent, "CPU starvation": silent, "Memory": silent,
			"Data directory disk": silent, "Disk full in": "UNKNOWN grey",
			"row: Port": "",
		}),
		"oom-killed": actToday("DaemonOOMKilled").but(differs{
			"OOM kills": "raptoreumd: 0 green, any process: 1 orange", "Uptime": "running for: 10..40 mins, restarts in 1 h: 1 yellow",
		}),

		"one-strike": actNow("SmartnodeOneStrikeLeft").but(differs{
			"Strikes left": "1: LAST STRIKE red", "PoSe penalty": "penalty: 66% red", "Recovery": "penalty at 0 in: 8.0..9.0 hours",
			"Penalty": "own: 132 points, ban at: 200 points, explorer: 132 points", "Quorums": "member: 2, missed: 1",
			"Penalised: mine vs. network": "mine: 100.0%, network: 0.0..1.0%",
			"Strikes left over time":      "strikes: 1: LAST STRIKE red", "10 highest penalties": "{node}: 132 points",
			"row: Penalty": "66% red", "row: Strikes left": "1: LAST STRIKE red",
		}),
		"banned": actNow("SmartnodePoSeBanned").but(noPlace()).but(differs{
			"Ban": "BANNED red", "Strikes left": "BANNED red", "PoSe penalty": "penalty: 100% red", "Smartnode": "pose banned red",
			"Daemon and smartnode states": "daemon: ready green, smartnode: pose banned red", "Failed handshake phase": mnauth, "Handshake phases": unnamed,
			"Penalty":  "own: 200 points, ban at: 200 points, explorer: 200 points",
			"Recovery": "banned at height: 530..600 red", "Strikes left over time": "strikes: BANNED red",
			"10 highest penalties": "{node}: 200 points", "States of the 20 worst nodes": "{node}: BANNED dark-red",
			"Act now": "0 grey", "Banned": "1 dark-red", "Banned: mine vs. network": "mine: 100.0%, network: 0.0..1.0%",
			"row: State": "BANNED dark-red", "row: Penalty": "100% red", "row: Strikes left": "BANNED red",
		}),
		"banned-and-killed": actNow("SmartnodePoSeBanned").but(dead).but(differs{
			"Ban": "BANNED red", "Penalty": "explorer: 200 points",
			"Act now": "0 grey", "Banned": "1 dark-red", "row: State": "BANNED dark-red", "States of the 20 worst nodes": "{node}: BANNED dark-red",
		}),
		"address-changed": actNow("SmartnodeAddressMismatch").but(differs{
			"Smartnode": "error red", "Daemon and smartnode states": "daemon: ready green, smartnode: error red", "Failed handshake phase": mnauth, "Handshake phases": unnamed,
		}),
		"explorer-says-banned": actToday("SmartnodeViewsDisagree"),

		"port-closed":             actToday("PortUnreachable").but(noPort(connect, silent)),
		"port-accepts-and-closes": actToday("PortUnreachable").but(noPort(version, connected)),
		"port-closed-to-all":      actNow("PortUnreachable").but(noPort(connect, silent)).but(differs{"Peers": "inbound: 0 red, outbound: 8, total: 8"}),

		"behind":          actNow("ChainBehind").but(ahead("15..35", "red")).but(differs{"Height": chains("540..560", "560..600"), "Tip age": "age: 35..60 mins red"}),
		"network-stalled": actToday("NetworkStalled").but(differs{"Tip age": "age: 35..60 mins red"}),
		"forked": actNow("ChainForked").but(differs{
			"Sync": synced + ", explorers' chain: DIFFERENT red",
		}),
		"explorers-lying": actToday("ExplorersDisagree").but(ahead("500..501", "red")).but(differs{"Height": chains("540..700", "1040..1200")}),
		"explorers-down": actToday("ExplorersDown").but(differs{
			"Explorers ahead by": "UNKNOWN grey", "Height": "own: 540..700, peers: 540..700", "Penalty": "own: 0 points, ban at: 200 points", "row: Behind by": "-1..1 blocks",
			// What was compared last is known for a while.
			"Sync": synced + " or " + synced + ", explorers' chain: same green",
		}),
	}
}
