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
		{one, "Verdict", "no alert fires: WELL green"},
		{one, "Ban", "NO BAN green"},
		{one, "Strikes left", "2: good green"},
		{one, "PoSe penalty", "penalty: 0% green"},
		{one, "Daemon", "ready green"},
		{one, "Smartnode", "ready green"},
		{one, "Port", "from self: ANSWERS green"},
		{one, "Block height", "540..700"},
		{one, "Explorers ahead by", "explorer: -1..1 blocks green, explorer: -1..1 blocks green"},
		{one, "Next payment", "in about: 3.0..6.5 hours, ahead of it: 90..195"},
		{one, "Version", "2.0.3.1: runs grey"},
		{one, "Height", chains("540..700", "540..700")},
		{one, "Age of the tip", "age: 0..60 s green or age: 1..20 mins green"},
		{one, "Sync", synced + ", explorers' chain: the same green"},
		{one, "Penalty", "own: 0 points, ban at: 200 points, as explorer sees it: 0 points"},
		{one, "Strikes over time", "strikes: 2: good green"},
		{one, "Way back", "penalty gone in: no penalty green"},
		{one, "Stages of the handshake", "connect from self: *, mnauth from self: *, verack from self: *, version from self: *"},
		{one, "Failures by stage", "from self: complete green"},
		{one, "States", "daemon: ready green, smartnode: ready green"},
		{one, "RPC latency", "brief calls: *, chain: *, key generation: *" + calls + " or brief calls: *, chain: *" + calls}, // on a busy machine
		{one, "Runs", "for: 3.0..9.0 hours, restarts in 1 h: 0 green"},
		{one, "CPU of raptoreumd", "cores of the machine: 2 cores"},
		{one, "CPU that is missing", "waiting: 0% green, stolen: 0% green"},
		{one, "Memory", "available: 1.73 GiB, machine: 3.84 GiB, too little below: 315 MiB"},
		{one, "Disk of the data directory", "free: 37.3 GiB, size: 74.5 GiB"},
		{one, "Disk full in", "not filling green"},
		{one, "Killed for want of memory", "raptoreumd: 0 green, any program: 0 green"},
		{one, "Peers", "inbound: 6, outbound: 8, all: 14"},
		{one, "Round trip to peers", "median: 482 µs green"},
		{one, "Traffic", "received: *, sent: *"},
		{one, "Place in the queue", "ahead of it: 90..195, length of the queue: 200"},
		{one, "Waits for a payment", "waits: 5..150 blocks, overdue from: 330 blocks"},
		{one, "Paid heights", "last paid: 529"},
		{one, "Payment", "IN TIME green"},
		{one, "Restart now?", "SAFE green"},
		{one, "Next key generation", "1..30 blocks"},
		{one, "Duty", "key generation: free green"},
		{one, "Quorums", "member: 2, left out: 0"},

		{fleet, "Banned", "0 grey"},
		{fleet, "Act now", "0 grey"},
		{fleet, "Act today", "0 grey"},
		{fleet, "Unknown", "0 grey"},
		{fleet, "Well", "1 green"},
		{fleet, "Smartnodes", "1"},
		{fleet, "Banned: mine and the network", "mine: 0.0%, network: 0.0%"},
		{fleet, "Punished: mine and the network", "mine: 0.0%, network: 0.0%"},
		{fleet, "Payments each day, 14 days", "payments: 0"},
		{fleet, "States of the 20 worst", "{node}: well green"},
		{fleet, "The 10 highest penalties", "{node}: 0 points"},
		{fleet, "The 10 farthest behind", "{node}: -1..1 blocks green"},

		{"", "row: State", "well green"},
		{"", "row: Penalty", "0%"},
		{"", "row: Strikes left", "2: good green"},
		{"", "row: Behind by", "-1..1 blocks"},
		{"", "row: Port", "answers green"},
		{"", "row: Paid before", "5..150 blocks"},
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
		"Verdict": alert + ": ACT NOW red", "Act now": "1 red", "Well": "0 grey",
		"row: State": "ACT NOW red", "States of the 20 worst": "{node}: ACT NOW red",
	}
}

