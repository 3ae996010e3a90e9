package fleet

import (
	"context"
	"time"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/p2p"
)

// ProbeResult is the result of one probe of a node from outside.
type ProbeResult struct {
	Node      *Node
	Facts     Facts
	Network   daemon.Network          // empty: not known yet
	Address   string                  // to connect to; empty: unknown, or revoked
	Refused   error                   // why the exporter did not connect to Address; nil: it did, or Address is empty
	Handshake *poll.Reading[p2p.Peer] // nil: none yet
	Seen      time.Time               // end of the last handshake with Address that succeeded; zero: see p2p.Prober.LastSuccess
	// HeightDifference is the height that the node reported in Handshake, minus that of raptoreumd at the time of that
	// handshake, which may be 3 minutes ago. nil: unknown, or there is no raptoreumd.
	HeightDifference *int64
	Duration         time.Duration // of this probe
}

// Success reports whether a handshake succeeded at most poll.MaxAge ago and no other smartnode
// answered.
func (r *ProbeResult) Success() bool {
	if r.Handshake == nil || !r.Handshake.Fresh() {
		return false
	}
	peer := r.Handshake.Value
	return peer.Reachable() && (!peer.Mnauth || peer.ProTxHash == r.Node.ProTxHash.String())
}

// Probe makes a handshake with a node, unless the last one is less than a minute old, and adds the
// state of the node on the chain. It waits for the handshake until ctx is done; for an explorer only with poll.Wait.
func (f *Fleet) Probe(ctx context.Context, s *Snapshot, n *Node, mode poll.Mode) ProbeResult {
	began := time.Now()
	r := ProbeResult{Node: n, Network: s.Network, Address: f.Address(ctx, n)}
	chainMode := mode
	if r.Address == "" {
		chainMode = poll.Wait // the address comes from the chain; otherwise an explorer must not use up the time for the handshake
	}
	r.Facts = f.Facts(ctx, s, n, chainMode)
	f.addPayment(ctx, &r.Facts, mode)
	if r.Address == "" {
		r.Address = f.Address(ctx, n)
	}
	if r.Address != "" && s.Network != "" {
		f.handshake(ctx, &r)
	}
	r.Duration = time.Since(began)
	return r
}

// addPayment adds the amount of the last payment. Only a daemon knows it.
func (f *Fleet) addPayment(ctx context.Context, facts *Facts, mode poll.Mode) {
	if f.sources.Daemon == nil || facts.Smartnode == nil {
		return
	}
	if coins, err := f.sources.Daemon.LastPayment(ctx, *facts.Smartnode, mode); err == nil {
		facts.LastPayment = &coins
	}
}

func (f *Fleet) handshake(ctx context.Context, r *ProbeResult) {
	if r.Refused = f.dialable(r.Address, r.Network); r.Refused != nil {
		return
	}
	if reading, ok := f.sources.Port.Probe(ctx, r.Address, string(r.Network), poll.Wait); ok {
		f.addHandshake(r, reading)
	}
}

// addHandshake adds the last handshake, and what depends on its time.
func (f *Fleet) addHandshake(r *ProbeResult, reading poll.Reading[p2p.Peer]) {
	r.Handshake = &reading
	r.Seen = f.sources.Port.LastSuccess(r.Address, string(r.Network))
	if _, answered := reading.Value.Durations[p2p.Version]; answered && f.sources.Daemon != nil {
		if blocks, known := f.sources.Daemon.HeightDifference(int64(reading.Value.Height), reading.At); known {
			r.HeightDifference = &blocks
		}
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
		f.addHandshake(&r, reading)
	}
	return r
}

// LastHandshake returns the last handshake with a node and false before the first. It does not connect.
func (f *Fleet) LastHandshake(ctx context.Context, s *Snapshot, n *Node) (poll.Reading[p2p.Peer], bool) {
	return f.sources.Port.Last(f.Address(ctx, n), string(s.Network))
}
