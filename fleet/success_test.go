package fleet

import (
	"path/filepath"
	"testing"
	"time"

	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/p2p"
)

// TestSuccess: the handshake of a probe counts while it is fresh, complete, and not that of another smartnode.
func TestSuccess(t *testing.T) {
	f, _ := explorerFleet(t, time.Now)
	if filepath.Base(f.Path()) != "fleet.yml" || f.HasSets() {
		t.Errorf("%s, sets %t", f.Path(), f.HasSets())
	}
	node := f.Snapshot(t.Context(), poll.NoWait).Nodes[0]
	ours, complete := node.ProTxHash.String(), map[p2p.Phase]time.Duration{p2p.Verack: time.Millisecond}
	for _, test := range []struct {
		name string
		age  time.Duration
		peer p2p.Peer
		want bool
	}{
		{"ours", 0, p2p.Peer{Durations: complete, Mnauth: true, ProTxHash: ours}, true},
		{"without mnauth", 0, p2p.Peer{Durations: complete}, true},
		{"another smartnode", 0, p2p.Peer{Durations: complete, Mnauth: true, ProTxHash: "00"}, false},
		{"incomplete", 0, p2p.Peer{}, false},
		{"old", poll.MaxAge + time.Second, p2p.Peer{Durations: complete}, false},
	} {
		r := ProbeResult{Node: &node, Handshake: &poll.Reading[p2p.Peer]{Value: test.peer, At: time.Now().Add(-test.age)}}
		if r.Success() != test.want {
			t.Errorf("%s: %t", test.name, r.Success())
		}
	}
	if (&ProbeResult{Node: &node}).Success() {
		t.Error("without a handshake")
	}
	for name, want := range map[string]bool{"paris-1": true, "": false, "a b": false} {
		if IsName(name) != want {
			t.Errorf("%q: %t", name, !want)
		}
	}
}
