package web

import (
	"testing"
	"time"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/fleet"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/p2p"
)

func TestDescribe(t *testing.T) {
	own := daemon.Hash{1}
	acked := map[p2p.Phase]time.Duration{p2p.Verack: time.Millisecond}
	probed := func(age time.Duration, peer p2p.Peer) *fleet.ProbeResult {
		return &fleet.ProbeResult{Node: &fleet.Node{ProTxHash: own}, Handshake: &poll.Reading[p2p.Peer]{Value: peer, At: time.Now().Add(-age)}}
	}
	for want, l := range map[string]*fleet.ProbeResult{
		"ok": probed(0, p2p.Peer{Durations: acked, Mnauth: true, ProTxHash: own.String()}),
		"the last handshake succeeded, but more than 3 minutes ago": probed(time.Hour, p2p.Peer{Durations: acked, Mnauth: true, ProTxHash: own.String()}),
		"another smartnode answers there: ff":                       probed(0, p2p.Peer{Durations: acked, Mnauth: true, ProTxHash: "ff"}),
		"address not known yet":                                     {Node: &fleet.Node{}},
	} {
		if got := describe(l); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
