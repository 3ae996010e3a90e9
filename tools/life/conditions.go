package life

import "regexp"

// condition is something that may be true about a node or a fleet, and what the owner should know about it.
type condition struct {
	name string
	// What is true about a condition hides what is true about those with a higher rank: without an exporter nothing is
	// known, and without a daemon nothing about its chain, its port and its smartnode.
	rank     int
	critical *regexp.Regexp // alerts that are true with severity critical, without their prefix
	warning  *regexp.Regexp // alerts that are true with severity warning
	must     string         // severity of the message that the owner must get; empty: none
	after    int            // minutes for which it has to be visible for that
	settles  int            // minutes after its end in which nobody can know that it is over
}

const prefix = "Raptoreum"

// conditions returns everything that can be true. A node with none of them is healthy.
func conditionTable() map[string]*condition {
	table := map[string]*condition{}
	add := func(name string, rank int, must string, after int, critical, warning string) {
		if warning != "" {
			critical, warning = critical+"|", "|"+warning
		}
		table[name] = &condition{
			name: name, rank: rank, must: must, after: after,
			critical: regexp.MustCompile("^" + prefix + "(" + trim(critical) + ")$"),
			warning:  regexp.MustCompile("^" + prefix + "(" + trim(critical+warning) + ")$"),
		}
	}
	const (
		chain = "ChainStalled|ChainBehind"
		port  = "PortUnreachable|SeveralNodesUnreachable"
		down  = "DaemonDown|SeveralNodesDown|HealGaveUp|" + port + "|" + chain
		few   = "NoInboundPeers|PeersFew|PortVantagesDisagree"
	)
	add("prometheus down", 0, "", 0, "", "")
	add("machine down", 1, "critical", 15, "ExporterDown|"+down, few)
	add("exporter down", 1, "critical", 15, "ExporterDown|SeveralNodesDown", "")
	add("not scraped", 1, "", 0, "ExporterDown", "")
	add("dead", 2, "critical", 15, down, few+"|DaemonRestarting|SmartnodePaymentOverdue")
	add("hung", 2, "critical", 15, down, few+"|DaemonHung|DaemonBusy|DaemonSlow|CollectorFailing")
	add("busy", 2, "warning", 20, "", "DaemonBusy|CollectorFailing")
	add("refused", 2, "warning", 25, "", "DaemonRefusesUs|CollectorFailing")
	add("slow", 2, "warning", 30, "", "DaemonSlow")
	add("crash loop", 2, "critical", 60, "DaemonRestarting|DaemonStuckWarmingUp|"+down, few+"|DaemonOOMKilled")
	add("stuck warm-up", 2, "critical", 50, "DaemonStuckWarmingUp|"+port, few)
	add("starting", 2, "", 0, "", "")
	add("out of memory", 2, "warning", 40, "", "DaemonOOMKilled|HostMemoryLow")
	add("memory low", 2, "warning", 35, "", "HostMemoryLow")
	add("cpu starved", 2, "warning", 50, "", "HostCPUStarved")
	add("disk low", 2, "warning", 60, "", "DatadirFillingUp")
	add("behind", 3, "critical", 40, chain, "SyncSlow|SmartnodePaymentOverdue|SmartnodeViewsDisagree|ExplorersDisagree|DaemonWarns")
	add("downloading", 3, "", 0, "", "SyncSlow|"+few)
	add("fork", 3, "critical", 45, "ChainForked", "SmartnodePaymentOverdue|SmartnodeViewsDisagree|ExplorersDisagree|DaemonWarns")
	add("isolated", 3, "warning", 30, chain+"|SmartnodeNotReady|"+port, few+"|ExplorersDown")
	add("port closed", 3, "critical", 65, port, few)
	add("port closed, seen from inside", 3, "warning", 110, port, few)
	add("port partly closed", 3, "warning", 35, "", few+"|PortUnreachable")
	add("no inbound peers", 3, "", 0, "", "NoInboundPeers")
	add("miss", 3, "warning", 10, "SmartnodeOneStrikeLeft", "SmartnodePoSePenaltyRose|SmartnodeDKGMissed")
	add("one strike left", 3, "critical", 10, "SmartnodeOneStrikeLeft", "SmartnodePoSePenaltyRose|SmartnodeDKGMissed")
	add("banned", 3, "critical", 10, "SmartnodePoSeBanned|SmartnodeNotReady", "SmartnodePaymentOverdue|SmartnodeViewsDisagree|SmartnodePoSePenaltyRose|SmartnodeDKGMissed|PortIdentityMissing")
	add("unregistered", 3, "critical", 30, "SmartnodeNotRegistered|SmartnodeNotReady", "SmartnodePaymentOverdue|PortIdentityMissing")
	add("wrong address", 3, "critical", 30, "SmartnodeAddressMismatch|SmartnodeNotReady", "PortIdentityMissing")
	add("no key", 3, "critical", 25, "SmartnodeNotConfigured|SmartnodeNotReady", "PortIdentityMissing")
	// Of the fleet.
	add("network stalled", 3, "warning", 20, "", "NetworkStalled|ChainStalled")
	add("explorers down", 3, "warning", 30, "", "ExplorersDown|FleetBlind")
	add("explorer wrong", 3, "", 0, "", "ExplorersDisagree|SmartnodeViewsDisagree")
	add("explorers misleading", 3, "warning", 40, "", "ExplorersDisagree|SmartnodeViewsDisagree")
	add("PoSe storm", 3, "warning", 30, "", "NetworkPoSeStorm")
	add("update available", 2, "warning", 26*hour, "", "UpdateAvailable")
	add("watcher down", 3, "warning", 25, "", "ExporterDown|FleetBlind")
	table["crash loop"].settles = 20 // it may crash again
	return table
}

