package life

import (
	"slices"
	"strings"
)

// condition is something that may be true about a node or a fleet, and what the owner should know about it.
type condition struct {
	name string
	// What is true about a condition hides what is true about those with a higher rank: without an exporter nothing is
	// known, and without a daemon nothing about its chain, its port and its smartnode.
	rank    int
	limits  [2]limit // on the time to the first message that tells it, and to the first critical one
	tells   pattern  // alerts that tell it
	also    pattern  // alerts that are true because of it, but leave its cause open
	must    string   // severity of the message that the owner must get; empty: none
	after   int      // minutes for which it has to be visible for that
	settles int      // minutes after its end in which nobody can know that it is over
	asks    bool     // of a fleet: only its raptoreumds tell, each for itself
}

// limit is within how many minutes, in which nothing hides it, a condition has to be told. The rules keep it with a margin of a
// few minutes. Without a max there is none.
type limit struct{ median, max int }

// pattern matches the names of alerts, without their prefix: those that are true with severity critical, and those that are
// true as a warning only.
type pattern struct{ critical, warning string }

const prefix = "Raptoreum"

// matches reports whether it matches an alert of a severity.
func (p pattern) matches(name, severity string) bool {
	list := p.critical
	if severity != "critical" {
		list += "|" + p.warning
	}
	return slices.Contains(strings.Split(list, "|"), strings.TrimPrefix(name, prefix))
}

