package collector

import (
	"context"
	"fmt"
	"sync"
	"time"

	"raptoreum_exporter/explorer"
)

const (
	sameMinute   = time.Minute // maximum time between the readings of own and explorer height
	compareDepth = 6           // blocks below the lower tip: no reorganisation is that deep
)

type explorers struct {
	up, height, delta, observed, match, penalty, banned *metric

	mu     sync.Mutex
	own    ownHeight            // of the last scrape
	deltas map[string]heightGap // by explorer
}

type ownHeight struct {
	height int64
	at     time.Time // zero: unknown
}

// heightGap is computed once for each observation, with the own height nearest in time.
type heightGap struct {
	observed time.Time
	blocks   int64
	known    bool
}

func newExplorers(c *catalog) updater {
	const recent = "; at most 3 minutes old"
	const near = "the first explorer near the tip that answers, without one that has shown the same old block for an hour, unless raptoreumd confirms it"
	return &explorers{
		deltas:   map[string]heightGap{},
		up:       c.gauge("explorer_up", "1 if the explorer reported a plausible height"+recent+" (api/getblockcount).", "explorer"),
		height:   c.gauge("explorer_block_height", "Height of the best block of the explorer"+recent+" (api/getblockcount).", "explorer"),
		delta:    c.gauge("explorer_height_delta_blocks", "Explorer height minus own height, both read within the same minute; positive if this node is behind (api/getblockcount, getblockcount).", "explorer"),
		observed: c.gauge("explorer_observed_timestamp_seconds", "Unix time at which the explorer's height was read (api/getblockcount).", "explorer"),
		match:    c.gauge("explorer_chain_match", "1 if the explorer's block hash 6 below the lower tip equals ours, 0 if we are on another chain; absent if either is unknown (api/getblock, getblockhash).", "explorer"),
		penalty:  c.gauge("explorer_smartnode_pose_penalty", "PoSe penalty points as reported by "+near+recent+" (api/protx).", "explorer"),
		banned:   c.gauge("explorer_smartnode_pose_banned", "1 if "+near+" reports the smartnode as PoSe banned"+recent+" (api/protx).", "explorer"),
	}
}

func (x *explorers) update(ctx context.Context, in *scrape, out *samples) error {
	if in.Explorers == nil {
		return errNotApplicable
	}
	if _, known := in.networkOfExplorers(); !known {
		_, _ = in.mainlock(ctx) // the first answer tells the network
	}
	if same, _ := in.networkOfExplorers(); !same {
		return errNotApplicable
	}
	readings := in.Explorers.Heights(ctx, in.mode)
	main, err := in.mainlock(ctx)
	if same, _ := in.networkOfExplorers(); !same { // it answers on another network now
		return errNotApplicable
	}
	compared := err == nil && main.Height.Err == nil
	if compared {
		in.Explorers.SetOwnHeight(main.Height.Value) // decides which explorer is believed about the smartnode
	}
	heightsErr := x.sendHeights(in, out, readings)
	x.sendSmartnode(ctx, in, out)
	// A failure of the daemon is not one of the explorers: its values are absent here.
	if !compared {
		x.forgetOwn()
		return heightsErr
	}
	x.sendDeltas(out, readings, ownHeight{main.Height.Value, main.At})
	x.sendMatches(ctx, in, out)
	for _, r := range readings {
		if r.OK && r.Err == nil {
			in.Explorers.BlockHash(ctx, r.Explorer, min(r.Value, main.Height.Value)-compareDepth, in.mode)
		}
	}
	return heightsErr
}

// networkOfExplorers reports whether the explorers show the network of the daemon. Not known: the daemon has not
// answered yet, and neither a configuration nor its port tells its network.
func (in *scrape) networkOfExplorers() (same, known bool) {
	if in.Daemon == nil || in.ExplorerNetwork == "" { // nothing to compare, or the owner chose them
		return true, true
	}
	network := in.Daemon.Known().Network
	return network == in.ExplorerNetwork, network != ""
}