func trim(pattern string) string {
	return regexp.MustCompile(`^\|+|\|+$|(\|)\|+`).ReplaceAllString(pattern, "$1")
}

// explains reports whether an alert of a severity is true while the condition is.
func (c *condition) explains(name, severity string) bool {
	if severity == "critical" {
		return c.critical.MatchString(name)
	}
	return c.warning.MatchString(name)
}

// conditions returns what is true about the node.
func (n *node) conditions() map[string]bool {
	m, f := n.fleet.minute, n.fleet
	up := n.phase == running
	closed := n.is("port closed") && up
	recently := len(n.missed) > 0 && m-n.missed[len(n.missed)-1] < hour && n.missed[len(n.missed)-1] > n.lifted
	c := map[string]bool{
		"machine down":                  !n.machineUp() && !n.is("reboot"),
		"exporter down":                 n.is("exporter down"),
		"not scraped":                   n.unscraped >= 4,
		"dead":                          n.phase == stopped && n.is("dead"),
		"hung":                          n.hung(),
		"busy":                          up && n.is("busy"),
		"refused":                       up && n.is("refused"),
		"slow":                          up && n.is("slow"),
		"crash loop":                    n.is("crash loop"),
		"stuck warm-up":                 n.phase == warming && n.is("stuck warm-up"),
		"out of memory":                 n.within("out of memory", hour),
		"memory low":                    n.is("memory low"),
		"cpu starved":                   n.is("cpu starved"),
		"disk low":                      n.is("disk low"),
		"behind":                        up && !n.hung() && !n.downloading && f.height-n.height >= 3,
		"downloading":                   up && n.downloading,
		"fork":                          up && n.is("fork"),
		"isolated":                      up && n.is("isolated"),
		"port closed":                   closed && n.observed > 0,
		"port closed, seen from inside": closed && n.observed == 0,
		"port partly closed":            up && n.is("port partly closed") && n.observed > 1,
		"no inbound peers":              up && n.inbound == 0,
		"miss":                          recently && !n.banned,
		"one strike left":               n.strikes() == 1,
		"banned":                        n.banned,
		"unregistered":                  n.is("unregistered"),
		"wrong address":                 up && n.is("wrong address"),
		"no key":                        up && n.is("no key"),
	}
	c["starting"] = (n.phase != running || !n.synced()) && !c["dead"] && !c["machine down"] && !c["stuck warm-up"] && !c["crash loop"]
	return c
}

// within reports whether an event began in the last minutes.
func (n *node) within(name string, minutes int) bool {
	for i := range n.events {
		if e := &n.events[i]; e.name == name && e.begin <= n.fleet.minute && n.fleet.minute < e.begin+minutes {
			return true
		}
	}
	return false
}
