package fleet

import (
	"testing"
	"time"

	"raptoreum_exporter/daemon"
)

// TestLeftSet: a smartnode stays in the fleet when it leaves its set, which is when it is in trouble.
func TestLeftSet(t *testing.T) {
	const file = "sets: [{payout_address: " + payoutA + ", labels: {owner: me}}, {operator_key: " + keyC + ", labels: {owner: c}}]"
	a, c := hash(t, hashA), hash(t, hashC)
	list := captured(t, "paid-10-smartnodes")
	without := func(h daemon.Hash) (rest []daemon.Smartnode) {
		for _, s := range list {
			if s.ProTxHash != h {
				rest = append(rest, s)
			}
		}
		return rest
	}
	changed := append([]daemon.Smartnode(nil), list...)
	for i := range changed {
		if changed[i].ProTxHash == c {
			changed[i].OperatorKey, changed[i].Address, changed[i].BanHeight = "00", "[0:0:0:0:0:0:0:0]:0", 700
		}
	}
	see := func(f *Fleet, list []daemon.Smartnode) *Snapshot {
		f.view = &View{List: &daemon.List{Nodes: list}}
		return f.snapshot()
	}
	for name, test := range map[string]struct {
		list  []daemon.Smartnode
		hash  daemon.Hash
		owner string
		chain bool
	}{
		"collateral spent":             {without(a), a, "me", false},
		"operator key changed, banned": {changed, c, "c", true},
	} {
		t.Run(name, func(t *testing.T) {
			f := &Fleet{config: parse(t, file, nil)}
			before := *see(f, list).byHash[test.hash]
			if before.Left || before.Chain == nil {
				t.Errorf("before: %+v", before)
			}
			n, ok := see(f, test.list).byHash[test.hash]
			if !ok || !n.Left || n.Name != before.Name || n.Labels["owner"] != test.owner || (n.Chain != nil) != test.chain {
				t.Fatalf("%+v, %t", n, ok)
			}
			if n, ok := see(f, list).byHash[test.hash]; !ok || n.Left {
				t.Errorf("back in the set: %+v, %t", n, ok)
			}
			see(f, test.list)
			f.members[test.hash].left = time.Now().Add(time.Minute - keepLeft)
			if s := see(f, without(test.hash)); s.byHash[test.hash] == nil {
				t.Error("gone before the time")
			}
			f.members[test.hash].left = time.Now().Add(-keepLeft)
			if n := see(f, test.list).byHash[test.hash]; n != nil {
				t.Errorf("after 7 days: %+v", n)
			}
		})
	}
	t.Run("set removed from the file", func(t *testing.T) {
		f := &Fleet{config: parse(t, file, nil)}
		see(f, list)
		f.config = parse(t, "sets: [{operator_key: "+keyC+"}]", nil)
		if n := see(f, without(a)).byHash[a]; n != nil {
			t.Errorf("%+v", n)
		}
	})
	t.Run("list of a daemon that is behind since the start", func(t *testing.T) {
		f := &Fleet{config: parse(t, file, nil)}
		f.view = &View{List: &daemon.List{Nodes: list}, early: true}
		if f.snapshot().byHash[a] == nil {
			t.Error("not in the fleet")
		}
		if n := see(f, without(a)).byHash[a]; n != nil {
			t.Errorf("it left before the start: %+v", n)
		}
	})
}
