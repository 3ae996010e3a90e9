package fleet

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/explorer"
	"raptoreum_exporter/internal/poll"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestDialable(t *testing.T) {
	f := &Fleet{reserved: reservedBlocks()}
	private := &Fleet{sources: Sources{AllowPrivate: true}}
	for address, want := range map[string]bool{
		"1.1.1.1:10226": true, "203.0.114.1:10226": true, "172.32.0.1:10226": true, "100.128.0.1:10226": true,
		"1.1.1.1:10227": false, "10.0.0.1:10226": false, "172.16.0.1:10226": false, "172.31.255.255:10226": false,
		"192.168.0.1:10226": false, "127.0.0.1:10226": false, "169.254.169.254:10226": false, "100.64.0.1:10226": false,
		"0.1.2.3:10226": false, "192.0.0.1:10226": false, "192.0.2.1:10226": false, "198.18.0.1:10226": false,
		"198.51.100.1:10226": false, "203.0.113.1:10226": false, "224.0.0.1:10226": false, "239.255.255.255:10226": false,
		"240.0.0.1:10226": false, "255.255.255.255:10226": false, "[2001:4860:4860::8888]:10226": false,
		"[::ffff:1.1.1.1]:10226": false, "1.1.1.1": false, "1.1.1.1:0": false, "example.org:10226": false, "": false, "01.1.1.1:10226": false,
	} {
		if err := f.dialable(address, daemon.Main); (err == nil) != want {
			t.Errorf("%q: %v", address, err)
		}
	}
	for address, want := range map[string]bool{
		"127.0.0.1:19899": true, "[::1]:19899": true, "10.0.0.1:1": true, "0.0.0.0:1": false, "[::]:0": false, "localhost:19899": false,
	} {
		if err := private.dialable(address, daemon.Regtest); (err == nil) != want {
			t.Errorf("with private addresses %q: %v", address, err)
		}
	}
	if err := f.dialable("1.1.1.1:10230", daemon.Test); err != nil {
		t.Errorf("port of the test network: %v", err)
	}
}