// conditions returns everything that can be true. A node with none of them is healthy.
func conditionTable() map[string]*condition {
	table := map[string]*condition{}
	add := func(name string, rank int, first, critical limit, tells, also pattern) {
		c := &condition{name: name, rank: rank, limits: [2]limit{first, critical}, tells: tells, also: also}
		if c.after = critical.max; c.after > 0 {
			c.must = "critical"
		} else if c.after = first.max; c.after > 0 {
			c.must = "warning"
		}
		table[name] = c
	}
	const (
		chain = "ChainStalled|ChainBehind"
		port  = "PortUnreachable|SeveralNodesUnreachable"
		down  = "DaemonDown|SeveralNodesDown|HealGaveUp"
		few   = "NoInboundPeers|PeersFew|PortVantagesDisagree"
	)
	no, none, lost := limit{}, pattern{}, pattern{port + "|" + chain, few + "|CollectorFailing|SmartnodePaymentOverdue"}
	critical := func(names string) pattern { return pattern{names, ""} }
	warning := func(names string) pattern { return pattern{"", names} }
	add("prometheus down", 0, no, no, none, none)
	add("machine down", 1, limit{7, 10}, limit{7, 10}, critical("ExporterDown|SeveralNodesDown"), pattern{down + "|" + lost.critical, lost.warning})
	add("exporter down", 1, limit{7, 10}, limit{7, 10}, critical("ExporterDown|SeveralNodesDown"), none)
	add("not scraped", 1, no, no, critical("ExporterDown"), none)
	add("dead", 2, limit{5, 7}, limit{5, 7}, critical(down), lost)
	add("gone", 2, no, no, none, critical("DaemonDown|SeveralNodesDown")) // in a restart
	add("hung", 2, limit{8, 10}, limit{8, 10}, pattern{down, "DaemonHung|DaemonBusy|DaemonSlow"}, lost)
	add("busy", 2, limit{8, 10}, no, warning("DaemonBusy"), warning("CollectorFailing"))
	add("refused", 2, limit{17, 19}, no, warning("DaemonRefusesUs"), warning("CollectorFailing"))
	add("slow", 2, limit{26, 50}, no, warning("DaemonSlow"), none) // half of 30 scrapes; 7 in 10 are, at random
	add("crash loop", 2, limit{23, 28}, limit{23, 28}, critical("DaemonRestarting|DaemonStuckWarmingUp|"+down), pattern{lost.critical, few + "|DaemonOOMKilled"})
	add("stuck warm-up", 2, limit{37, 39}, limit{37, 39}, critical("DaemonStuckWarmingUp"), pattern{port, few})
	add("starting", 2, no, no, none, none)
	add("out of memory", 2, limit{3, 5}, no, warning("DaemonOOMKilled"), warning("HostMemoryLow"))
	add("memory low", 2, limit{17, 19}, no, warning("HostMemoryLow"), none)
	add("cpu starved", 2, limit{18, 21}, no, warning("HostCPUStarved"), none)
	add("disk low", 2, limit{37, 39}, no, warning("DatadirFillingUp"), none)
	add("behind", 3, limit{17, 25}, limit{34, 43}, critical(chain), warning("SyncSlow|SmartnodePaymentOverdue|SmartnodeViewsDisagree|ExplorersDisagree|DaemonWarns"))
	add("stuck", 3, no, no, none, warning("ChainStalled")) // also while the network has few blocks
	add("downloading", 3, no, no, none, warning("SyncSlow|"+few))
	add("fork", 3, limit{22, 24}, limit{26, 55}, pattern{"ChainForked", "DaemonWarns"}, warning("SmartnodePaymentOverdue|SmartnodeViewsDisagree|ExplorersDisagree")) // an explorer that went down counts for 40 minutes
	add("isolated", 3, limit{6, 9}, limit{28, 30}, pattern{chain + "|" + port, few}, pattern{"SmartnodeNotReady", "ExplorersDown"})
	add("without explorers", 3, no, no, none, warning("ExplorersDown"))
	add("port closed", 3, limit{6, 8}, limit{28, 38}, critical(port), warning(few))
	add("port closed, never reached", 3, limit{8, 10}, limit{28, 38}, critical(port), warning(few)) // from outside, since the watcher started
	add("port closed, seen from inside", 3, limit{104, 110}, no, pattern{port, few}, none)
	add("port partly closed", 3, limit{19, 21}, no, warning("PortVantagesDisagree|PortUnreachable"), warning("NoInboundPeers|PeersFew"))
	add("port closed, as far as known", 3, no, no, none, pattern{port, few})
	add("without NAT loopback", 3, no, no, none, warning("PortUnreachable")) // and without history that says so
	add("no inbound peers", 3, no, no, none, warning("NoInboundPeers"))
	add("miss", 3, limit{2, 6}, no, pattern{"SmartnodeOneStrikeLeft", "SmartnodePoSePenaltyRose|SmartnodeDKGMissed"}, none)
	add("one strike left", 3, limit{2, 8}, limit{2, 8}, critical("SmartnodeOneStrikeLeft"), warning("SmartnodePoSePenaltyRose|SmartnodeDKGMissed"))
	add("banned", 3, limit{2, 5}, limit{2, 5}, critical("SmartnodePoSeBanned"), pattern{"SmartnodeNotReady", "SmartnodePaymentOverdue|SmartnodeViewsDisagree|SmartnodePoSePenaltyRose|SmartnodeDKGMissed|PortIdentityMissing"})
	add("unregistered", 3, limit{13, 15}, limit{13, 15}, critical("SmartnodeNotRegistered"), pattern{"SmartnodeNotReady", "SmartnodePaymentOverdue|PortIdentityMissing"})
	add("wrong address", 3, limit{13, 15}, limit{13, 15}, critical("SmartnodeAddressMismatch"), pattern{"SmartnodeNotReady", "PortIdentityMissing"})
	add("no key", 3, limit{8, 10}, limit{8, 10}, critical("SmartnodeNotConfigured"), pattern{"SmartnodeNotReady", "PortIdentityMissing"})
	// Of the fleet.
	add("network stalled", 3, limit{12, 14}, no, warning("NetworkStalled"), warning("ChainStalled"))
	add("explorers down", 3, limit{23, 26}, no, warning("ExplorersDown"), warning("FleetBlind"))
	add("explorer wrong", 3, no, no, none, warning("ExplorersDisagree|SmartnodeViewsDisagree"))
	add("explorers misleading", 3, limit{19, 24}, no, warning("ExplorersDisagree|SmartnodeViewsDisagree"), warning("FleetBlind"))
	add("PoSe storm", 3, limit{21, 24}, no, warning("NetworkPoSeStorm"), none)
	add("update available", 2, limit{1443, 3000}, no, warning("UpdateAvailable"), none) // an outage of an hour begins the day anew
	add("watcher down", 3, limit{13, 15}, no, warning("ExporterDown"), warning("FleetBlind"))
	add("watcher unknown", 3, no, no, none, critical("ExporterDown"))
	for _, name := range []string{"network stalled", "PoSe storm", "update available"} {
		table[name].asks = true
	}
	table["cpu starved"].settles = 1          // a rate needs two scrapes
	table["crash loop"].settles = 20          // it may crash again
	table["explorers misleading"].settles = 3 // where they stop answering, what they said counts for 5 minutes
	table["PoSe storm"].settles = 3           // what a slow raptoreumd said last counts for 8 minutes
	return table
}