func actToday(alert string) differs {
	return differs{
		"Verdict": alert + ": ACT TODAY orange", "Act today": "1 orange", "Well": "0 grey",
		"row: State": "act today orange", "States of the 20 worst": "{node}: act today orange",
	}
}

const (
	silent = "No exporter tells this"
	calls  = ", smartnode list: *, smartnode: *, longest call that runs: *"
	synced = "verified: 100.0%, time left: done green, smartnode sync: done green"
)

// chains are the heights of the node and of its explorers.
func chains(own, explorers string) string {
	return "own: " + own + ", peers: 540..700, explorer: " + explorers + ", explorer: " + explorers
}

// noDaemon is that no daemon answers: what only it knows is not known, and nothing of it is green.
func noDaemon(state string) differs {
	return differs{
		"Daemon": state, "States": "daemon: " + state, "Smartnode": "UNKNOWN grey", "Strikes left": "UNKNOWN grey", "PoSe penalty": "UNKNOWN grey",
		"Block height": "UNKNOWN grey", "Explorers ahead by": "UNKNOWN grey", "Next payment": "NO PLACE KNOWN grey", "Version": "UNKNOWN grey",
		"Age of the tip": silent, "Sync": "UNKNOWN grey", "Penalty": "as explorer sees it: 0 points", "Way back": "UNKNOWN grey",
		"Runs": "restarts in 1 h: 0 green or UNKNOWN grey", "Peers": silent, "Waits for a payment": silent, "Payment": "UNKNOWN grey",
		"Restart now?": "UNKNOWN grey", "Next key generation": "UNKNOWN grey", "Quorums": silent,
		"Height": "explorer: 540..700, explorer: 540..700", "Strikes over time": silent, "RPC latency": silent, "Round trip to peers": silent,
		"Traffic": silent, "Place in the queue": silent, "Paid heights": silent, "Duty": silent,
		"Banned: mine and the network": silent, "Punished: mine and the network": silent,
		"The 10 highest penalties": silent, "The 10 farthest behind": silent,
		"row: Penalty": "", "row: Strikes left": "", "row: Behind by": "", "row: Paid before": "", "row: Next payment": "", "row: Version": "",
	}
}

// noPort is a handshake from the machine itself that ended so.
func noPort(stage, stages string) differs {
	return differs{
		"Stages of the handshake": stages, "Port": "from self: NO HANDSHAKE orange", "Failures by stage": "from self: " + stage, "row: Port": "NO HANDSHAKE red",
	}
}

// noPlace is what a banned node shows of payments.
func noPlace() differs {
	return differs{
		"Next payment": "NO PLACE KNOWN grey", "Place in the queue": silent, "Waits for a payment": "waits: 5..150 blocks", "Payment": "UNKNOWN grey",
		"row: Next payment": "",
	}
}