func TestViewCurrent(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	list := func(tip string, age time.Duration) *daemon.List { return &daemon.List{Tip: tip, Asked: now.Add(-age)} }
	for name, test := range map[string]struct {
		view *View
		want bool
	}{
		"none":                          {nil, false},
		"no list":                       {&View{At: now}, false},
		"fresh":                         {&View{At: now, Tip: "b", List: list("b", 0)}, true},
		"of the same tip for hours":     {&View{At: now, Tip: "b", List: list("b", 5*time.Hour)}, true},
		"of an earlier tip":             {&View{At: now, Tip: "b", List: list("a", 2*time.Minute)}, true},
		"of a tip too long ago":         {&View{At: now, Tip: "b", List: list("a", 11*time.Minute)}, false},
		"the daemon is silent":          {&View{At: now.Add(-4 * time.Minute), Tip: "b", List: list("b", 4*time.Minute)}, false},
		"after a reindex":               {&View{At: now, Tip: "b", Height: 5, List: &daemon.List{Tip: "a", Height: 9, Asked: now}}, false},
		"the daemon was silent shortly": {&View{At: now.Add(-2 * time.Minute), Tip: "b", List: list("b", 4*time.Minute)}, true},
	} {
		if got := test.view.Current(now); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestPlace(t *testing.T) {
	node := func(id byte, paid int64) daemon.Smartnode {
		return daemon.Smartnode{ProTxHash: daemon.Hash{id}, LastPaidHeight: paid, RevivedHeight: -1, BanHeight: -1, Payable: true, PayableKnown: true}
	}
	list := &daemon.List{Height: 100, Nodes: []daemon.Smartnode{node(1, 30), node(2, 10), node(3, 20)}}
	list.Nodes = append(list.Nodes, daemon.Smartnode{ProTxHash: daemon.Hash{4}, BanHeight: 90})
	v := &View{List: list, Height: 101, queue: daemon.PaymentPlaces(list.Nodes)}
	for i, want := range []int{1, -1, 0, -1} { // a block has paid the first since
		position, length, queued := v.Place(&list.Nodes[i])
		if queued != (want >= 0) || queued && (position != want || length != 3) {
			t.Errorf("node %d: %d of %d, %v", i+1, position, length, queued)
		}
	}
}

func TestFromExplorer(t *testing.T) {
	paid, registered, revived, upgrade := int64(500), int64(200), int64(-1), true
	s, waits := fromExplorer(daemon.Hash{1}, explorer.Smartnode{Penalty: 3, BanHeight: -1, LastPaidHeight: &paid, RegisteredHeight: &registered, RevivedHeight: &revived, NeedToUpgrade: &upgrade})
	if !waits || s.WaitsSince() != 500 || s.Penalty != 3 || s.Banned() || !s.PayableKnown || s.Payable {
		t.Errorf("%+v, %v", s, waits)
	}
	if s, waits := fromExplorer(daemon.Hash{1}, explorer.Smartnode{BanHeight: 9, LastPaidHeight: &paid}); waits || !s.Banned() || s.PayableKnown {
		t.Errorf("%+v, %v: want a banned node, payability unknown, waits false", s, waits)
	}
}

// TestReload keeps the last valid config.
func TestReload(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	file := filepath.Join(t.TempDir(), "fleet.yml")
	put := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const one = "nodes: [{protx: 0000000000000000000000000000000000000000000000000000000000000001, name: a}]"
	if _, err := New(ctx, file, Sources{}); err == nil {
		t.Fatal("no error for a missing file")
	}
	put(one)
	f, err := New(ctx, file, Sources{Network: daemon.Main})
	if err != nil {
		t.Fatal(err)
	}
	if f.dialable("10.0.0.1:10226", daemon.Main) == nil {
		t.Error("a private address may be dialled")
	}
	if s := f.Snapshot(ctx, poll.NoWait); len(s.Nodes) != 1 || s.Incomplete || s.Network != daemon.Main {
		t.Errorf("%+v", s)
	}
	put("nodes: 7")
	if err := f.Reload(); err == nil || f.Reloaded().OK || f.Reloaded().Success.IsZero() {
		t.Errorf("%v, %+v", err, f.Reloaded())
	}
	if s := f.Snapshot(ctx, poll.NoWait); len(s.Nodes) != 1 {
		t.Error("a failed reload removed the nodes")
	}
	put(one[:len(one)-1] + ", {protx: 0000000000000000000000000000000000000000000000000000000000000002}]")
	if err := f.Reload(); err != nil || !f.Reloaded().OK {
		t.Error(err)
	}
	s := f.Snapshot(ctx, poll.NoWait)
	if _, ok := s.Find("A"); !ok || len(s.Nodes) != 2 {
		t.Errorf("%+v", s.Nodes)
	}
	if _, ok := s.Find("0000000000000000000000000000000000000000000000000000000000000002"); !ok {
		t.Error("no node by hash")
	}
	if _, ok := s.Find("b"); ok {
		t.Error("found a node that does not exist")
	}
}

// TestFactsOfAnOldView: the facts of an old View are unknown, but its age is known.
func TestFactsOfAnOldView(t *testing.T) {
	f := &Fleet{sources: Sources{Daemon: new(daemon.Client)}}
	list := &daemon.List{Height: 7, Asked: time.Now().Add(-time.Hour), Nodes: make([]daemon.Smartnode, 1)}
	s := &Snapshot{View: &View{List: list, At: time.Now().Add(-time.Hour)}}
	facts := f.Facts(t.Context(), s, &Node{Chain: &list.Nodes[0]}, poll.NoWait)
	if facts.At.IsZero() || time.Since(facts.At) < time.Hour || facts.ListHeight != 7 || facts.Registered != nil || facts.Smartnode != nil {
		t.Errorf("%+v", facts)
	}
}
