package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/internal/poll"
)

const (
	// maxBehind is how many blocks the daemon may be behind the network: as many as an explorer.
	maxBehind = 10
	// tipAge is the age from which a block is not the tip: an hour without one does not happen in a network that works.
	tipAge = time.Hour
)

// behind returns why the daemon may be far from the tip of the network; nil: it is near. The list of such a daemon
// is of the past: it lacks the smartnodes that were registered since, and has the bans of that time.
func (f *Fleet) behind(ctx context.Context, main *daemon.Mainlock, node *daemon.Node, network daemon.Network) error {
	chain := main.Chain.Value
	blocks := *chain.Blocks
	if *chain.InitialBlockDownload {
		return errors.New("raptoreumd downloads the chain")
	}
	if n := *chain.Headers - blocks; n > maxBehind {
		return fmt.Errorf("raptoreumd is %d blocks behind the headers that it has", n)
	}
	peers, connected := peersHeight(node)
	if n := peers - blocks; connected && n > maxBehind {
		return fmt.Errorf("raptoreumd is %d blocks behind its peers", n)
	}
	recent := node.Tip.Err == nil && time.Since(time.Unix(*node.Tip.Value.Time, 0)) < tipAge
	if connected && recent {
		return nil // explorers are few: they do not outvote it
	}
	if tip, agreed := f.explorersTip(ctx, network); agreed {
		if n := tip - blocks; n > maxBehind {
			return fmt.Errorf("raptoreumd is %d blocks behind two explorers that agree", n)
		}
		return nil
	}
	if connected || recent {
		return nil // with peers, the whole network has stalled
	}
	return errors.New("raptoreumd has no peer that shows the height of the network, and its best block is more than an hour old or of unknown age")
}

// explorersTip returns the height that two explorers of the network agree on.
func (f *Fleet) explorersTip(ctx context.Context, network daemon.Network) (height int64, agreed bool) {
	if f.sources.Explorers == nil || f.sources.ExplorerNetwork != "" && f.sources.ExplorerNetwork != network {
		return 0, false
	}
	f.sources.Explorers.Heights(ctx, poll.NoWait)
	return f.sources.Explorers.AgreedTip()
}

// peersHeight returns the median of the heights that the peers of the daemon claim. Our own handshake claims 0.
func peersHeight(node *daemon.Node) (median int64, known bool) {
	if node.Peers.Err != nil {
		return 0, false
	}
	var heights []int64
	for i := range node.Peers.Value {
		if height := node.Peers.Value[i].Height(); height > 0 {
			heights = append(heights, height)
		}
	}
	if len(heights) == 0 {
		return 0, false
	}
	slices.Sort(heights)
	return heights[(len(heights)-1)/2], true
}
