package collector

import (
	"context"
	"errors"
	"strconv"

	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/p2p"
)

type port struct {
	reachable, duration, failed, info, height, mnauth, match *metric
}

func newPort(c *catalog) updater { return portMetrics(c) }

func portMetrics(c *catalog) *port {
	return &port{
		reachable: c.gauge("port_reachable", "1 if a handshake (version and verack) with the smartnode's address succeeded at most 3 minutes ago; tested from the machine itself, a router without NAT loopback may make it 0."),
		duration:  c.gauge("port_phase_duration_seconds", "Duration of each completed phase of the handshake in seconds; at most 3 minutes old.", "phase"),
		failed:    c.gauge("port_failed_phase", "1 for the phase in which the handshake failed; at most 3 minutes old; mnauth: the handshake succeeded, but the peer did not identify itself as a smartnode.", "phase"),
		info:      c.gauge("port_peer_info", "Always 1; protocol version and user agent of the peer (handshake; the peer controls the text).", "protocol", "user_agent"),
		height:    c.gauge("port_peer_height", "Block height claimed by the peer in the handshake; at most 3 minutes old."),
		mnauth:    c.gauge("port_mnauth_received", "1 if the peer identified itself as a smartnode, which only a ready one does (mnauth)."),
		match:     c.gauge("port_identity_match", "1 if the peer identified itself with the expected proTxHash; absent if it did not identify itself (mnauth)."),
	}
}

func (p *port) update(ctx context.Context, in *scrape, out *samples) error {
	if in.Daemon == nil || in.Port == nil {
		return errNotApplicable
	}
	known := in.Daemon.Known()
	if known.Address == "" || known.Network == "" {
		return errNotApplicable
	}
	if r, ok := in.Port.Probe(ctx, known.Address, string(known.Network), in.mode); ok && r.Fresh() {
		in.journal.note("port handshake", r.At, r.Err) // port_reachable reports it; the log has the hint
		p.send(out, r, known.ProTxHash)
	}
	return nil
}

// send sends the metrics of a handshake. hash is the expected proTxHash; empty: unknown.
func (p *port) send(out *samples, r poll.Reading[p2p.Peer], hash string) {
	peer := r.Value
	failed := p2p.Phase("")
	if e, ok := errors.AsType[*p2p.Error](r.Err); ok {
		failed = e.Phase
	} else if r.Err == nil && !peer.Mnauth {
		failed = p2p.Mnauth
	}
	reachable := peer.Reachable()
	sendFlag(out, p.reachable, reachable)
	sendEnum(out, p.failed, p2p.Phases(), failed)
	for phase, took := range peer.Durations {
		send(out, p.duration, took.Seconds(), string(phase))
	}
	if _, answered := peer.Durations[p2p.Version]; answered {
		send(out, p.info, 1, strconv.Itoa(int(peer.Protocol)), peer.UserAgent)
		send(out, p.height, peer.Height)
	}
	if reachable {
		sendFlag(out, p.mnauth, peer.Mnauth)
		if peer.Mnauth && hash != "" {
			sendFlag(out, p.match, peer.ProTxHash == hash)
		}
	}
}
