package fleet

import (
	"context"
	"errors"
	"time"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/explorer"
	"raptoreum_exporter/internal/poll"
)

// explorerTooOld is the age from which the answer of an explorer about a node is ignored. It is long
// because a fleet shares the few requests per minute that an explorer allows.
const explorerTooOld = 10 * time.Minute

// Facts are the state of one node on the chain; nil is unknown.
type Facts struct {
	Registered *bool
	Smartnode  *daemon.Smartnode // nil unless it is registered
	Waits      bool              // Smartnode has the heights that determine since when it waits for a payment
	Duplicate  *bool             // another smartnode has the same address

	Count    *int   // registered smartnodes of the network
	Height   *int64 // of the tip
	Spork21  *int64
	Position *int // in the payment queue
	Length   int  // of the payment queue, if Position is known
	Round    int  // blocks between two payments; 0: unknown

	LastPayment *float64 // RTM; only in the facts of a probe

	ListHeight int64     // height of the smartnode list that the facts are from; 0: they are from an explorer
	At         time.Time // when the list was requested, or the explorer answered; zero: neither
}

// Facts returns the known facts of a node. With poll.Wait, it waits for an explorer request that is due.
func (f *Fleet) Facts(ctx context.Context, s *Snapshot, n *Node, mode poll.Mode) Facts {
	if f.sources.Daemon == nil {
		return f.explorerFacts(ctx, n, mode)
	}
	v := s.View
	if v == nil {
		return Facts{}
	}
	facts := Facts{ListHeight: v.List.Height, At: v.List.Asked} // also when the list is not usable
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
		facts.Round = v.Round(n.Chain)
		if position, length, queued := v.Place(n.Chain); queued {
			facts.Position, facts.Length = &position, length
		}
	}
	return facts
}

// explorerFacts returns the facts that an explorer reports.
func (f *Fleet) explorerFacts(ctx context.Context, n *Node, mode poll.Mode) (facts Facts) {
	if f.sources.Explorers == nil {
		return facts
	}
	r, ok := f.explorerReading(ctx, n, mode)
	if !ok {
		return facts
	}
	registered := !errors.Is(r.Err, explorer.ErrUnknownSmartnode)
	if facts.At = r.At; !poll.Recent(r.At, time.Now(), explorerTooOld) {
		return facts
	}
	if facts.Registered = &registered; !registered {
		return facts
	}
	facts.Smartnode, facts.Waits = fromExplorer(n.ProTxHash, r.Value)
	if count, ok := f.sources.Explorers.Count(ctx, mode); ok && count.Err == nil && poll.Recent(count.At, time.Now(), explorerTooOld) {
		facts.Count = &count.Value
	}
	for _, height := range f.sources.Explorers.Heights(ctx, poll.NoWait) {
		if height.OK && height.Err == nil && height.Explorer == r.Value.Explorer && height.Fresh() {
			facts.Height = &height.Value
		}
	}
	return facts
}

// explorerReading requests a node from an explorer when that is due, and returns the last answer of any age.
func (f *Fleet) explorerReading(ctx context.Context, n *Node, mode poll.Mode) (poll.Reading[explorer.Smartnode], bool) {
	hash := n.ProTxHash.String()
	f.sources.Explorers.Smartnode(ctx, hash, mode)
	return f.sources.Explorers.LastAnswer(hash)
}

// fromExplorer converts the answer of an explorer. waits reports whether it has all heights that
// Smartnode.WaitsSince depends on.
func fromExplorer(hash daemon.Hash, reported explorer.Smartnode) (s *daemon.Smartnode, waits bool) {
	s = &daemon.Smartnode{
		ProTxHash: hash, Address: reported.Service, Payout: reported.Payout,
		Penalty: int(reported.Penalty), BanHeight: reported.BanHeight, RevivedHeight: -1,
	}
	if reported.NeedToUpgrade != nil {
		s.Payable, s.PayableKnown = !*reported.NeedToUpgrade, true
	}
	if reported.LastPaidHeight != nil {
		s.LastPaidHeight = *reported.LastPaidHeight
	}
	if reported.RegisteredHeight == nil || reported.RevivedHeight == nil || reported.LastPaidHeight == nil {
		return s, false
	}
	s.RegisteredHeight, s.RevivedHeight = *reported.RegisteredHeight, *reported.RevivedHeight
	return s, true
}

// Address returns the last known registered address ("ip:port") of a node: the last View outlives an
// outage of the daemon. Empty: unknown, or the registration was revoked.
func (f *Fleet) Address(ctx context.Context, n *Node) string {
	address := ""
	switch {
	case n.Chain != nil:
		address = n.Chain.Address
	case f.sources.Daemon == nil && f.sources.Explorers != nil:
		if r, ok := f.explorerReading(ctx, n, poll.NoWait); ok && r.Err == nil {
			address = r.Value.Service
		}
	}
	if daemon.Revoked(address) {
		return ""
	}
	return address
}
