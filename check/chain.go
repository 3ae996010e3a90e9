package check

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

const (
	oldTip      = 1200 // seconds; 20 minutes without a block come once a month
	stalledTip  = 2100
	freshTip    = 600
	behindMost  = 5  // blocks
	disagreeing = 10 // blocks
	peersLeast  = 4
	pingMost    = 1 // second
)

func judgeSync(f *facts) *Finding {
	height, _ := f.value("block_height")
	target, known := f.target()
	switch {
	case f.outside() || f.state("daemon_state", "state") == "":
		return nil
	case !f.ready():
		return silent()
	case f.downloading() && known && target > height:
		return syncing(fmt.Sprintf("downloads the chain: block %.0f of %.0f, %.1f %%", height, target, 100*height/max(target, 1)),
			"raptoreum_exporter check --watch")
	case f.downloading():
		return syncing(fmt.Sprintf("downloads the chain: block %.0f, and nobody says of how many", height), "raptoreum_exporter check --watch")
	case f.is(0, "sync_finished"):
		return syncing("the smartnode sync is not finished ("+f.state("sync_stage", "stage")+"): peers are turned away until it is",
			"raptoreum-cli mnsync status", "raptoreum_exporter check --watch")
	}
	return healthy("finished")
}

// syncing is no alert's: only a sync that hardly moves has one, which one look does not see.
func syncing(text string, next ...string) *Finding {
	return &Finding{Verdict: Warning, Text: text, Next: next}
}

// target is the height that the others have, and so the end of a sync.
func (f *facts) target() (float64, bool) {
	best, known := f.value("header_height")
	for _, name := range []string{"peers_best_height", "explorer_block_height"} {
		for _, s := range f.samples[name] {
			best, known = max(best, s.value), true
		}
	}
	return best, known
}

// peersAhead is by how much peers claim more blocks than we have.
func (f *facts) peersAhead() (blocks float64, known bool) {
	height, known := f.value("block_height")
	claimed, told := f.value("peers_median_height")
	if !told {
		claimed, told = f.value("peers_best_height")
	}
	return claimed - height, known && told
}

// explorersAhead is by how much the least of the explorers that are not far behind is ahead.
func (f *facts) explorersAhead() (blocks float64, known bool) {
	for _, s := range f.samples["explorer_height_delta_blocks"] {
		if s.value > -10 && (!known || s.value < blocks) {
			blocks, known = s.value, true
		}
	}
	return blocks, known
}

// behind tells by how many blocks others are ahead, by the rule of RaptoreumChainBehind.
func (f *facts) behind() (blocks float64, holds bool) {
	age, known := f.age("block_timestamp_seconds")
	if known && age <= freshTip || f.downloading() {
		return 0, false
	}
	peers, told := f.peersAhead()
	median, medianKnown := f.value("peers_median_height")
	height, _ := f.value("block_height")
	contradicted := medianKnown && math.Abs(median-height) <= 2 && known && age < 1500
	if explorers, ok := f.explorersAhead(); ok && explorers > behindMost && !contradicted {
		return explorers, true
	}
	return peers, told && peers > behindMost
}

func judgeHeight(f *facts) *Finding {
	height, known := f.value("block_height")
	if f.outside() || !known {
		return nil
	}
	if blocks, holds := f.behind(); holds {
		return critical("ChainBehind", fmt.Sprintf("block %.0f: %.0f behind the network", height, blocks), f.debugLog(),
			"raptoreum-cli getblockcount   # does it grow? If not within minutes, restart raptoreumd gently")
	}
	var compared []string
	for _, s := range f.samples["explorer_height_delta_blocks"] {
		compared = append(compared, fmt.Sprintf("%s %.0f", s.labels["explorer"], s.value))
	}
	slices.Sort(compared)
	if ahead, told := f.peersAhead(); told {
		compared = append(compared, fmt.Sprintf("peers %.0f", ahead))
	}
	if len(compared) == 0 {
		return unknown("block %.0f; neither explorers nor peers to compare with", height)
	}
	return healthy("block %.0f; ahead of it: %s", height, strings.Join(compared, ", "))
}

// stalled tells whether nobody has a newer block, by the rule of RaptoreumNetworkStalled, but for
// other nodes of the owner, which one look does not see.
func (f *facts) stalled(age float64) bool {
	agree := 0.0
	for _, s := range f.samples["explorer_height_delta_blocks"] {
		if s.value > 1 {
			return false
		}
		if math.Abs(s.value) <= 1 {
			agree++
		}
	}
	if ahead, known := f.peersAhead(); known {
		if ahead > 1 {
			return false
		}
		if math.Abs(ahead) <= 1 {
			agree++
		}
	}
	return age > oldTip && agree >= 2
}

