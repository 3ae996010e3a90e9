package daemon

import (
	"errors"
	"net/netip"
)

// identity is what is known about the smartnode that this daemon runs. `smartnode status` reports
// the proTxHash only while it is READY, so it is remembered, or else looked up in the list by
// service address or operator key.
type identity struct {
	given       bool    // by Config.ProTxHash: never replaced
	hash        *Hash   // nil: not known
	registered  string  // address in the ProTx
	address     string  // that the daemon, or else its conf, claims
	operatorKey string  // public
	network     Network // empty: not known
}

// Known is what is remembered about the node, so that it can be probed from outside while the
// daemon does not answer.
type Known struct {
	ProTxHash string  // empty: not known
	Address   string  // ip:port that peers connect to; empty: not known
	Network   Network // empty: not known
}

// Known returns what is remembered about the node, without a request.
func (c *Client) Known() Known {
	hash := c.proTxHash()
	c.mu.Lock()
	defer c.mu.Unlock()
	id := c.identity
	k := Known{Address: id.address, Network: id.network}
	if hash != nil {
		k.ProTxHash = hash.String()
	}
	if Usable(id.registered) {
		k.Address = id.registered
	}
	if !Usable(k.Address) {
		k.Address = ""
	}
	return k
}

// Revoked reports whether address is the one that a registration has after its operator key was changed or its
// operator revoked it (ResetOperatorFields, evo/dmnstate.h). raptoreumd prints it as [0:0:0:0:0:0:0:0]:0.
func Revoked(address string) bool {
	a, err := netip.ParseAddrPort(address)
	return err == nil && a.Addr().IsUnspecified() && a.Port() == 0
}

// Usable reports whether address is an ip:port that a peer can connect to.
func Usable(address string) bool {
	a, err := netip.ParseAddrPort(address)
	return err == nil && !a.Addr().IsUnspecified() && a.Port() != 0
}

// proTxHash returns the hash of the watched smartnode; nil: not known.
func (c *Client) proTxHash() *Hash {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := &c.identity
	if id.hash == nil {
		id.lookUp(c.list.nodes())
	}
	return id.hash
}

// lookUp finds the hash in the list: a service address and an operator key are unique there.
func (id *identity) lookUp(list []Smartnode) {
	byAddress := Usable(id.address)
	self := find(list, func(s *Smartnode) bool {
		return byAddress && s.Address == id.address || id.operatorKey != "" && s.OperatorKey == id.operatorKey
	})
	if self != nil {
		h := self.ProTxHash
		id.hash = &h
	}
}

// learn remembers what a reply says about the identity of the smartnode.
func (c *Client) learn(n *Node) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := &c.identity
	self, err := n.Self()
	if err == nil {
		id.registered = self.Address
		if !self.Revoked() {
			id.operatorKey = self.OperatorKey
		}
	}
	if n.Status.Err == nil {
		id.address = *n.Status.Value.Service
	}
	if id.given {
		return
	}
	switch {
	case errors.Is(n.Status.Err, ErrNotSmartnode): // no longer a smartnode
		id.hash, id.registered, id.operatorKey, n.ProTxHash = nil, "", "", nil
	case n.Status.Err == nil && n.Status.Value.ProTxHash != nil:
		h := *n.Status.Value.ProTxHash
		id.hash = &h
	case n.ProTxHash != nil && errors.Is(n.ProTx.Err, ErrNotRegistered): // perhaps registered again
		id.lookUp(c.list.nodes())
	case err == nil && n.Status.Err == nil && self.Address != id.address:
		// Its address has changed, or the daemon runs another smartnode now: the key is of no use.
		id.operatorKey = ""
		id.lookUp(c.list.nodes())
	}
}

// learnNetwork remembers the network that the daemon reports.
func (c *Client) learnNetwork(chain string) {
	if network, ok := NetworkOf(chain); ok {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.identity.network = network
	}
}
