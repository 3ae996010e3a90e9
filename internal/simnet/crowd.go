package simnet

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"
)

// Member is one of the made smartnodes of the list that has a port of its own.
type Member struct {
	Address   string        // where it listens unless its port is closed, of 127.0.0.0/8; and its service in the list
	Service   string        // in the list, if it differs, such as a private address that must not be dialled
	Port      PortMode      // "" is PortOK
	Delay     time.Duration // before each answer of its port
	Penalty   int
	Banned    bool
	Unpayable bool
	Payout    string // "" is one of its own
}

// crowd is replaced as a whole.
type crowd struct {
	members []Member
	ports   map[string]*endpoint // by address
	dials   *dials
}

// dials counts connections by the address that took them.
type dials struct {
	mu sync.Mutex
	to map[string]int
}

// Dials returns how often a member's address was connected to.
func (n *Network) Dials(address string) int {
	c := n.crowd.Load()
	if c == nil {
		return 0
	}
	c.dials.mu.Lock()
	defer c.dials.mu.Unlock()
	return c.dials.to[address]
}

// MadeProTxHash returns the hash of the k-th member of a crowd.
func (n *Network) MadeProTxHash(k int) string {
	return madeHash("smartnode", n.config.Scenario.base.ListSize+k)
}

// SetCrowd makes the members follow the captured smartnodes in the list, and opens and closes their
// ports. Those of unchanged members are left alone.
func (n *Network) SetCrowd(members []Member) error {
	n.setting.Lock()
	old := n.crowd.Load()
	next := &crowd{slices.Clone(members), map[string]*endpoint{}, &dials{to: map[string]int{}}}
	if old != nil {
		next.dials = old.dials
	}
	var failed error
	for k, m := range next.members {
		if m.Port == PortClosed || m.Address == "" {
			continue
		}
		if old != nil && old.ports[m.Address] != nil && k < len(old.members) && old.members[k] == m {
			next.ports[m.Address] = old.ports[m.Address]
			delete(old.ports, m.Address)
			continue
		}
		e := &endpoint{address: m.Address, serve: serveTCP(n.serveMember(m, n.MadeProTxHash(k), next.dials))}
		next.ports[m.Address] = e
	}
	if old != nil {
		for _, e := range old.ports {
			e.close()
		}
	}
	for _, e := range next.ports {
		if err := e.open(); err != nil && failed == nil {
			failed = fmt.Errorf("simnet: %w", err)
		}
	}
	n.crowd.Store(next)
	n.setting.Unlock()
	n.Set(func(s *State) { s.ListSize = n.config.Scenario.base.ListSize + len(members) })
	return failed
}

func (n *Network) serveMember(m Member, proTxHash string, d *dials) func(context.Context, net.Conn) {
	return func(life context.Context, c net.Conn) {
		d.mu.Lock()
		d.to[m.Address]++
		d.mu.Unlock()
		if !sleep(life, m.Delay) {
			return
		}
		s := n.State()
		if s.Port = m.Port; m.Port == "" {
			s.Port = PortOK
		}
		s.Smartnode = SmartnodeReady
		if m.Banned {
			s.Smartnode = SmartnodePoSeBanned
		}
		n.serveAs(life, c, s, proTxHash)
	}
}

func (c *crowd) close() {
	if c == nil {
		return
	}
	for _, e := range c.ports {
		e.close()
	}
}

// member returns the k-th, if there is one.
func (c *crowd) member(k int) *Member {
	if c == nil || k >= len(c.members) {
		return nil
	}
	return &c.members[k]
}
