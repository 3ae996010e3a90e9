//go:build e2e

package e2e

// shown is what a panel of a dashboard shows: of each value its name, if it has one, its text and the
// colour that means something; 3..5 is any number between. Without a dashboard it is a column of the fleet's table.
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
		{one, "Age of the tip", "age: 0..60 s green or age: 1..20 mins green"},
		{one, "Sync", synced + ", explorers' chain: the same green"},
		{one, "Penalty", "own: 0 points, ban at: 200 points, as explorer sees it: 0 points"},
		{one, "Way back", "penalty gone in: no penalty green"},
		{one, "Failures by stage", "from self: complete green"},
		{one, "States", "daemon: ready green, smartnode: ready green"},
		{one, "Runs", "for: 3.0..9.0 hours, restarts in 1 h: 0 green"},
		{one, "Killed for want of memory", "raptoreumd: 0 green, any program: 0 green"},
		{one, "Peers", "inbound: 6, outbound: 8, all: 14"},
		{one, "Waits for a payment", "waits: 5..150 blocks, overdue from: 330 blocks"},
		{one, "Payment", "IN TIME green"},
		{one, "Restart now?", "SAFE green"},
		{one, "Next key generation", "1..30 blocks"},
		{one, "Quorums", "member: 2, left out: 0"},

		{fleet, "Banned", "0 grey"},
		{fleet, "Act now", "0 grey"},
		{fleet, "Act today", "0 grey"},
		{fleet, "Unknown", "0 grey"},
		{fleet, "Well", "1 green"},
		{fleet, "Smartnodes", "1"},
		{fleet, "Banned: mine and the network", "mine: 0.0%, network: 0.0%"},
		{fleet, "Punished: mine and the network", "mine: 0.0%, network: 0.0%"},

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
	return differs{"Verdict": alert + ": ACT NOW red", "Act now": "1 red", "Well": "0 grey", "row: State": "ACT NOW red"}
}

func actToday(alert string) differs {
	return differs{"Verdict": alert + ": ACT TODAY orange", "Act today": "1 orange", "Well": "0 grey", "row: State": "act today orange"}
}

const (
	silent = "No exporter tells this"
	synced = "verified: 100.0%, time left: done green, smartnode sync: done green"
)

// noDaemon is that no daemon answers: what only it knows is not known, and nothing of it is green.
func noDaemon(state string) differs {
	return differs{
		"Daemon": state, "States": "daemon: " + state, "Smartnode": "UNKNOWN grey", "Strikes left": "UNKNOWN grey", "PoSe penalty": "UNKNOWN grey",
		"Block height": "UNKNOWN grey", "Explorers ahead by": "UNKNOWN grey", "Next payment": "NO PLACE KNOWN grey", "Version": "UNKNOWN grey",
		"Age of the tip": silent, "Sync": "UNKNOWN grey", "Penalty": "as explorer sees it: 0 points", "Way back": "UNKNOWN grey",
		"Runs": "restarts in 1 h: 0 green or UNKNOWN grey", "Peers": silent, "Waits for a payment": silent, "Payment": "UNKNOWN grey",
		"Restart now?": "UNKNOWN grey", "Next key generation": "UNKNOWN grey", "Quorums": silent,
		"Banned: mine and the network": silent, "Punished: mine and the network": silent,
		"row: Penalty": "", "row: Strikes left": "", "row: Behind by": "", "row: Paid before": "", "row: Next payment": "", "row: Version": "",
	}
}

// noPort is a handshake from the machine itself that ended so.
func noPort(stage string) differs {
	return differs{"Port": "from self: NO HANDSHAKE orange", "Failures by stage": "from self: " + stage, "row: Port": "NO HANDSHAKE red"}
}

// noPlace is what a banned node shows of payments.
func noPlace() differs {
	return differs{
		"Next payment": "NO PLACE KNOWN grey", "Waits for a payment": "waits: 5..150 blocks", "Payment": "UNKNOWN grey", "row: Next payment": "",
	}
}

// ahead is how far the explorers are ahead of the node.
func ahead(blocks, colour string) differs {
	text := blocks + " blocks " + colour
	return differs{"Explorers ahead by": "explorer: " + text + ", explorer: " + text, "row: Behind by": text}
}

