package life

import "slices"

// phase is what raptoreumd does.
type phase int

const (
	stopped  phase = iota // without a process
	stopping              // saves its data, and refuses connections
	warming
	running
)

// node is one smartnode: its machine, its raptoreumd and its exporter.
type node struct {
	fleet      *fleet
	name       string
	observed   int // number of outside vantages
	noLoopback bool
	target     *target
	events     []event
	now        map[string]*event

	phase       phase
	state       string // of raptoreumd as the exporter reports it
	started     int    // minute
	ready       int    // minute at which the warm-up is over
	crashAt     int    // the next crash of a crash loop
	hungSince   int
	recovers    bool // from its hang, without a restart
	downloading bool // its chain was hours old when it started; what it says about its smartnode is the past
	height      int
	tipTime     float64 // of its tip, in minutes, as the miner claims it
	gone        int     // minutes for which it has had no process
	inbound     int
	outbound    int

	pose
	known     pose   // as its own chain has it
	history   []pose // by minute, of the last day
	revive    int    // minute from which on the owner lifts the ban
	lifted    int    // minute at which it was lifted
	missed    []int  // minutes of missed key generations
	portSince int    // minute since which peers reach the port; -1: they do not
	paid      int    // height of the last payment or revival

	ooms, pressure, steal float64
	killed                int // minute of the last kill for want of memory
	slowAnswer            int // minute of the last answer of the main lock
	unscraped             int // scrapes that have failed in a row by chance
	unanswered            int // scrapes that have failed in a row by chance, or in a restart
	truth                 map[string]bool
}

// pose is what the network holds against a smartnode.
type pose struct {
	penalty float64
	banned  bool
}

func (n *node) init() {
	f := n.fleet
	n.phase, n.started, n.ready = running, -day, -day
	n.height, n.tipTime, n.inbound, n.outbound = f.height, f.blockTime, 10, 8
	n.paid = f.height - f.random.IntN(registered)
	n.state, n.now, n.truth = "ready", map[string]*event{}, map[string]bool{}
}

// is reports whether an event is going on.
func (n *node) is(name string) bool { return n.now[name] != nil }

// machineUp reports whether the machine runs.
func (n *node) machineUp() bool {
	return !n.is("machine down") && !n.is("reboot") && !(n.fleet.now["provider"] != nil && len(n.fleet.nodes) >= 3)
}

func (n *node) step(dkg bool) {
	n.now = active(n.events, n.fleet.minute)
	n.stepProcess()
	if n.gone++; n.phase != stopped {
		n.gone = 0
	}
	n.stepChain()
	n.stepPeers()
	n.stepSmartnode(dkg)
	n.stepHost()
	n.state, n.truth = n.drawState(), n.conditions()
}

// stepProcess stops, starts and warms up raptoreumd.
func (n *node) stepProcess() {
	m := n.fleet.minute
	if !n.machineUp() || n.replaced() || n.is("crash") || n.is("dead") || n.is("out of memory") || n.endsHang() || n.crashes() {
		if n.phase != stopped && n.is("out of memory") {
			n.ooms, n.killed = n.ooms+1, m
		}
		n.phase, n.hungSince = stopped, 0
		return
	}
	if e := n.now["restart"]; e != nil && m < e.end-1 {
		n.phase, n.hungSince = stopping, 0
		return
	}
	if n.phase == stopped || n.phase == stopping {
		n.phase, n.started, n.ready = warming, m, m+2+n.fleet.random.IntN(11)
		if n.is("crash loop") {
			n.ready = m + 1 + n.fleet.random.IntN(3)
		}
	}
	if e := n.now["stuck warm-up"]; e != nil {
		if e.begin == m {
			n.phase, n.started = warming, m
		}
		n.ready = e.end
	}
	if n.phase == warming && m >= n.ready {
		n.phase, n.inbound, n.outbound = running, 0, 2
		n.downloading = float64(m)-n.tipTime > 6*hour
	}
	if n.hung() && n.hungSince == 0 {
		n.hungSince, n.recovers = m, n.now["hung"].variant > 0.875
	}
}

// reindexed is how many blocks a node connects again after a reindex.
const reindexed = 20000

// replaced reports whether its owner has stopped raptoreumd and not started it yet, as in an upgrade.
func (n *node) replaced() bool {
	e := n.now["restart"]
	if r := n.now["reindex"]; r != nil && r.begin == n.fleet.minute {
		n.height, n.tipTime = n.fleet.height-reindexed, float64(n.fleet.minute)-reindexed*blockEvery
		return true
	}
	return e != nil && (n.fleet.minute == e.end-1 || e.variant < 0.4)
}

// hung reports whether raptoreumd hangs, which is not known for 3 minutes if only its main lock does.
func (n *node) hung() bool { return n.phase == running && n.is("hung") }

// silent reports whether a hung raptoreumd answers nothing at all, as after SIGSTOP.
func (n *node) silent() bool { return n.hung() && n.now["hung"].variant < 0.3 }

// endsHang reports whether the owner restarts a hung raptoreumd now. One in eight recovers by itself.
func (n *node) endsHang() bool {
	if n.hungSince == 0 || n.is("hung") {
		return false
	}
	n.hungSince = 0
	return !n.recovers
}

