package collector

import (
	"context"
	"fmt"
	"sync"
	"time"

	"raptoreum_exporter/explorer"
)

const (
	sameMinute   = time.Minute // own and explorer height may be that far apart in time
	compareDepth = 6           // blocks below the lower tip: no reorganisation is as deep
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

// heightGap is worked out once for each observation, from the own height nearest in time.
type heightGap struct {
	observed time.Time
	blocks   int64
	known    bool
}

func newExplorers(c *catalog) updater {
	const recent = "; at most 3 minutes old"
	return &explorers{
		deltas:   map[string]heightGap{},
		up:       c.gauge("explorer_up", "1 when the explorer gave a plausible height"+recent+" (api/getblockcount).", "explorer"),
		height:   c.gauge("explorer_block_height", "Height of the best block that the explorer knows"+recent+" (api/getblockcount).", "explorer"),
		delta:    c.gauge("explorer_height_delta_blocks", "Explorer height minus own height, both read within the same minute; positive: this node is behind.", "explorer"),
		observed: c.gauge("explorer_observed_timestamp_seconds", "Unix time at which the explorer's height was read.", "explorer"),
		match:    c.gauge("explorer_chain_match", "1 when the explorer's block hash 6 below the lower tip is ours, 0 when we are on another chain; absent when either is unknown (api/getblock, getblockhash).", "explorer"),
		penalty:  c.gauge("explorer_smartnode_pose_penalty", "PoSe penalty points as the first explorer that answers sees them"+recent+" (api/protx).", "explorer"),
		banned:   c.gauge("explorer_smartnode_pose_banned", "1 when the first explorer that answers sees the smartnode banned"+recent+" (api/protx).", "explorer"),
	}
}

func (x *explorers) update(ctx context.Context, in *scrape, out *samples) error {
	if in.Explorers == nil {
		return errNotApplicable
	}
	if in.Daemon != nil && in.ExplorerNetwork != "" {
		if network := in.Daemon.Known().Network; network != "" && network != in.ExplorerNetwork {
			return errNotApplicable // they show another one
		}
	}
	readings := in.Explorers.Heights(ctx, in.mode)
	heightsErr := x.sendHeights(in, out, readings)
	x.sendSmartnode(ctx, in, out)
	// What the daemon does not answer is not the explorers' failure: it is absent here.
	main, err := in.mainlock(ctx)
	if err != nil || main.Height.Err != nil {
		x.forgetOwn()
		return heightsErr
	}
	in.Explorers.SetOwnHeight(main.Height.Value)
	x.sendDeltas(out, readings, ownHeight{main.Height.Value, time.Now()})
	x.sendMatches(ctx, in, out)
	for _, r := range readings {
		if r.OK && r.Err == nil {
			in.Explorers.BlockHash(ctx, r.Explorer, min(r.Value, main.Height.Value)-compareDepth, in.mode)
		}
	}
	return heightsErr
}

// sendHeights returns an error only when no explorer answers: that one is down is its own metric.
func (x *explorers) sendHeights(in *scrape, out *samples, readings []explorer.HeightReading) error {
	var errs []error
	for _, r := range readings {
		if !r.Fresh() {
			continue
		}
		in.journal.note("explorer "+r.Explorer, r.Err)
		sendFlag(out, x.up, r.Err == nil, r.Explorer)
		if r.Err != nil {
			errs = append(errs, r.Err)
			continue
		}
		send(out, x.height, r.Value, r.Explorer)
		send(out, x.observed, float64(r.At.UnixMilli())/1e3, r.Explorer)
	}
	if len(errs) == 0 || len(errs) < len(readings) {
		return nil
	}
	return fmt.Errorf("no explorer answers; the first: %w", errs[0])
}

// sendSmartnode needs no answer of the daemon: the smartnode is remembered while it is silent.
func (x *explorers) sendSmartnode(ctx context.Context, in *scrape, out *samples) {
	if in.Daemon == nil || in.Daemon.Known().ProTxHash == "" {
		return
	}
	r, ok := in.Explorers.Smartnode(ctx, in.Daemon.Known().ProTxHash, in.mode)
	if !ok || !r.Fresh() {
		return
	}
	in.journal.note("explorers' view of the smartnode", r.Err)
	if r.Err == nil {
		send(out, x.penalty, r.Value.Penalty, r.Value.Explorer)
		sendFlag(out, x.banned, r.Value.BanHeight != -1, r.Value.Explorer)
	}
}

// sendDeltas compares each observation with the own height nearest to it in time: that of this
// scrape or of the one before, in whose background the explorer was asked.
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

// sendMatches compares the blocks that the explorers named before this scrape began with ours.
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
		in.journal.note("block of explorer "+name, r.Err)
		if own := node.Hashes[r.Value.Height]; r.Err == nil && own != nil && own.Err == nil {
			sendFlag(out, x.match, own.Value.String() == r.Value.Hash, name)
		}
	}
}

// comparedHeights keeps the blocks that explorers named last and returns their heights, so that
// the daemon is asked for its own hashes along with everything else.
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