// explains reports whether an alert of a severity is true while the condition is.
func (c *condition) explains(name, severity string) bool {
	return c.tells.matches(name, severity) || c.also.matches(name, severity)
}

// conditions returns what is true about the node.
func (n *node) conditions() map[string]bool {
	m, f := n.fleet.minute, n.fleet
	up := n.phase == running
	closed := n.is("port closed") // what else is wrong hides it
	recently := len(n.missed) > 0 && m-n.missed[len(n.missed)-1] < hour && n.missed[len(n.missed)-1] > n.lifted
	present, outside := n.present(), slices.ContainsFunc(f.watchers, func(w *watcher) bool { return w.up })
	c := map[string]bool{
		"machine down":                  !n.machineUp() && !n.is("reboot"),
		"exporter down":                 n.is("exporter down"),
		"not scraped":                   n.unscraped >= 4 || n.unanswered >= 5,
		"dead":                          n.phase == stopped && n.is("dead"),
		"gone":                          n.gone > 2 && n.is("restart"),
		"hung":                          n.hung(),
		"busy":                          up && n.is("busy"),
		"refused":                       up && n.is("refused"),
		"slow":                          up && n.is("slow"),
		"crash loop":                    n.is("crash loop"),
		"stuck warm-up":                 n.phase == warming && n.is("stuck warm-up"),
		"out of memory":                 n.ooms > 0 && m < n.killed+hour,
		"memory low":                    n.is("memory low"),
		"cpu starved":                   n.is("cpu starved") && !n.initialDownload(), // which takes all of it
		"disk low":                      n.is("disk low"),
		"behind":                        up && !n.hung() && !n.downloading && f.height-n.height >= 3,
		"stuck":                         up && n.is("stuck"),
		"downloading":                   up && n.downloading,
		"fork":                          up && n.is("fork"),
		"isolated":                      up && n.is("isolated"),
		"without explorers":             n.is("isolated"),
		"port closed":                   closed && outside && !n.unreached(),
		"port closed, never reached":    closed && outside && n.unreached(),
		"port closed, seen from inside": closed && !outside,
		"port closed, as far as known":  n.is("exporter down") && !n.port() || n.observed > 1 && n.is("port partly closed") && !f.watchers[0].up, // nobody knows more
		"port partly closed":            up && n.is("port partly closed") && n.observed > 1,
		"without NAT loopback":          n.noLoopback && n.observed == 1 && f.watchers[0].unknown,
		"no inbound peers":              up && n.inbound == 0,
		"miss":                          recently && !n.banned && present.watched,
		"one strike left":               strikes(n.known) == 1 || strikes(n.pose) == 1 && (present.watched || n.truth["one strike left"]),
		"banned":                        n.known.banned || n.banned && (present.observed && !n.overrules() || n.truth["banned"]),
		"unregistered":                  n.is("unregistered"),
		"wrong address":                 up && n.is("wrong address"),
		"no key":                        up && n.is("no key"),
	}
	c["starting"] = (n.phase != running || !n.synced()) && !c["dead"] && !c["machine down"] && !c["stuck warm-up"] && !c["crash loop"]
	return c
}

// present tells who knows the present state of the smartnode in the chain. A raptoreumd without the newest blocks does not.
// What was known once stays so, because nothing says otherwise.
type present struct {
	observed bool // anything that an exporter asks
	watched  bool // raptoreumd or a watcher, which report more than the ban
}

func (n *node) present() (p present) {
	f := n.fleet
	p.watched = f.height-n.height < 3
	for i := range f.explorers {
		if x := &f.explorers[i]; x.up && !x.lying && f.height-x.height < 10 {
			p.observed = p.observed || !n.is("isolated")
			p.watched = p.watched || slices.ContainsFunc(f.watchers, func(w *watcher) bool { return w.up })
		}
	}
	p.observed = p.observed || p.watched
	return p
}

// overrules reports whether its own raptoreumd says that it is not banned, as of a recent block: that overrules others.
func (n *node) overrules() bool {
	return n.state == "ready" && n.height < n.fleet.height && !n.known.banned && float64(n.fleet.minute)-n.tipTime < 9 // 10 at the evaluation
}

// unreached reports whether its port was already closed when the only watcher that tests it started.
func (n *node) unreached() bool {
	e := n.now["port closed"]
	return e != nil && n.observed == 1 && n.fleet.watchers[0].since > e.begin
}
