package collector

import (
	"context"
	"errors"

	"raptoreum_exporter/daemon"
)

type chain struct {
	height, headers, timestamp, size, lockHeight, lockKnown *metric
}

func newChain(c *catalog) updater {
	return &chain{
		height:     c.late("block_height", "Height of the best validated block (getblockcount)."),
		headers:    c.late("header_height", "Height of the best header; may be below the block height (getblockchaininfo headers)."),
		timestamp:  c.late("block_timestamp_seconds", "Unix time of the best validated block, as claimed by its miner (getblockheader time)."),
		size:       c.late("chain_size_bytes", "Size of the block and undo files on disk in bytes (getblockchaininfo size_on_disk)."),
		lockHeight: c.late("chainlock_height", "Height of the best chainlock received; above the block height on a node that is behind (getbestchainlock)."),
		lockKnown:  c.late("chainlock_known_block", "1 if the chainlocked block is in the node's own chain (getbestchainlock known_block)."),
	}
}

func (c *chain) update(ctx context.Context, in *scrape, out *samples) error {
	main, err := in.mainlock(ctx)
	if err != nil {
		return err
	}
	if main.Height.Err == nil {
		send(out, c.height, main.Height.Value)
	}
	if main.Chain.Err == nil {
		if headers := *main.Chain.Value.Headers; headers >= 0 { // -1 before the first
			send(out, c.headers, headers)
		}
		send(out, c.size, *main.Chain.Value.SizeOnDisk)
	}
	lockErr := main.Chainlock.Err
	if lockErr == nil {
		send(out, c.lockHeight, *main.Chainlock.Value.Height)
		sendFlag(out, c.lockKnown, *main.Chainlock.Value.KnownBlock)
	} else if errors.Is(lockErr, daemon.ErrNoChainlock) {
		lockErr = nil
	}
	errs := errors.Join(main.Height.Err, main.Chain.Err, lockErr)
	node, err := in.node(ctx)
	if err != nil {
		return errors.Join(errs, err)
	}
	if node.Tip.Err == nil {
		send(out, c.timestamp, *node.Tip.Value.Time)
	}
	return errors.Join(errs, node.Tip.Err)
}
