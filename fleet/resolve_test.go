package fleet

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"raptoreum_exporter/daemon"
)

func wantNodes(t *testing.T, got []Node, want ...Node) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func hash(t testing.TB, digits string) daemon.Hash {
	t.Helper()
	h, err := daemon.ParseHash(digits)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestResolveOrder has nodes and sets that overlap, and a list of ten smartnodes.
func TestResolveOrder(t *testing.T) {
	const missing = "00000000000000000000000000000000000000000000000000000000000000ff"
	config := parse(t, `
nodes:
  - {protx: `+hashB+`, name: Paris, labels: {provider: hetzner, owner: b}}
  - {protx: `+missing+`, labels: {rack: 1}}
sets:
  - {owner_address: `+ownerB+`, labels: {owner: me, tier: one}}
  - {operator_key: `+strings.ToUpper(keyC)+`, labels: {owner: me}}
  - {voting_address: `+votingB+`, labels: {tier: two, more: x}}
  - {payout_address: `+payoutA+`}
  - {payout_address: `+address(60)+`, labels: {owner: nobody}}
`, nil)
	list := captured(t, "paid-10-smartnodes")
	if len(list) != 10 {
		t.Fatalf("%d smartnodes", len(list))
	}
	a, b, c := &list[0], &list[1], &list[2]
	none := map[string]string{}
	wantNodes(t, config.Resolve(list),
		Node{Name: "00000000", ProTxHash: hash(t, missing), Labels: map[string]string{"rack": "1"}},
		Node{Name: "25f4a326", ProTxHash: hash(t, hashC), Labels: map[string]string{"owner": "me"}, Chain: c},
		Node{Name: "Paris", ProTxHash: hash(t, hashB), Labels: map[string]string{"provider": "hetzner", "owner": "b", "tier": "two", "more": "x"}, Chain: b},
		Node{Name: "a6b2bee0", ProTxHash: hash(t, hashA), Labels: none, Chain: a},
	)
	for _, list := range [][]daemon.Smartnode{nil, {}, list[3:]} {
		wantNodes(t, config.Resolve(list),
			Node{Name: "00000000", ProTxHash: hash(t, missing), Labels: map[string]string{"rack": "1"}},
			Node{Name: "Paris", ProTxHash: hash(t, hashB), Labels: map[string]string{"provider": "hetzner", "owner": "b"}},
		)
	}
}

func TestResolveSharesNothing(t *testing.T) {
	config := parse(t, "nodes: [{protx: "+hashA+", labels: {a: b}}]\nsets: [{owner_address: "+ownerB+", labels: {c: d}}]", nil)
	list := captured(t, "paid-10-smartnodes")
	for _, n := range config.Resolve(list) {
		clear(n.Labels)
		n.Labels["x"] = "y"
	}
	wantNodes(t, config.Resolve(list),
		Node{Name: "a6b2bee0", ProTxHash: hash(t, hashA), Labels: map[string]string{"a": "b"}, Chain: &list[0]},
		Node{Name: "d5309c7c", ProTxHash: hash(t, hashB), Labels: map[string]string{"c": "d"}, Chain: &list[1]},
	)
}

func TestDuplicate(t *testing.T) {
	for _, c := range []struct {
		name, a, b string
		want       bool
	}{
		{"different ports", "192.0.2.1:10226", "192.0.2.1:10227", false},
		{"same", "192.0.2.1:10226", "192.0.2.1:10226", true},
		{"both revoked", "[::]:0", "[::]:0", false},
		{"both empty", "", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := parse(t, "nodes: [{protx: "+hashA+"}]", nil)
			got := config.Resolve([]daemon.Smartnode{{ProTxHash: hash(t, hashA), Address: c.a}, {ProTxHash: hash(t, hashB), Address: c.b}})
			if len(got) != 1 || got[0].Duplicate != c.want {
				t.Errorf("got %+v, want %v", got, c.want)
			}
		})
	}
}