// shownInstead is by outage what the panels show that is other than on a good day.
func shownInstead() map[string]differs {
	const connect, version, mnauth = "connect red", "version red", "from self: mnauth yellow"
	dead := noDaemon("unreachable red").but(noPort(connect))
	return map[string]differs{
		"daemon-killed":  actNow("DaemonDown").but(dead),
		"daemon-stopped": actNow("DaemonDown").but(noDaemon("hung red")).but(noPort(version)),
		"several-down": actNow("DaemonDown").but(dead).but(differs{
			"Act now": "5 red", "Well": "3 green", "Smartnodes": "8",
			"Banned: mine and the network": "mine: 0.0%, network: 0.0%", "Punished: mine and the network": "mine: 0.0%, network: 0.0%",
		}),
		"password-changed": actToday("DaemonRefusesUs").but(noDaemon("unauthorized orange")).but(differs{
			// What answered the handshake tells them.
			"Block height": "540..700", "Version": "2.0.3.1: runs grey", "row: Version": "2.0.3.1", "row: Behind by": "-1..1 blocks",
		}),
		"exporter-killed": actNow("ExporterDown").but(noDaemon("EXPORTER SILENT red")).but(differs{
			"Ban": "UNKNOWN grey", "Port": "UNKNOWN grey", "States": "daemon: exporter silent red", "Penalty": silent, "Failures by stage": silent,
			"row: Port": "",
		}),
		"oom-killed": actToday("DaemonOOMKilled").but(differs{
			"Killed for want of memory": "raptoreumd: 0 green, any program: 1 orange", "Runs": "for: 10..40 mins, restarts in 1 h: 1 yellow",
		}),

		"one-strike": actNow("SmartnodeOneStrikeLeft").but(differs{
			"Strikes left": "1: NEXT BANS red", "PoSe penalty": "penalty: 66% red", "Way back": "penalty gone in: 8.0..9.0 hours",
			"Penalty": "own: 132 points, ban at: 200 points, as explorer sees it: 132 points", "Quorums": "member: 2, left out: 1",
			"Punished: mine and the network": "mine: 100.0%, network: 0.0..1.0%",
			"row: Penalty":                   "66% red", "row: Strikes left": "1: NEXT BANS red",
		}),
		"banned": actNow("SmartnodePoSeBanned").but(noPlace()).but(differs{
			"Ban": "BANNED red", "Strikes left": "BANNED red", "PoSe penalty": "penalty: 100% red", "Smartnode": "pose banned red",
			"States": "daemon: ready green, smartnode: pose banned red", "Failures by stage": mnauth,
			"Penalty":  "own: 200 points, ban at: 200 points, as explorer sees it: 200 points",
			"Way back": "banned at height: 530..600 red",
			"Act now":  "0 grey", "Banned": "1 dark-red", "Banned: mine and the network": "mine: 100.0%, network: 0.0..1.0%",
			"row: State": "BANNED dark-red", "row: Penalty": "100% red", "row: Strikes left": "BANNED red",
		}),
		"banned-and-killed": actNow("SmartnodePoSeBanned").but(dead).but(differs{
			"Ban": "BANNED red", "Penalty": "as explorer sees it: 200 points",
			"Act now": "0 grey", "Banned": "1 dark-red", "row: State": "BANNED dark-red",
		}),
		"address-changed": actNow("SmartnodeAddressMismatch").but(differs{
			"Smartnode": "error red", "States": "daemon: ready green, smartnode: error red", "Failures by stage": mnauth,
		}),
		"explorer-says-banned": actToday("SmartnodeViewsDisagree"),

		"port-closed":             actToday("PortUnreachable").but(noPort(connect)),
		"port-accepts-and-closes": actToday("PortUnreachable").but(noPort(version)),
		"port-closed-to-all":      actNow("PortUnreachable").but(noPort(connect)).but(differs{"Peers": "inbound: 0 red, outbound: 8, all: 8"}),

		"behind":          actNow("ChainBehind").but(ahead("15..35", "red")).but(differs{"Age of the tip": "age: 35..60 mins red"}),
		"network-stalled": actToday("NetworkStalled").but(differs{"Age of the tip": "age: 35..60 mins red"}),
		"forked": actNow("ChainForked").but(differs{
			"Sync": synced + ", explorers' chain: ANOTHER red",
		}),
		"explorers-lying": actToday("ExplorersDisagree").but(ahead("500..501", "red")),
		"explorers-down": actToday("ExplorersDown").but(differs{
			"Explorers ahead by": "UNKNOWN grey", "Penalty": "own: 0 points, ban at: 200 points", "row: Behind by": "-1..1 blocks",
			// What was compared last is known for a while.
			"Sync": synced + " or " + synced + ", explorers' chain: the same green",
		}),
	}
}
