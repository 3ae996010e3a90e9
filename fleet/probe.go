package fleet

import (
	"context"
	"time"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/p2p"
)

// ProbeResult is what one probe learned about a node from outside.
type ProbeResult struct {
	Node      *Node
	Facts     Facts
	Network   daemon.Network          // empty: not known yet
	Address   string                  // that was dialled; empty: not known, or revoked
	Refused   error                   // why the address was not dialled; nil: it was, or is not known
	Handshake *poll.Reading[p2p.Peer] // nil: none yet
	Duration  time.Duration           // of this probe
}

// Success reports whether the port shook hands at most poll.MaxAge ago and no other smartnode
// answered there.
func (r *ProbeResult) Success() bool {
	if r.Handshake == nil || !r.Handshake.Fresh() {
		return false
	}
	peer := r.Handshake.Value
	return peer.Reachable() && (!peer.Mnauth || peer.ProTxHash == r.Node.ProTxHash.String())
}

// Probe shakes hands with a node, unless that was done less than a minute ago, and adds what the chain
// says about it. It waits for the handshake until ctx is done; for an explorer only with poll.Wait.
func (f *Fleet) Probe(ctx context.Context, s *Snapshot, n *Node, mode poll.Mode) ProbeResult {
	began := time.Now()
	r := ProbeResult{Node: n, Network: s.Network, Address: f.Address(ctx, n)}
	if r.Address == "" {
		mode = poll.Wait // the chain comes first; else no explorer may take the time of the handshake
	}
	r.Facts = f.Facts(ctx, s, n, mode)
	if r.Address == "" {
		r.Address = f.Address(ctx, n)
	}
	if r.Address != "" && s.Network != "" {
		f.shakeHands(ctx, &r)
	}
	r.Duration = time.Since(began)
	return r
}

func (f *Fleet) shakeHands(ctx context.Context, r *ProbeResult) {
	if r.Refused = f.dialable(r.Address, r.Network); r.Refused != nil {
		return
	}
	if reading, ok := f.sources.Port.Probe(ctx, r.Address, string(r.Network), poll.Wait); ok {
		r.Handshake = &reading
	}
}

// Known returns what is known about a node without a handshake: the last one, and what the chain says.
func (f *Fleet) Known(ctx context.Context, s *Snapshot, n *Node) ProbeResult {
	r := ProbeResult{Node: n, Network: s.Network, Address: f.Address(ctx, n), Facts: f.Facts(ctx, s, n, poll.NoWait)}
	if r.Address == "" || s.Network == "" {
		return r
	}
	if r.Refused = f.dialable(r.Address, r.Network); r.Refused != nil {
		return r
	}
	if reading, ok := f.sources.Port.Last(r.Address, string(r.Network)); ok {
		r.Handshake = &reading
	}
	return r
}

// LastHandshake returns the last handshake with a node and false before the first. It dials nobody.
func (f *Fleet) LastHandshake(ctx context.Context, s *Snapshot, n *Node) (poll.Reading[p2p.Peer], bool) {
	return f.sources.Port.Last(f.Address(ctx, n), string(s.Network))
}
