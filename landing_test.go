package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"raptoreum_exporter/collector"
	"raptoreum_exporter/daemon"
	"raptoreum_exporter/fleet"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/internal/simnet"
	"raptoreum_exporter/p2p"
)

// TestLanding: the page lists the fleet, trouble first, and keeps failures.
func TestLanding(t *testing.T) {
	e := startFleet(t, []simnet.Member{{Address: loopback(t, 0)}, {Address: loopback(t, 1), Port: simnet.PortClosed}, {Address: loopback(t, 2)}}, nil)
	e.probe("node-0")
	e.probe("node-1")
	_, page := e.get("/")
	closed, well, unknown := strings.Index(page, ">node-1<"), strings.Index(page, ">node-0<"), strings.Index(page, ">node-2<")
	if closed < 0 || well < closed || unknown < 0 || well < unknown {
		t.Errorf("node-1 at %d, node-2 at %d, node-0 at %d:\n%s", closed, unknown, well, page)
	}
	for _, part := range []string{"connection refused", "not probed yet", "Last failures", `href="probe?target=node-1&amp;debug=true"`} {
		if !strings.Contains(page, part) {
			t.Errorf("no %q on the page", part)
		}
	}
	if _, page := e.get("/probe?target=node-1&debug=true"); !strings.Contains(page, "result     connect: ") || !strings.Contains(page, "\nprobe_success 0\n") {
		t.Error(page)
	}
}

func TestHistory(t *testing.T) {
	h := &history{last: map[daemon.Hash]result{}}
	for i := range 3 * historyLimit {
		h.add(daemon.Hash{byte(i % 7)}, result{Why: fmt.Sprint(i)})
		h.add(daemon.Hash{9}, result{Node: "well", Success: true})
	}
	_, failures := h.of(nil)
	if len(failures) != historyLimit || failures[0].Why != fmt.Sprint(3*historyLimit-1) {
		t.Errorf("%d failures, the newest %+v", len(failures), failures[0])
	}
}

func TestWhy(t *testing.T) {
	own := daemon.Hash{1}
	acked := map[p2p.Phase]time.Duration{p2p.Verack: time.Millisecond}
	look := func(age time.Duration, peer p2p.Peer) *collector.Look {
		return &collector.Look{Node: &fleet.Node{ProTxHash: own}, Handshake: &poll.Reading[p2p.Peer]{Value: peer, At: time.Now().Add(-age)}}
	}
	for want, l := range map[string]*collector.Look{
		"well": look(0, p2p.Peer{Durations: acked, Mnauth: true, ProTxHash: own.String()}),
		"the last handshake went well, but is over 3 minutes old": look(time.Hour, p2p.Peer{Durations: acked, Mnauth: true, ProTxHash: own.String()}),
		"another smartnode answers there: ff":                     look(0, p2p.Peer{Durations: acked, Mnauth: true, ProTxHash: "ff"}),
		"its address is not known yet":                            {Node: &fleet.Node{}},
	} {
		if got := why(l, ""); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestHistoryOfAnother: a node that takes the name of another has not its result.
func TestHistoryOfAnother(t *testing.T) {
	h := &history{last: map[daemon.Hash]result{}}
	h.add(daemon.Hash{1}, result{Success: true})
	last, _ := h.of([]fleet.Node{{Name: "a", ProTxHash: daemon.Hash{2}}})
	if len(last) != 1 || last[0].Success || len(h.last) != 0 {
		t.Errorf("%+v, %d kept", last, len(h.last))
	}
}