func TestNames(t *testing.T) {
	const zeros = "0000000000000000000000000000000000000000000000000000000000000000"
	full := func(prefix string) string { return prefix + zeros[len(prefix):] }
	type nodes map[string]string // hash: given name
	for _, c := range []struct {
		name  string
		nodes nodes
		want  []string
	}{
		{"eight digits", nodes{full("aaaaaaaa1"): "", full("bbbbbbbb1"): ""}, []string{"aaaaaaaa", "bbbbbbbb"}},
		{
			"the same eight, only these are longer",
			nodes{full("aaaaaaaa1"): "", full("aaaaaaaa2"): "", full("bbbbbbbb1"): ""},
			[]string{"aaaaaaaa1000", "aaaaaaaa2000", "bbbbbbbb"},
		},
		{
			"the same twelve",
			nodes{full("aaaaaaaa11111"): "", full("aaaaaaaa11112"): "", full("aaaaaaaa2"): ""},
			[]string{"aaaaaaaa11111000", "aaaaaaaa11112000", "aaaaaaaa2000"},
		},
		{"all but the last digit", nodes{full(""): "", zeros[1:] + "1": ""}, []string{full(""), zeros[1:] + "1"}},
		{"named ones take no digits", nodes{full("aaaaaaaa1"): "x", full("aaaaaaaa2"): ""}, []string{"aaaaaaaa", "x"}},
		{"a given name is kept", nodes{full("aaaaaaaa1"): "", full("bbbbbbbb1"): "AAAAAAAA"}, []string{"AAAAAAAA", "aaaaaaaa1000"}},
		{
			"given names all the way",
			nodes{full("aaaaaaaa1"): "", full("b"): "aaaaaaaa", full("c"): "aaaaaaaa1000", full("d"): full("aaaaaaaa1")[:60]},
			[]string{"aaaaaaaa", "aaaaaaaa1000", "aaaaaaaa10000000", full("aaaaaaaa1")[:60]},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			content := "nodes:\n"
			for hash, name := range c.nodes {
				content += "  - protx: \"" + hash + "\"\n"
				if name != "" {
					content += "    name: " + name + "\n"
				}
			}
			if diff := cmp.Diff(c.want, names(parse(t, content, nil).Resolve(nil))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestNameOfSets: the names of smartnodes in sets and of listed nodes are unique together.
func TestNameOfSets(t *testing.T) {
	twin := hashA[:8] + hashB[8:]
	config := parse(t, "nodes: [{protx: "+hashA+"}]\nsets: [{payout_address: "+payoutA+"}]", nil)
	list := []daemon.Smartnode{{ProTxHash: hash(t, twin), Payout: payoutA}, {ProTxHash: hash(t, hashB)}}
	if diff := cmp.Diff([]string{hashA[:12], twin[:12]}, names(config.Resolve(list))); diff != "" {
		t.Error(diff)
	}
}

// largeFleet has count nodes, half of them named, in a list of 50,000 with a set of 100 more.
func largeFleet(t testing.TB, count int) (*Config, []daemon.Smartnode) {
	t.Helper()
	random := rand.NewChaCha8([32]byte{})
	list := make([]daemon.Smartnode, 50_000)
	config := parse(t, "sets: [{payout_address: "+payoutA+", labels: {owner: me}}]", nil)
	for i := range list {
		s := &list[i]
		_, _ = random.Read(s.ProTxHash[:])
		s.Address = fmt.Sprintf("10.%d.%d.%d:10226", i>>16, i>>8&255, i&255)
		s.Owner, s.Voting, s.Payout = fmt.Sprintf("owner %d", i), fmt.Sprintf("voting %d", i), fmt.Sprintf("payout %d", i)
		s.OperatorKey = fmt.Sprintf("%096x", binary.LittleEndian.Uint64(s.ProTxHash[:]))
		switch {
		case i >= len(list)-100:
			s.Payout = payoutA
		case i < count && i%2 == 0:
			config.nodes[s.ProTxHash] = entry{name: fmt.Sprintf("node-%d", i), labels: map[string]string{"provider": "hetzner", "region": "eu"}}
		case i < count:
			config.nodes[s.ProTxHash] = entry{}
		}
	}
	return config, list
}

func TestResolveLarge(t *testing.T) {
	config, list := largeFleet(t, 20_000)
	nodes := config.Resolve(list)
	sorted := slices.IsSortedFunc(nodes, func(a, b Node) int { return strings.Compare(a.Name, b.Name) })
	unique := map[string]bool{}
	for _, n := range nodes {
		unique[n.Name] = true
		if n.Chain == nil || n.Chain.ProTxHash != n.ProTxHash || n.Duplicate {
			t.Fatalf("%+v", n)
		}
	}
	if len(nodes) != 20_100 || len(unique) != len(nodes) || !sorted {
		t.Errorf("%d nodes, %d names, sorted: %v", len(nodes), len(unique), sorted)
	}
}

func BenchmarkResolve(b *testing.B) {
	for _, count := range []int{100, 2_000, 20_000} {
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			config, list := largeFleet(b, count)
			b.ReportAllocs()
			for b.Loop() {
				config.Resolve(list)
			}
		})
	}
}

// TestRound: a banned smartnode counts as if it were in the queue, so that its expected earnings say what the
// ban costs.
func TestRound(t *testing.T) {
	queued, banned := hash(t, strings.Repeat("1", 64)), hash(t, strings.Repeat("2", 64))
	v := View{queue: map[daemon.Hash]int{queued: 0, hash(t, strings.Repeat("3", 64)): 1}}
	if got := v.Round(&daemon.Smartnode{ProTxHash: queued}); got != 2 {
		t.Errorf("%d blocks between two payments, want 2", got)
	}
	if got := v.Round(&daemon.Smartnode{ProTxHash: banned}); got != 3 {
		t.Errorf("%d for a banned smartnode, want 3", got)
	}
	if got := new(View).Round(&daemon.Smartnode{ProTxHash: queued}); got != 0 {
		t.Errorf("%d on a network that pays none, want 0", got)
	}
}
