package fleet

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"

	"raptoreum_exporter/daemon"
)

// Resolve returns the smartnodes of the fleet, sorted by name, with their entries in the list. For a
// nil list, which means unknown, it returns the smartnodes below nodes and import, without a Chain. It
// takes linear time in the sizes of the fleet and the list, besides sorting. The Nodes point into the list.
func (c *Config) Resolve(list []daemon.Smartnode) []Node {
	nodes, _ := c.resolve(list, nil)
	return nodes
}

// resolve is Resolve with the sets of former members, and returns those of the present ones.
func (c *Config) resolve(list []daemon.Smartnode, former map[daemon.Hash][]key) (nodes []Node, members map[daemon.Hash][]key) {
	nodes = make([]Node, 0, len(c.nodes))
	taken := make(map[daemon.Hash]bool, len(c.nodes))
	addresses := make(map[string]int, len(list))
	members = map[daemon.Hash][]key{}
	add := func(hash daemon.Hash, chain *daemon.Smartnode, in []key) {
		e, listed := c.nodes[hash]
		left := len(in) == 0 && former[hash] != nil
		if left {
			in = former[hash]
		}
		if sets := c.setsOf(in); listed || len(sets) > 0 {
			taken[hash] = true
			nodes = append(nodes, Node{
				Name: e.name, ProTxHash: hash, Labels: merge(sets, e.labels), Chain: chain, Left: left && len(sets) > 0,
			})
		}
	}
	for i := range list {
		s := &list[i]
		addresses[s.Address]++
		if in := c.keysOf(s); !taken[s.ProTxHash] {
			if len(in) > 0 {
				members[s.ProTxHash] = in
			}
			add(s.ProTxHash, s, in)
		}
	}
	for _, rest := range []iter.Seq[daemon.Hash]{maps.Keys(c.nodes), maps.Keys(former)} {
		for hash := range rest {
			if !taken[hash] {
				add(hash, nil, nil)
			}
		}
	}
	for i := range nodes {
		chain := nodes[i].Chain
		nodes[i].Duplicate = chain != nil && addresses[chain.Address] > 1 && daemon.Usable(chain.Address)
	}
	nameRest(nodes)
	slices.SortFunc(nodes, func(a, b Node) int { return cmp.Compare(a.Name, b.Name) })
	return nodes, members
}

// keysOf returns the keys of the sets that a smartnode is in.
func (c *Config) keysOf(s *daemon.Smartnode) []key {
	if len(c.sets) == 0 {
		return nil
	}
	var keys []key
	for _, k := range [...]key{
		{payoutAddress, s.Payout},
		{ownerAddress, s.Owner},
		{votingAddress, s.Voting},
		{operatorKey, strings.ToLower(s.OperatorKey)},
	} {
		if _, ok := c.sets[k]; ok {
			keys = append(keys, k)
		}
	}
	return keys
}

// setsOf returns the sets with these keys that are in the file, in the order of the file.
func (c *Config) setsOf(keys []key) []set {
	var sets []set
	for _, k := range keys {
		if found, ok := c.sets[k]; ok {
			sets = append(sets, found)
		}
	}
	slices.SortFunc(sets, func(a, b set) int { return cmp.Compare(a.order, b.order) })
	return sets
}

func merge(sets []set, own map[string]string) map[string]string {
	labels := map[string]string{}
	for _, s := range sets {
		maps.Copy(labels, s.labels)
	}
	maps.Copy(labels, own)
	return labels
}

// nameRest names the nodes without a name after their hash: its first 8 digits, or as many more as
// needed to differ from every given name and from every other such hash. A name thus does not depend
// on the order of the nodes, and a new node changes it only if the two would be equal.
func nameRest(nodes []Node) {
	given := map[string]bool{}
	var rest []*Node
	for i := range nodes {
		if nodes[i].Name == "" {
			rest = append(rest, &nodes[i])
		} else {
			given[strings.ToLower(nodes[i].Name)] = true
		}
	}
	// Hashes with the same prefix stay in rest together, so each round finds those that are unique.
	// The loop ends: hashes differ, and given names are shorter than a hash.
	for length := 8; len(rest) > 0; length += 4 {
		same := make(map[string]int, len(rest))
		for _, n := range rest {
			n.Name = n.ProTxHash.String()[:length]
			same[n.Name]++
		}
		rest = slices.DeleteFunc(rest, func(n *Node) bool { return same[n.Name] == 1 && !given[n.Name] })
	}
}