// sendHeights returns an error only if no explorer answers: explorer_up reports a single one.
func (x *explorers) sendHeights(in *scrape, out *samples, readings []explorer.HeightReading) error {
	var errs []error
	for _, r := range readings {
		if !r.Fresh() {
			continue
		}
		in.journal.note("explorer "+r.Explorer, r.At, r.Err)
		sendFlag(out, x.up, r.Err == nil, r.Explorer)
		if r.Err != nil {
			errs = append(errs, r.Err)
			continue
		}
		send(out, x.height, r.Value, r.Explorer)
		send(out, x.observed, unix(r.At), r.Explorer)
	}
	if len(errs) == 0 || len(errs) < len(readings) {
		return nil
	}
	return fmt.Errorf("no explorer answers; the first error: %w", errs[0])
}

// sendSmartnode needs no answer from the daemon: its client remembers the smartnode.
func (x *explorers) sendSmartnode(ctx context.Context, in *scrape, out *samples) {
	if in.Daemon == nil { // probes read from the explorers, and log nothing
		if at, err := in.Explorers.Believed(); !at.IsZero() {
			in.journal.note("smartnodes on explorers", at, err)
		}
		return
	}
	if in.Daemon.Known().ProTxHash == "" {
		return
	}
	r, ok := in.Explorers.Smartnode(ctx, in.Daemon.Known().ProTxHash, in.mode)
	if !ok || !r.Fresh() {
		return
	}
	in.journal.note("smartnode on explorers", r.At, r.Err)
	if r.Err == nil {
		send(out, x.penalty, r.Value.Penalty, r.Value.Explorer)
		sendFlag(out, x.banned, r.Value.BanHeight != -1, r.Value.Explorer)
	}
}

// sendDeltas compares each observation with the own height nearest in time: from this scrape or from the
// previous one, which started the request to the explorer in the background.
func (x *explorers) sendDeltas(out *samples, readings []explorer.HeightReading, now ownHeight) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, r := range readings {
		if !r.Fresh() || r.Err != nil {
			continue
		}
		gap, ok := x.deltas[r.Explorer]
		if !ok || !gap.observed.Equal(r.At) {
			own := now
			if !x.own.at.IsZero() && r.At.Sub(x.own.at).Abs() < r.At.Sub(now.at).Abs() {
				own = x.own
			}
			gap = heightGap{r.At, r.Value - own.height, r.At.Sub(own.at).Abs() <= sameMinute}
			x.deltas[r.Explorer] = gap
		}
		if gap.known {
			send(out, x.delta, gap.blocks, r.Explorer)
		}
	}
	x.own = now
}

func (x *explorers) forgetOwn() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.own = ownHeight{}
}

// sendMatches compares our blocks with those that the explorers reported before this scrape began.
func (x *explorers) sendMatches(ctx context.Context, in *scrape, out *samples) {
	if len(in.blocks) == 0 {
		return
	}
	node, err := in.node(ctx)
	if err != nil {
		return
	}
	for name, r := range in.blocks {
		if !r.Fresh() {
			continue
		}
		in.journal.note("block of explorer "+name, r.At, r.Err)
		if own := node.Hashes[r.Value.Height]; r.Err == nil && own != nil && own.Err == nil {
			sendFlag(out, x.match, own.Value.String() == r.Value.Hash, name)
		}
	}
}

// comparedHeights stores the blocks that the explorers reported last and returns their heights, so that the
// session requests the daemon's hashes in the same batch as everything else.
func (in *scrape) comparedHeights() []int64 {
	if in.Explorers == nil {
		return nil
	}
	in.blocks = in.Explorers.Blocks()
	var heights []int64
	for _, r := range in.blocks {
		if r.Err == nil {
			heights = append(heights, r.Value.Height)
		}
	}
	return heights
}