func judgeTip(f *facts) *Finding {
	age, known := f.age("block_timestamp_seconds")
	text := "the newest block is " + span(age) + " old"
	switch {
	case f.outside() || !known || f.downloading():
		return nil
	case f.stalled(age):
		found := warning("NetworkStalled", text+", and explorers and peers have none newer: it is the network, do not restart anything")
		if age > stalledTip {
			found.muting("ChainStalled")
		}
		return found
	case age > stalledTip:
		return critical("ChainStalled", text, "raptoreum-cli getpeerinfo | grep -E 'synced_blocks|startingheight'", f.debugLog())
	case age > oldTip:
		return warning("ChainStalled", text, "raptoreum-cli getpeerinfo | grep -E 'synced_blocks|startingheight'", f.debugLog())
	}
	return healthy("%s old", span(age))
}

// judgeFork: an explorer that is far behind has another block where it stopped, perhaps.
func judgeFork(f *facts) *Finding {
	differ, same := 0, 0
	for _, s := range f.samples["explorer_chain_match"] {
		if delta, known := f.value("explorer_height_delta_blocks", "explorer", s.labels["explorer"]); known && delta < -30 {
			continue
		}
		if s.value == 1 {
			same++
		} else {
			differ++
		}
	}
	switch {
	case f.outside() || differ+same == 0:
		return nil
	case same == 0:
		return critical("ChainForked", "the explorers have another block 6 below the tip: raptoreumd follows a fork",
			"grep -a 'marked invalid' "+f.logFile()+" | tail -n 3",
			"raptoreum-cli reconsiderblock <hash of that line>")
	case differ > 0:
		return healthy("the same chain as %d of %d explorers", same, differ+same)
	}
	return healthy("the same chain as the explorers")
}

func judgeExplorers(f *facts) *Finding {
	up, down := []float64{}, []string{}
	for _, s := range f.samples["explorer_up"] {
		if s.value == 0 {
			down = append(down, s.labels["explorer"])
		}
	}
	for _, s := range f.samples["explorer_block_height"] {
		up = append(up, s.value)
	}
	slices.Sort(down)
	switch {
	case len(up)+len(down) == 0:
		return nil
	case len(up) == 0:
		return warning("ExplorersDown", "none answers: "+strings.Join(down, ", "), "raptoreum_exporter check --explorer.url=URL   # of one that works in your browser")
	case slices.Max(up)-slices.Min(up) > disagreeing:
		return warning("ExplorersDisagree", fmt.Sprintf("they differ by %.0f blocks from each other; do not restart anything", slices.Max(up)-slices.Min(up)), "raptoreum-cli getblockcount")
	case f.alone():
		return warning("ExplorersDisagree", "their height is not that of raptoreumd and its peers; do not restart anything", "raptoreum-cli getblockcount")
	case len(down) > 0:
		return healthy("%d of %d answer", len(up), len(up)+len(down))
	}
	return healthy("%d answer", len(up))
}

// alone: all explorers are far from a height on which our fresh chain and our peers agree.
func (f *facts) alone() bool {
	least, any := math.Inf(1), false
	for _, s := range f.samples["explorer_height_delta_blocks"] {
		least, any = min(least, math.Abs(s.value)), true
	}
	median, known := f.value("peers_median_height")
	height, _ := f.value("block_height")
	age, told := f.age("block_timestamp_seconds")
	return any && least > disagreeing && known && math.Abs(median-height) <= 2 && told && age < oldTip
}

func judgePeers(f *facts) *Finding {
	in, known := f.value("peers", "direction", "inbound")
	out, _ := f.value("peers", "direction", "outbound")
	ping, told := f.value("peers_ping_seconds")
	text := fmt.Sprintf("%.0f in, %.0f out", in, out)
	switch {
	case !known:
		return nil
	case in+out < peersLeast:
		return warning("PeersFew", text+": too few, without any it loses its sync", "raptoreum-cli getconnectioncount", "sudo ss -ntp | grep raptoreumd")
	case in == 0 && f.is(1, "smartnode_state", "state", "ready"):
		return warning("NoInboundPeers", text+": nobody connects to it; is the port open?", "sudo ss -lnt | grep -E ':(10226|10230)'")
	case told && ping > pingMost:
		return warning("PeersSlow", text+fmt.Sprintf("; half of them take more than %.1f s to answer", ping), "raptoreum-cli getpeerinfo | grep -E 'pingtime|\"addr\"'")
	case told:
		return healthy("%s, %.0f ms away", text, 1000*ping)
	}
	return healthy("%s", text)
}