// ahead is how far the explorers are ahead of the node.
func ahead(blocks, colour string) differs {
	text := blocks + " blocks " + colour
	return differs{"Explorers ahead by": "explorer: " + text + ", explorer: " + text, "row: Behind by": text, "The 10 farthest behind": "{node}: " + text}
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
			"States of the 20 worst":   each(1, 5, ": ACT NOW red") + ", " + each(6, 8, ": well green"),
			"The 10 highest penalties": each(6, 8, ": 0 points"), "The 10 farthest behind": each(6, 8, ": -1..1 blocks green"),
			"Act now": "5 red", "Well": "3 green", "Smartnodes": "8",
			"Banned: mine and the network": "mine: 0.0%, network: 0.0%", "Punished: mine and the network": "mine: 0.0%, network: 0.0%",
		}),
		"password-changed": actToday("DaemonRefusesUs").but(noDaemon("unauthorized orange")).but(differs{
			// What answered the handshake tells them.
			"Block height": "540..700", "Version": "2.0.3.1: runs grey", "row: Version": "2.0.3.1", "row: Behind by": "-1..1 blocks",
			"The 10 farthest behind": "{node}: -1..1 blocks green",
		}),
		"exporter-killed": actNow("ExporterDown").but(noDaemon("EXPORTER SILENT red")).but(differs{
			"Ban": "UNKNOWN grey", "Port": "UNKNOWN grey", "States": "daemon: exporter silent red", "Penalty": silent, "Failures by stage": silent,
			"Height": silent, "Stages of the handshake": silent, "CPU of raptoreumd": silent, "CPU that is missing": silent, "Memory": silent,
			"Disk of the data directory": silent, "Disk full in": "UNKNOWN grey",
			"row: Port": "",
		}),
		"oom-killed": actToday("DaemonOOMKilled").but(differs{
			"Killed for want of memory": "raptoreumd: 0 green, any program: 1 orange", "Runs": "for: 10..40 mins, restarts in 1 h: 1 yellow",
		}),

		"one-strike": actNow("SmartnodeOneStrikeLeft").but(differs{
			"Strikes left": "1: NEXT BANS red", "PoSe penalty": "penalty: 66% red", "Way back": "penalty gone in: 8.0..9.0 hours",
			"Penalty": "own: 132 points, ban at: 200 points, as explorer sees it: 132 points", "Quorums": "member: 2, left out: 1",
			"Punished: mine and the network": "mine: 100.0%, network: 0.0..1.0%",
			"Strikes over time":              "strikes: 1: NEXT BANS red", "The 10 highest penalties": "{node}: 132 points",
			"row: Penalty": "66% red", "row: Strikes left": "1: NEXT BANS red",
		}),
		"banned": actNow("SmartnodePoSeBanned").but(noPlace()).but(differs{
			"Ban": "BANNED red", "Strikes left": "BANNED red", "PoSe penalty": "penalty: 100% red", "Smartnode": "pose banned red",
			"States": "daemon: ready green, smartnode: pose banned red", "Failures by stage": mnauth, "Stages of the handshake": unnamed,
			"Penalty":  "own: 200 points, ban at: 200 points, as explorer sees it: 200 points",
			"Way back": "banned at height: 530..600 red", "Strikes over time": "strikes: BANNED red",
			"The 10 highest penalties": "{node}: 200 points", "States of the 20 worst": "{node}: BANNED dark-red",
			"Act now": "0 grey", "Banned": "1 dark-red", "Banned: mine and the network": "mine: 100.0%, network: 0.0..1.0%",
			"row: State": "BANNED dark-red", "row: Penalty": "100% red", "row: Strikes left": "BANNED red",
		}),
		"banned-and-killed": actNow("SmartnodePoSeBanned").but(dead).but(differs{
			"Ban": "BANNED red", "Penalty": "as explorer sees it: 200 points",
			"Act now": "0 grey", "Banned": "1 dark-red", "row: State": "BANNED dark-red", "States of the 20 worst": "{node}: BANNED dark-red",
		}),
		"address-changed": actNow("SmartnodeAddressMismatch").but(differs{
			"Smartnode": "error red", "States": "daemon: ready green, smartnode: error red", "Failures by stage": mnauth, "Stages of the handshake": unnamed,
		}),
		"explorer-says-banned": actToday("SmartnodeViewsDisagree"),

		"port-closed":             actToday("PortUnreachable").but(noPort(connect, silent)),
		"port-accepts-and-closes": actToday("PortUnreachable").but(noPort(version, connected)),
		"port-closed-to-all":      actNow("PortUnreachable").but(noPort(connect, silent)).but(differs{"Peers": "inbound: 0 red, outbound: 8, all: 8"}),

		"behind":          actNow("ChainBehind").but(ahead("15..35", "red")).but(differs{"Height": chains("540..560", "560..600"), "Age of the tip": "age: 35..60 mins red"}),
		"network-stalled": actToday("NetworkStalled").but(differs{"Age of the tip": "age: 35..60 mins red"}),
		"forked": actNow("ChainForked").but(differs{
			"Sync": synced + ", explorers' chain: ANOTHER red",
		}),
		"explorers-lying": actToday("ExplorersDisagree").but(ahead("500..501", "red")).but(differs{"Height": chains("540..700", "1040..1200")}),
		"explorers-down": actToday("ExplorersDown").but(differs{
			"Explorers ahead by": "UNKNOWN grey", "Height": "own: 540..700, peers: 540..700", "Penalty": "own: 0 points, ban at: 200 points", "row: Behind by": "-1..1 blocks",
			// What was compared last is known for a while.
			"Sync": synced + " or " + synced + ", explorers' chain: the same green",
		}),
	}
}
