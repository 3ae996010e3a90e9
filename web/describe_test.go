package web

import (
	"fmt"
	"testing"
	"time"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/fleet"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/p2p"
)

func TestResults(t *testing.T) {
	h := newResults()
	for i := range 3 * maxFailures {
		h.add(daemon.Hash{byte(i % 7)}, result{Text: fmt.Sprint(i)})
		h.add(daemon.Hash{9}, result{Node: "ok", Success: true})
	}
	_, failures := h.of(nil)
	if len(failures) != maxFailures || failures[0].Text != fmt.Sprint(3*maxFailures-1) {
		t.Errorf("%d failures, the newest %+v", len(failures), failures[0])
	}
}

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

// TestResultOfAnotherNode: a node that takes the name of another one does not get its result.
func TestResultOfAnotherNode(t *testing.T) {
	h := newResults()
	h.add(daemon.Hash{1}, result{Success: true})
	last, _ := h.of([]fleet.Node{{Name: "a", ProTxHash: daemon.Hash{2}}})
	if len(last) != 1 || last[0].Success || len(h.last) != 0 {
		t.Errorf("%+v, %d kept", last, len(h.last))
	}
}
