package collector

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"raptoreum_exporter/daemon"
)

// UserAgent is the name of this program in handshakes and HTTP requests. While our own handshake lasts, the
// daemon lists it as a peer, which is excluded by this name.
const UserAgent = "raptoreum_exporter"

// recentPeer bounds the age of a connection whose time offset counts: it is measured once, at its start.
const recentPeer = time.Hour

type peers struct {
	count, best, median, ping, offset, received, sent *metric
}

func newPeers(c *catalog) updater {
	return &peers{
		count:    c.late("peers", "Number of peers by direction of the connection, without this exporter's own handshake (getpeerinfo).", "direction"),
		best:     c.late("peers_best_height", "Highest block height claimed by a peer (getpeerinfo startingheight, synced_headers, synced_blocks)."),
		median:   c.late("peers_median_height", "Median of the block heights claimed by the peers, which a single false claim does not change (getpeerinfo)."),
		ping:     c.late("peers_ping_seconds", "Median round-trip time to the peers in seconds (getpeerinfo pingtime)."),
		offset:   c.late("peers_time_offset_seconds", "Median of the clocks of peers minus that of this machine in seconds, when they connected within the last hour (getpeerinfo timeoffset, conntime)."),
		received: c.counter("network_receive_bytes_total", "Number of bytes received from peers since the daemon started (getnettotals)."),
		sent:     c.counter("network_transmit_bytes_total", "Number of bytes sent to peers since the daemon started (getnettotals)."),
	}
}

func (p *peers) update(ctx context.Context, in *scrape, out *samples) error {
	lockfree, err := in.lockfree(ctx)
	if err != nil {
		return err
	}
	if lockfree.Traffic.Err == nil {
		send(out, p.received, *lockfree.Traffic.Value.Received)
		send(out, p.sent, *lockfree.Traffic.Value.Sent)
	}
	node, err := in.node(ctx)
	if err != nil {
		return errors.Join(lockfree.Traffic.Err, err)
	}
	if node.Peers.Err == nil {
		p.sendPeers(out, node.Peers.Value, node.At)
	}
	return errors.Join(lockfree.Traffic.Err, node.Peers.Err)
}

func (p *peers) sendPeers(out *samples, list []daemon.Peer, now time.Time) {
	inbound, outbound := 0, 0
	var heights, offsets []int64
	var pings []float64
	for _, peer := range list {
		if strings.Contains(*peer.Subversion, UserAgent) {
			continue
		}
		if *peer.Inbound {
			inbound++
		} else {
			outbound++
		}
		if height := peer.Height(); height >= 0 {
			heights = append(heights, height)
		}
		if peer.PingTime != nil {
			pings = append(pings, *peer.PingTime)
		}
		if peer.TimeOffset != nil && peer.Connected != nil && now.Sub(time.Unix(*peer.Connected, 0)).Abs() < recentPeer {
			offsets = append(offsets, *peer.TimeOffset)
		}
	}
	send(out, p.count, inbound, "inbound")
	send(out, p.count, outbound, "outbound")
	if len(heights) > 0 {
		send(out, p.best, slices.Max(heights))
	}
	sendMedian(out, p.median, heights)
	sendMedian(out, p.ping, pings)
	sendMedian(out, p.offset, offsets)
}

// sendMedian sends the median of values, if there are any, and sorts them.
func sendMedian[N number](out *samples, m *metric, values []N) {
	if len(values) > 0 {
		slices.Sort(values)
		send(out, m, values[(len(values)-1)/2])
	}
}
