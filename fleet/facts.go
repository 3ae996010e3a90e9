package fleet

import (
	"context"
	"errors"
	"time"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/explorer"
	"raptoreum_exporter/internal/poll"
)

// explorerTooOld is when what an explorer said of a node is no longer believed: a fleet has to share
// the few questions that an explorer answers in a minute.
const explorerTooOld = 10 * time.Minute

// Facts are what the chain says of one node; nil is unknown.
type Facts struct {
	Registered *bool
	Smartnode  *daemon.Smartnode // nil unless it is registered
	Waits      bool              // Smartnode says since when it waits for its payment
	Duplicate  *bool             // another smartnode has the same address

	Count    *int   // registered smartnodes of the network
	Height   *int64 // of the tip
	Spork21  *int64
	Position *int // in the payment queue
	Length   int  // of it, with Position

	ListHeight int64          // of the smartnode list that all this is from; 0: it is from an explorer
	Age        *time.Duration // of the list, or of the explorer's answer
}

// Facts returns what is known of a node now. With poll.Wait it waits for an explorer that is due.
func (f *Fleet) Facts(ctx context.Context, s *Snapshot, n *Node, mode poll.Mode) Facts {
	if f.sources.Daemon == nil {
		return f.explorerFacts(ctx, n, mode)
	}
	v := s.View
	if v == nil {
		return Facts{}
	}
	age := time.Since(v.List.Asked)
	facts := Facts{ListHeight: v.List.Height, Age: &age} // also when it is too old to believe
	if !v.Current(time.Now()) {
		return facts
	}
	registered, count := n.Chain != nil, len(v.List.Nodes)
	facts.Registered, facts.Smartnode, facts.Waits = &registered, n.Chain, true
	facts.Count, facts.Height = &count, &v.Height
	if spork, ok := v.Sporks["SPORK_21_LOW_LLMQ_PARAMS"]; ok {
		facts.Spork21 = &spork
	}
	if n.Chain != nil {
		facts.Duplicate = &n.Duplicate
		if position, length, queued := v.Place(n.Chain); queued {
			facts.Position, facts.Length = &position, length
		}
	}
	return facts
}

// explorerFacts are those that an explorer tells.
func (f *Fleet) explorerFacts(ctx context.Context, n *Node, mode poll.Mode) (facts Facts) {
	if f.sources.Explorers == nil {
		return facts
	}
	r, ok := f.told(ctx, n, mode)
	if !ok {
		return facts
	}
	age, registered := time.Since(r.At), !errors.Is(r.Err, explorer.ErrUnknownSmartnode)
	if facts.Age = &age; age > explorerTooOld {
		return facts
	}
	if facts.Registered = &registered; !registered {
		return facts
	}
	facts.Smartnode, facts.Waits = fromExplorer(n.ProTxHash, r.Value)
	if count, ok := f.sources.Explorers.Count(ctx, mode); ok && count.Err == nil && time.Since(count.At) < explorerTooOld {
		facts.Count = &count.Value
	}
	for _, height := range f.sources.Explorers.Heights(ctx, poll.NoWait) {
		if height.OK && height.Err == nil && height.Explorer == r.Value.Explorer && time.Since(height.At) < viewTooOld {
			facts.Height = &height.Value
		}
	}
	return facts
}

// told has an explorer asked about a node when that is due, and returns the last answer, however old.
func (f *Fleet) told(ctx context.Context, n *Node, mode poll.Mode) (poll.Reading[explorer.Smartnode], bool) {
	hash := n.ProTxHash.String()
	f.sources.Explorers.Smartnode(ctx, hash, mode)
	return f.sources.Explorers.LastAnswer(hash)
}

// fromExplorer fills in what the explorer told; waits says whether that includes what a payment
// depends on.
func fromExplorer(hash daemon.Hash, told explorer.Smartnode) (s *daemon.Smartnode, waits bool) {
	s = &daemon.Smartnode{
		ProTxHash: hash, Address: told.Service, Payout: told.Payout,
		Penalty: int(told.Penalty), BanHeight: told.BanHeight, RevivedHeight: -1,
	}
	if told.NeedToUpgrade != nil {
		s.Payable, s.PayableKnown = !*told.NeedToUpgrade, true
	}
	if told.LastPaidHeight != nil {
		s.LastPaidHeight = *told.LastPaidHeight
	}
	if told.RegisteredHeight == nil || told.RevivedHeight == nil || told.LastPaidHeight == nil {
		return s, false
	}
	s.RegisteredHeight, s.RevivedHeight = *told.RegisteredHeight, *told.RevivedHeight
	return s, true
}

// Address returns the registered address of a node, as far as it was ever known: the last good view
// outlives an outage of the daemon. Empty: not known, or revoked.
func (f *Fleet) Address(ctx context.Context, n *Node) string {
	address := ""
	switch {
	case n.Chain != nil:
		address = n.Chain.Address
	case f.sources.Daemon == nil && f.sources.Explorers != nil:
		if r, ok := f.told(ctx, n, poll.NoWait); ok && r.Err == nil {
			address = r.Value.Service
		}
	}
	if address == "[::]:0" || address == "0.0.0.0:0" { // ResetOperatorFields (evo/dmnstate.h)
		return ""
	}
	return address
}