// crashes reports whether raptoreumd dies in this minute of a crash loop.
func (n *node) crashes() bool {
	e := n.now["crash loop"]
	if e == nil {
		return false
	}
	if e.begin == n.fleet.minute || n.fleet.minute >= n.crashAt {
		n.crashAt = n.fleet.minute + 4 + n.fleet.random.IntN(6)
		return true
	}
	return false
}

// stepChain follows the network, catches up at 30 blocks a minute, or stands still.
func (n *node) stepChain() {
	f := n.fleet
	if n.phase != running || n.hung() || n.is("stuck") || n.is("isolated") || f.minute == n.ready {
		return
	}
	pace := 30
	if e := n.now["reindex"]; e != nil && n.downloading {
		pace = max(pace, reindexed/(e.end-e.begin))
	}
	n.height = min(f.height, n.height+pace)
	if n.height == f.height {
		n.tipTime, n.downloading = f.blockTime, false
	} else {
		n.tipTime = min(f.blockTime, float64(f.minute)-float64(f.height-n.height)*blockEvery)
	}
}

// port reports whether peers reach the port.
func (n *node) port() bool { return n.listens() && !n.is("port closed") }

// listens reports whether raptoreumd would answer a handshake.
func (n *node) listens() bool {
	return n.phase == running && n.fleet.minute >= n.ready+3 && !n.initialDownload() && !n.hung() && !n.is("isolated")
}

// initialDownload returns the flag of raptoreumd, which ends 6 hours before the tip.
func (n *node) initialDownload() bool {
	return n.downloading && float64(n.fleet.minute)-n.tipTime > 6*hour
}

// past returns what its chain had at its height while it catches up: a miss, a ban and a time without any, over and over.
func (n *node) past() pose {
	if !n.downloading {
		return n.known
	}
	switch at := n.height % 600; {
	case at < 200:
		return pose{}
	case at < 400:
		return pose{penalty: 250 - float64(at-200)/2}
	}
	return pose{registered, true}
}

// synced reports whether the smartnode sync is finished: some minutes after the start and the download.
func (n *node) synced() bool {
	return n.phase == running && n.fleet.minute >= n.ready+3 && !n.downloading
}

func (n *node) stepPeers() {
	if n.phase != running {
		n.inbound, n.outbound, n.portSince = 0, 0, -1
		return
	}
	switch {
	case n.is("isolated"):
		n.inbound, n.outbound = 0, 0
	case n.port():
		n.inbound, n.outbound = min(10, n.inbound+n.fleet.random.IntN(2)), min(8, n.outbound+2)
	default:
		n.inbound, n.outbound = max(0, n.inbound-n.fleet.random.IntN(2)), min(8, n.outbound+2)
	}
	if !n.port() {
		n.portSince = -1
	} else if n.portSince < 0 {
		n.portSince = n.fleet.minute
	}
}

// able reports whether the node does its part of a key generation now.
func (n *node) able() bool {
	return n.port() && n.fleet.height-n.height < 3 && !n.is("fork") && !n.is("slow") && !n.is("no key") && !n.is("wrong address")
}

// stepSmartnode makes the node miss key generations, decays the penalty, bans and revives.
func (n *node) stepSmartnode(dkg bool) {
	f := n.fleet
	n.penalty = max(0, n.penalty-0.5/blockEvery)
	miss := n.now["miss"] != nil || dkg && !n.able() && f.random.Float64() < 0.3
	if miss && !n.banned && !n.is("unregistered") {
		n.missed = append(n.missed, f.minute)
		n.penalty += 0.66 * registered
		if n.penalty >= registered {
			n.penalty, n.banned, n.revive = registered, true, f.minute+30+f.random.IntN(12*hour)
		}
	}
	n.missed = slices.DeleteFunc(n.missed, func(m int) bool { return f.minute-m > day })
	if n.banned {
		n.penalty = registered
		if f.minute >= n.revive && n.able() {
			n.penalty, n.banned, n.paid, n.lifted = 0, false, f.height, f.minute
		}
	}
	if f.height-n.paid > registered && !n.banned {
		n.paid += registered
	}
	n.history = append(n.history[max(0, len(n.history)-day):], n.pose)
	n.known = n.pose
	if n.height < f.height {
		n.known = n.history[max(0, len(n.history)-1-max(0, f.minute-int(n.tipTime)))]
	}
}

// strikes returns how many more misses ban a node.
func strikes(now pose) int {
	if now.banned {
		return 0
	}
	count := 1
	for p := float64(int(now.penalty)) + 250; p < registered; p += 250 { // 66 % of 380
		count++
	}
	return count
}

// stepHost advances the counters of the machine.
func (n *node) stepHost() {
	random := n.fleet.random
	n.pressure += 3
	n.steal += 0.2
	if e := n.now["cpu starved"]; e != nil {
		if e.variant < 0.5 {
			n.pressure += float64(42 + random.IntN(8))
		} else {
			n.steal += float64(30 + random.IntN(40))
		}
	}
}
