package daemon

import (
	"context"
	"errors"
	"time"
)

// Node holds what may wait longer inside the daemon: while its smartnode is not READY, it connects
// to its own port at every block and holds locks during that (CActiveSmartnodeManager::Init).
type Node struct {
	Took      time.Duration
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
		r := &Node{ProTxHash: c.proTxHash(), Hashes: map[int64]*Answer[Hash]{}}
		calls := []call{
			// Cost: waits for the lock of the smartnode, held up to 5 s per block while it connects
			// to itself, and for that of the deterministic list; ends.
			ask(&r.Status, "smartnode", "status"),
			ask(&r.Peers, "getpeerinfo"), // main lock once per peer, brief; 125 peers make 170 kB
		}
		if main.Chain.Err == nil {
			// Cost: main lock, one lookup.
			calls = append(calls, ask(&r.Tip, "getblockheader", *main.Chain.Value.BestBlockHash))
		} else {
			r.Tip.Err = main.Chain.Err
		}
		if r.ProTxHash != nil {
			calls = append(calls,
				// Cost: waits until the transaction index has caught up, then the main lock briefly.
				ask(&r.ProTx, "protx", "info", r.ProTxHash.String()),
				// Cost: main lock for the tip; then reads the active quorums, cached, without it. It does
				// not compute relay connections as dkgstatus does, so it ends.
				ask(&r.Members, "quorum", "memberof", r.ProTxHash.String()))
		}
		for _, height := range s.hashes {
			if r.Hashes[height] == nil && main.Height.Err == nil && height <= main.Height.Value {
				r.Hashes[height] = new(Answer[Hash])
				calls = append(calls, ask(r.Hashes[height], "getblockhash", height)) // Cost: main lock, one field.
			}
		}
		r.Took, err = c.batch(s.ctx, c.main, batchNode, calls)
		if err != nil {
			return nil, err
		}
		r.Status.Err = fact(r.Status.Err, codeInternal, "This is not a smartnode", ErrNotSmartnode)
		r.ProTx.Err = fact(r.ProTx.Err, codeParameter, "not found", ErrNotRegistered)
		r.Members.Err = fact(r.Members.Err, codeParameter, "not found", ErrNotRegistered)
		c.learn(r)
		return r, nil
	}, s.whyMain)
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
	if p.NeedToUpgrade != nil {
		s.Payable, s.PayableKnown = !*p.NeedToUpgrade, true
	}
	return s
}

// ErrUnknownProTx means that the proTxHash of the node is not known (yet).
var ErrUnknownProTx = errors.New("the proTxHash is not known: raptoreumd does not report it in this state, and the address is not in the smartnode list")
