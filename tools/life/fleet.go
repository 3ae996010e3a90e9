package life

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// registered is the number of smartnodes of the network, which is the maximum penalty.
const registered = 380

// blockEvery is the mean time between blocks in minutes.
const blockEvery = 2.0

// fleet is the smartnodes of one owner, with what they share: the network, the explorers and what watches them.
type fleet struct {
	random   *rand.Rand
	start    time.Time
	minute   int
	events   []event
	now      map[string]*event
	nodes    []*node
	watchers []*watcher

	height    int     // of the network
	blockTime float64 // of the newest block, in minutes since the start, as its miner claims it
	nextBlock float64

	explorers   [2]explorer
	lostHistory bool            // the restarting Prometheus has lost its history
	truth       map[string]bool // conditions of the fleet
}

// explorer is a public block explorer.
type explorer struct {
	host    string
	up      bool
	height  int
	lagging bool
	lying   bool // about its height
	unjust  bool // says of nodes that they are banned, and of banned ones that they are not
}

// watcher is a fleet exporter on another machine, which observes all nodes from its vantage.
type watcher struct {
	vantage string
	probes  []*target
	self    *target
	up      bool
	since   int  // minute at which it started
	unknown bool // Prometheus has never scraped it: it may be beside a smartnode
}

// newFleet draws a fleet and its events.
func newFleet(random *rand.Rand, c catalog, size int, config Config, start time.Time) *fleet {
	f := &fleet{random: random, start: start, events: timeline(random, fleetKinds(config.Lies), config), height: 1430000, blockTime: -1, nextBlock: 0}
	f.explorers[0].host, f.explorers[1].host = "explorer.raptoreum.com", "raptor.mopsus.com"
	vantages := [][]string{nil, {"home"}, {"home"}, {"home", "office"}}[random.IntN(4)]
	offset := func() time.Duration { return time.Duration(random.IntN(60000)) * time.Millisecond }
	for i := range size {
		name := fmt.Sprintf("node-%d", i+1)
		n := &node{fleet: f, name: name, events: timeline(random, nodeKinds(), config), observed: len(vantages)}
		label := name
		if size == 1 && len(vantages) == 0 && random.IntN(3) == 0 { // it works without one
			label = ""
		}
		n.target = newTarget(c, "raptoreum", name+":10227", label, "self", offset())
		// Without NAT loopback the machine does not reach its own address. Owners of such nodes watch them from outside.
		n.noLoopback = len(vantages) > 0 && random.IntN(10) == 0
		f.nodes = append(f.nodes, n)
	}
	for _, v := range vantages {
		w := &watcher{vantage: v, self: newTarget(c, "raptoreum", v+":10227", "watcher-"+v, "self", offset())}
		for _, n := range f.nodes {
			w.probes = append(w.probes, newTarget(c, "raptoreum-fleet", v+":10227", n.name, v, offset()))
		}
		f.watchers = append(f.watchers, w)
	}
	f.step(0)
	for _, n := range f.nodes {
		n.init()
	}
	return f
}

// step moves everything to the given minute.
func (f *fleet) step(minute int) {
	f.minute, f.now = minute, active(f.events, minute)
	dkg := f.mine()
	for i := range f.explorers {
		f.stepExplorer(i)
	}
	for i, w := range f.watchers {
		w.up = i > 0 || f.now["watcher down"] == nil
		if !w.up {
			w.since = minute + 1
		}
		w.unknown = !w.up && (w.unknown || f.now["prometheus without history"] != nil)
	}
	if minute > 0 {
		for _, n := range f.nodes {
			n.step(dkg)
		}
	}
	if f.prometheusDown() {
		f.lostHistory = f.now["prometheus without history"] != nil
	}
	f.truth = map[string]bool{
		"network stalled":      float64(minute)-f.blockTime > 20,
		"explorers down":       !f.explorers[0].up && !f.explorers[1].up,
		"explorer wrong":       f.wrong(0) || f.wrong(1) || f.explorers[0].unjust,
		"explorers misleading": f.misled(),
		"PoSe storm":           f.now["storm"] != nil,
		"update available":     f.now["release"] != nil,
		"watcher down":         len(f.watchers) > 0 && !f.watchers[0].up,
		"watcher unknown":      len(f.watchers) > 0 && f.watchers[0].unknown,
		"prometheus down":      f.prometheusDown(),
	}
}

// prometheusDown reports whether the owner's Prometheus is restarting.
func (f *fleet) prometheusDown() bool {
	return f.now["prometheus restart"] != nil || f.now["prometheus without history"] != nil
}

// mine adds the blocks of this minute, and reports whether key generations begin: at each 30th block.
func (f *fleet) mine() (dkg bool) {
	if gap := f.now["block gap"]; gap != nil && f.nextBlock < float64(gap.end) {
		f.nextBlock = float64(gap.end)
	}
	for ; f.nextBlock <= float64(f.minute); f.nextBlock += f.random.ExpFloat64() * blockEvery {
		f.height++
		f.blockTime = f.nextBlock + f.random.Float64()*0.6 - 0.3
		dkg = dkg || f.height%30 == 0
	}
	return dkg
}

func (f *fleet) stepExplorer(i int) {
	x := &f.explorers[i]
	is := func(what string) bool { return f.now[fmt.Sprintf("explorer %d %s", i, what)] != nil }
	x.up = !is("down") && f.now["explorers down"] == nil && !(is("flaps") && f.random.IntN(2) == 0)
	x.lagging, x.lying, x.unjust = is("lags"), is("lies"), is("lies about a ban")
	switch {
	case x.lying:
		x.height = f.height + 500
	case !x.lagging:
		x.height = f.height
	}
}

// wrong reports whether what an explorer says differs enough from the truth to matter.
func (f *fleet) wrong(i int) bool {
	x := &f.explorers[i]
	return x.up && max(x.height-f.height, f.height-x.height) > 8
}

// misled reports whether what the explorers say can mislead: one is ahead of the network, or none of those that answer is
// right. One that lags beside one that is right is a quiet day.
func (f *fleet) misled() bool {
	wrong, ahead, right := false, false, false
	for i := range f.explorers {
		x := &f.explorers[i]
		wrong = wrong || f.wrong(i)
		ahead = ahead || f.wrong(i) && x.height > f.height
		right = right || x.up && !f.wrong(i)
	}
	return ahead || wrong && !right
}

// time returns the time of a minute since the start.
func (f *fleet) time(minute float64) time.Time {
	return f.start.Add(time.Duration(minute * float64(time.Minute)))
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
