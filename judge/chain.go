package judge

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"raptoreum_exporter/alerts"
)

func judgeSync(f *facts) *Finding {
	height, _ := f.value("block_height")
	target, known := f.target()
	switch {
	case f.outside() || f.state("daemon_state", "state") == "":
		return nil
	case !f.answers():
		return notReady()
	case f.downloading() && known && target > height:
		return syncing(fmt.Sprintf("downloading the chain: block %.0f of %.0f, %.1f %%", height, target, 100*height/max(target, 1)),
			"raptoreum_exporter check --watch")
	case f.downloading():
		return syncing(fmt.Sprintf("downloading the chain: block %.0f; the total is unknown", height), "raptoreum_exporter check --watch")
	case f.is(0, "sync_finished"):
		return syncing("the smartnode sync is not finished ("+f.state("sync_stage", "stage")+"): until it is, raptoreumd rejects peers",
			"raptoreum-cli mnsync status", "raptoreum_exporter check --watch")
	}
	return healthy("finished")
}

// syncing is a warning without an alert: only a sync that hardly progresses has one, which a single check
// cannot see.
func syncing(text string, next ...string) *Finding {
	return &Finding{Verdict: Warning, Text: text, Next: next}
}

// target is the highest height that headers, peers or explorers report: the end of a sync.
func (f *facts) target() (float64, bool) {
	best, known := f.value("header_height")
	for _, name := range []string{"peers_best_height", "explorer_block_height"} {
		if highest, ok := f.highest(name); ok {
			best, known = max(best, highest), true
		}
	}
	return best, known
}

// peersAhead returns by how many blocks the peers claim to be ahead.
func (f *facts) peersAhead() (blocks float64, known bool) {
	height, known := f.value("block_height")
	claimed, claims := f.value("peers_median_height")
	if !claims {
		claimed, claims = f.value("peers_best_height")
	}
	return claimed - height, known && claims
}

// explorersAhead returns the smallest lead of an explorer, without those that are far behind.
func (f *facts) explorersAhead() (blocks float64, known bool) {
	for _, s := range f.samples("explorer_height_delta_blocks") {
		if valueOf(s) > -alerts.MaxExplorerLag && (!known || valueOf(s) < blocks) {
			blocks, known = valueOf(s), true
		}
	}
	return blocks, known
}

// behind returns by how many blocks others are ahead, if that is more than limit and the tip older than fresh
// seconds: the rule of RaptoreumChainBehind.
func (f *facts) behind(limit, fresh float64) (blocks float64, holds bool) {
	age, known := f.age("block_timestamp_seconds")
	if known && age <= fresh || f.downloading() {
		return 0, false
	}
	contradicted := f.peersAgree() && known && age < alerts.MaxBlockGap
	if explorers, ok := f.explorersAhead(); ok && explorers > limit && !contradicted {
		return explorers, true
	}
	peers, known := f.peersAhead()
	return peers, known && peers > limit
}

// peersAgree reports whether the median of the peers is at our height.
func (f *facts) peersAgree() bool {
	median, known := f.value("peers_median_height")
	height, _ := f.value("block_height")
	return known && math.Abs(median-height) <= alerts.MaxPeerGap
}

func judgeHeight(f *facts) *Finding {
	height, known := f.value("block_height")
	if f.outside() || !known {
		return nil
	}
	far, critically := f.behind(alerts.MaxBlocksBehind, alerts.FreshTip)
	blocks, holds := f.behind(alerts.MaxBlockLag, alerts.FreshTipLag)
	const increases = "raptoreum-cli getblockcount   # does it increase? If not within minutes, restart raptoreumd gracefully, not during a key generation"
	switch {
	case critically && f.slow():
		return healthy("block %.0f: %.0f blocks behind the network, and raptoreumd is slow: wait until it has caught up", height, far)
	case critically:
		return critical("ChainBehind", fmt.Sprintf("block %.0f: %.0f blocks behind the network", height, far), f.debugLog(), increases)
	case holds && !f.slow():
		return warning("ChainBehind", fmt.Sprintf("block %.0f: %.0f blocks behind the network", height, blocks), f.debugLog(), increases)
	}
	var compared []string
	for _, s := range f.samples("explorer_height_delta_blocks") {
		compared = append(compared, fmt.Sprintf("%s %.0f", labelOf(s, "explorer"), valueOf(s)))
	}
	slices.Sort(compared)
	if ahead, known := f.peersAhead(); known {
		compared = append(compared, fmt.Sprintf("peers %.0f", ahead))
	}
	if len(compared) == 0 {
		return unknown("block %.0f; no explorers or peers to compare it with", height)
	}
	return healthy("block %.0f; blocks ahead of it: %s", height, strings.Join(compared, ", "))
}

// stalled reports whether no explorer and no peer has a newer block, by the rule of
// RaptoreumNetworkStalled, but without the owner's other nodes, which a single check does not see.
func (f *facts) stalled(age float64) bool {
	agree := 0.0
	for _, s := range f.samples("explorer_height_delta_blocks") {
		if valueOf(s) > alerts.MaxTipGap {
			return false
		}
		if math.Abs(valueOf(s)) <= alerts.MaxTipGap {
			agree++
		}
	}
	if ahead, known := f.peersAhead(); known {
		if ahead > alerts.MaxTipGap {
			return false
		}
		if math.Abs(ahead) <= alerts.MaxTipGap {
			agree++
		}
	}
	return age > alerts.StaleTip && agree >= 2
}

