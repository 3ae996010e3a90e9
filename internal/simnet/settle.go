package simnet

import (
	"cmp"
	"time"
)

// blockSpacing is the time between two blocks of mainnet, in seconds.
const blockSpacing = 120

// advance adds a block to the network, and to our daemon's chain unless it is stalled.
func (s *State) advance() {
	if s.Stalled || s.Height < s.NetworkHeight {
		s.NetworkHeight++
	}
	if !s.Stalled {
		s.Height++
	}
}

// settle adds to next what follows from the change since old and was not set itself.
func settle(old State, next *State, now time.Time) {
	if old.Stalled && !next.Stalled && next.Height == old.Height {
		next.Height = next.NetworkHeight // it catches up
	}
	next.NetworkHeight = max(next.NetworkHeight, next.Height)
	settleChain(old, next, now)
	settlePoSe(old, next)
	for i := range next.Explorers {
		settleExplorer(old.NetworkHeight, old.Explorers[i], &next.Explorers[i], now)
	}
}

// settleChain moves along with the tip what was at the tip. A chainlock and the peers follow the
// network: a daemon that is stuck receives both and does not have the block.
func settleChain(old State, next *State, now time.Time) {
	if next.Headers == old.Headers {
		if old.Headers == old.Height {
			next.Headers = next.Height
		}
		next.Headers = max(next.Headers, next.Height)
	}
	if next.PeersHeight == old.PeersHeight && old.PeersHeight == old.NetworkHeight {
		next.PeersHeight = next.NetworkHeight
	}
	if next.ChainlockHeight == old.ChainlockHeight && old.ChainlockHeight == old.NetworkHeight {
		next.ChainlockHeight = next.NetworkHeight
	}
	moved := next.Height != old.Height || next.ChainlockHeight != old.ChainlockHeight
	if moved && next.ChainlockKnown == old.ChainlockKnown {
		next.ChainlockKnown = next.ChainlockHeight <= next.Height
	}
	if next.BlockTime == old.BlockTime {
		switch {
		case next.Height > old.Height:
			next.BlockTime = now.Unix()
		case next.Height < old.Height:
			next.BlockTime -= int64(old.Height-next.Height) * blockSpacing
		}
	}
}

// settleExplorer gives a mode with a height of its own the first one.
func settleExplorer(networkHeight int, old Explorer, next *Explorer, now time.Time) {
	switch next.Mode {
	case ExplorerStale:
		next.Frozen = cmp.Or(next.Frozen, networkHeight)
	case ExplorerLagging:
		next.Frozen = cmp.Or(next.Frozen, lagHeight)
	case ExplorerResyncing:
		if old.Mode != ExplorerResyncing {
			next.Since = now
		}
	default:
		next.Frozen, next.Since = 0, time.Time{}
	}
}

// settlePoSe applies the consequences of a ban and of its end.
func settlePoSe(old State, next *State) {
	if next.Smartnode == old.Smartnode {
		return
	}
	if next.Smartnode == SmartnodePoSeBanned && next.BanHeight == -1 {
		next.BanHeight = next.Height
		if next.Penalty == old.Penalty {
			next.Penalty = max(100, next.ListSize)
		}
	}
	if next.Smartnode == SmartnodeReady && old.BanHeight != -1 && next.BanHeight == old.BanHeight {
		next.BanHeight = -1
		next.RevivedHeight = next.Height
		if next.Penalty == old.Penalty {
			next.Penalty = 0
		}
	}
}
