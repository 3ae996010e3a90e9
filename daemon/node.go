package daemon

import (
	"context"
	"errors"

	"raptoreum_exporter/internal/poll"
)

// Node holds what may wait longer inside the daemon: while its smartnode is not READY, it connects
// to its own port at every block and holds locks during that (CActiveSmartnodeManager::Init).
type Node struct {
	Arrival
	Status    Answer[SmartnodeStatus] // ErrNotSmartnode: it is not running as one
	Peers     Answer[[]Peer]
	Tip       Answer[BlockHeader]
	Hashes    map[int64]*Answer[Hash] // of the own chain, by height
	ProTxHash *Hash                   // that ProTx and Members are about; nil: not known yet
	ProTx     Answer[ProTx]           // ErrNotRegistered: not in the list
	Members   Answer[[]Membership]    // ErrNotRegistered: not in the list
}

// Node makes the calls about the smartnode, the peers and the tip.
func (s *Session) Node(ctx context.Context) (*Node, error) {
	c := s.client
	return s.node.get(ctx, func() (*Node, error) {
		main, err := s.Mainlock(s.ctx)
		if err != nil {
			return nil, err
		}
		if !c.main.take(s.ctx) {
			return nil, s.whyMain()
		}
		// It goes on after the end of the Session: the answer is kept then.
		defer c.leave(c.main)
		return c.fetchNode(main, s.hashes)
	}, s.whyMain)
}

// fetchNode makes the calls and keeps the answer; the caller holds the slot of the main lock. hashes
// are heights whose block hashes to fetch.
func (c *Client) fetchNode(main *Mainlock, hashes []int64) (*Node, error) {
	r := &Node{ProTxHash: c.proTxHash(), Hashes: map[int64]*Answer[Hash]{}}
	calls := r.calls(main, hashes)
	took, err := c.send(c.main, batchNode, func(ctx context.Context) error { return c.exchange(ctx, calls) })
	if err != nil {
		return nil, err
	}
	r.Took, r.At = took, poll.Wall(c.config.Now())
	r.Status.Err = fact(r.Status.Err, codeInternal, "This is not a smartnode", ErrNotSmartnode)
	r.ProTx.Err = fact(r.ProTx.Err, codeParameter, "not found", ErrNotRegistered)
	r.Members.Err = fact(r.Members.Err, codeParameter, "not found", ErrNotRegistered)
	c.learn(r)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept.node = r
	return r, nil
}

func (n *Node) calls(main *Mainlock, hashes []int64) []call {
	calls := []call{
		// Cost: waits for the lock of the smartnode, held up to 5 s per block while it connects to
		// itself, and for that of the deterministic list; ends.
		ask(&n.Status, "smartnode", "status"),
		ask(&n.Peers, "getpeerinfo"), // main lock once per peer, brief; 125 peers make 170 kB
	}
	if main.Chain.Err == nil {
		// Cost: main lock, one lookup.
		calls = append(calls, ask(&n.Tip, "getblockheader", *main.Chain.Value.BestBlockHash))
	} else {
		n.Tip.Err = main.Chain.Err
	}
	if n.ProTxHash != nil {
		calls = append(calls,
			// Cost: waits until the transaction index has caught up, then the main lock briefly.
			ask(&n.ProTx, "protx", "info", n.ProTxHash.String()),
			// Cost: main lock for the tip; then reads the active quorums, cached, without it. It does
			// not compute relay connections as dkgstatus does, so it ends.
			ask(&n.Members, "quorum", "memberof", n.ProTxHash.String()))
	}
	for _, height := range hashes {
		if n.Hashes[height] == nil && main.Height.Err == nil && height <= main.Height.Value {
			n.Hashes[height] = new(Answer[Hash])
			calls = append(calls, ask(n.Hashes[height], "getblockhash", height)) // Cost: main lock, one field.
		}
	}
	return calls
}

// Self returns our smartnode in the chain view of this Session: from protx info, or else from
// smartnode status. The error is the reason why there is none.
func (n *Node) Self() (Smartnode, error) {
	switch {
	case n.ProTxHash != nil && n.ProTx.Err == nil:
		return n.ProTx.Value.smartnode(), nil
	case n.ProTxHash != nil:
		return Smartnode{}, n.ProTx.Err
	case n.Status.Err != nil:
		return Smartnode{}, n.Status.Err
	case n.Status.Value.ProTxHash != nil && n.Status.Value.DMNState != nil:
		p := ProTx{ProTxHash: n.Status.Value.ProTxHash, State: n.Status.Value.DMNState}
		return p.smartnode(), nil
	}
	return Smartnode{}, ErrUnknownProTx
}

func (p *ProTx) smartnode() Smartnode {
	s := Smartnode{
		ProTxHash:        *p.ProTxHash,
		Address:          *p.State.Service,
		RegisteredHeight: *p.State.RegisteredHeight,
		LastPaidHeight:   *p.State.LastPaidHeight,
		RevivedHeight:    *p.State.PoSeRevivedHeight,
		BanHeight:        *p.State.PoSeBanHeight,
		Penalty:          *p.State.PoSePenalty,
		Owner:            *p.State.OwnerAddress,
		Voting:           *p.State.VotingAddress,
		OperatorKey:      *p.State.PubKeyOperator,
	}
	if p.State.PayoutAddress != nil {
		s.Payout = *p.State.PayoutAddress
	}
	if p.State.OperatorPayout != nil {
		s.OperatorPayout = *p.State.OperatorPayout
	}
	if p.OperatorReward != nil {
		s.OperatorReward = *p.OperatorReward
	}
	if p.NeedToUpgrade != nil {
		s.Payable, s.PayableKnown = !*p.NeedToUpgrade, true
	}
	return s
}

// ErrUnknownProTx means that the proTxHash of the node is not known (yet).
var ErrUnknownProTx = errors.New("the proTxHash is not known: raptoreumd does not report it in this state, and the address is not in the smartnode list")