func judgeTip(f *facts) *Finding {
	age, known := f.age("block_timestamp_seconds")
	text := "the newest block is " + FormatDuration(age) + " old"
	switch {
	case f.outside() || !known || f.downloading() || f.slow():
		return nil
	case f.stalled(age):
		found := warning("NetworkStalled", text+", and explorers and peers have no newer one: the network is stalled, do not restart anything")
		if age > alerts.StalledTip {
			found.implies("ChainStalled")
		}
		return found
	case age > alerts.StalledTip:
		return critical("ChainStalled", text, "raptoreum-cli getpeerinfo | grep -E 'synced_blocks|startingheight'", f.debugLog())
	case age > alerts.StaleTip:
		return warning("ChainStalled", text, "raptoreum-cli getpeerinfo | grep -E 'synced_blocks|startingheight'", f.debugLog())
	}
	return healthy("%s old", FormatDuration(age))
}

// judgeFork leaves out explorers that are far behind: where one stopped, it may have kept an abandoned block. Those that
// are so far ahead that our peers contradict them are of another network.
func judgeFork(f *facts) *Finding {
	differ, same := 0, 0
	for _, s := range f.samples("explorer_chain_match") {
		if delta, known := f.value("explorer_height_delta_blocks", "explorer", labelOf(s, "explorer")); known &&
			(delta < -alerts.MaxForkLag || delta > alerts.MaxForkLead && f.peersAgree()) {
			continue
		}
		if valueOf(s) == 1 {
			same++
		} else {
			differ++
		}
	}
	switch {
	case f.outside() || differ+same == 0:
		return nil
	case same == 0:
		return critical("ChainForked", "the explorers have a different block 6 below the tip: raptoreumd follows a fork",
			"grep -a 'marked invalid' "+f.logFile()+" | tail -n 3",
			"raptoreum-cli reconsiderblock <hash of that line>")
	case differ > 0:
		return healthy("the same chain as %d of %d explorers", same, differ+same)
	}
	return healthy("the same chain as the explorers")
}

func judgeExplorers(f *facts) *Finding {
	if f.enabled("daemon") && f.state("daemon_state", "state") == "" && !f.outside() && !f.fleetOnly() {
		return nil // no daemon is configured: there is nothing to compare with
	}
	up, down := []float64{}, []string{}
	for _, s := range f.samples("explorer_up") {
		if valueOf(s) == 0 {
			down = append(down, labelOf(s, "explorer"))
		}
	}
	for _, s := range f.samples("explorer_block_height") {
		up = append(up, valueOf(s))
	}
	slices.Sort(down)
	spread, lagging := 0.0, 0
	for _, height := range up {
		lag := slices.Max(up) - height
		if spread = max(spread, lag); lag > alerts.MaxExplorerSpread {
			lagging++
		}
	}
	switch {
	case len(up)+len(down) == 0:
		return nil
	case len(up) == 0:
		return warning("ExplorersDown", "none answers: "+strings.Join(down, ", "), "raptoreum_exporter check --explorer.url=URL   # one that works in your browser")
	case spread > alerts.MaxExplorerSpread && f.foremostAgrees():
		return healthy("%d of %d answer, %d of them up to %.0f blocks behind the foremost one and raptoreumd", len(up), len(up)+len(down), lagging, spread)
	case spread > alerts.MaxExplorerSpread:
		return warning("ExplorersDisagree", fmt.Sprintf("they differ by %.0f blocks from each other; do not restart anything", spread), "raptoreum-cli getblockcount")
	case f.explorersOff():
		return warning("ExplorersDisagree", "their height differs from that of raptoreumd and its peers; do not restart anything", "raptoreum-cli getblockcount")
	}
	return healthy("%d of %d answer", len(up), len(up)+len(down))
}

// foremostAgrees reports whether the explorer that is most ahead agrees with our fresh chain: then an explorer that lags
// is its own problem.
func (f *facts) foremostAgrees() bool {
	foremost, known := f.highest("explorer_height_delta_blocks")
	age, dated := f.age("block_timestamp_seconds")
	return known && math.Abs(foremost) <= alerts.MaxPeerGap && dated && age < alerts.StaleTip
}

// explorersOff reports whether all explorers are far from a height on which our fresh chain and our peers
// agree.
func (f *facts) explorersOff() bool {
	nearest, known := math.Inf(1), false
	for _, s := range f.samples("explorer_height_delta_blocks") {
		nearest, known = min(nearest, math.Abs(valueOf(s))), true
	}
	age, dated := f.age("block_timestamp_seconds")
	return known && nearest > alerts.MaxExplorerSpread && f.peersAgree() && dated && age < alerts.StaleTip
}

func judgePeers(f *facts) *Finding {
	in, known := f.value("peers", "direction", "inbound")
	out, _ := f.value("peers", "direction", "outbound")
	ping, measured := f.value("peers_ping_seconds")
	text := fmt.Sprintf("%.0f inbound, %.0f outbound", in, out)
	switch {
	case !known:
		return nil
	case in+out < alerts.MinPeers:
		return warning("PeersFew", text+": too few; without peers it loses its sync", "raptoreum-cli getconnectioncount", "sudo ss -ntp | grep raptoreumd")
	case in == 0 && !f.downloading() && !f.is(0, "sync_finished") && (f.is(1, "smartnode_state", "state", "ready") || f.is(1, "smartnode_state", "state", "pose_banned")):
		return warning("NoInboundPeers", text+": no peer connects to it; is the port open?", "sudo ss -lnt | grep -E ':(10226|10230)'")
	case measured && ping > alerts.MaxPing:
		return warning("PeersSlow", text+fmt.Sprintf("; half of them take more than %.1f s to respond", ping), "raptoreum-cli getpeerinfo | grep -E 'pingtime|\"addr\"'")
	case measured:
		return healthy("%s, median ping %.0f ms", text, 1000*ping)
	}
	return healthy("%s", text)
}
