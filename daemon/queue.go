package daemon

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"time"
)

// Smartnode is one entry of the smartnode list.
type Smartnode struct {
	ProTxHash        Hash
	Address          string // ip:port of the ProTx
	RegisteredHeight int64
	LastPaidHeight   int64 // 0 = never
	RevivedHeight    int64 // -1 = never
	BanHeight        int64 // -1 = not banned
	Penalty          int
	Payable          bool // its collateral amount is eligible for payments
	PayableKnown     bool // false: the collateral is spent, or was not requested
	Owner            string
	Voting           string
	Payout           string  // address; empty: none
	OperatorPayout   string  // address; empty: none
	OperatorReward   float64 // percent of each payment that goes to OperatorPayout, if there is one
	OperatorKey      string  // public
}

// Banned reports whether the smartnode is PoSe banned. The penalty does not show it: there are bans
// below the maximum.
func (s *Smartnode) Banned() bool { return s.BanHeight != -1 }

// Revoked reports whether it has no operator key any more: then that is all zeros. An explorer does not report the
// key, which is then empty.
func (s *Smartnode) Revoked() bool { return strings.Trim(s.OperatorKey, "0") == "" }

// queued reports whether the smartnode is in the payment queue (CDeterministicMNList::IsMNValid).
func (s *Smartnode) queued() bool { return !s.Banned() && s.PayableKnown && s.Payable }

// WaitsSince returns the height from which the smartnode waits for a payment: that of its last
// payment, of its revival or of its registration (CompareByLastPaid_GetHeight).
func (s *Smartnode) WaitsSince() int64 {
	switch {
	case s.RevivedHeight != -1 && s.RevivedHeight > s.LastPaidHeight:
		return s.RevivedHeight
	case s.LastPaidHeight == 0:
		return s.RegisteredHeight
	}
	return s.LastPaidHeight
}

// ComparePayment orders smartnodes by the order of payment: the lowest key, then the lower
// proTxHash in internal byte order (CompareByLastPaid).
func ComparePayment(a, b *Smartnode) int {
	return cmp.Or(cmp.Compare(a.WaitsSince(), b.WaitsSince()), bytes.Compare(a.ProTxHash[:], b.ProTxHash[:]))
}

// PaymentPosition returns how many smartnodes are paid before this one (0 = paid in the next
// block) and how many are in the queue. The list may be a few blocks older than self: each of
// these blocks has paid one smartnode. False: it is not in the queue, or was paid since.
func PaymentPosition(list []Smartnode, self Smartnode, blocksSince int64) (position, length int, queued bool) {
	var listed *Smartnode
	for i := range list {
		if !list[i].queued() {
			continue
		}
		length++
		if list[i].ProTxHash == self.ProTxHash {
			listed = &list[i]
		} else if ComparePayment(&list[i], &self) < 0 {
			position++
		}
	}
	position -= int(blocksSince)
	queued = !self.Banned() && listed != nil && listed.LastPaidHeight == self.LastPaidHeight && position >= 0
	return position, length, queued
}

// RoundLength returns the number of blocks between two payments of a smartnode: the length of the queue
// with it, whether it is in the queue now or not.
func RoundLength(list []Smartnode, self Hash) int {
	length := 1
	for i := range list {
		if list[i].queued() && list[i].ProTxHash != self {
			length++
		}
	}
	return length
}

// PaysSmartnodes reports whether blocks pay smartnodes at all: on the main network only with more
// than 10 registered (CDeterministicMNList::GetMNPayee).
func PaysSmartnodes(network Network, registered int) bool {
	return network != Main || registered > 10
}

// PaymentPlaces returns the positions of all smartnodes in the payment queue. It sorts once.
func PaymentPlaces(list []Smartnode) map[Hash]int {
	var queue []*Smartnode
	for i := range list {
		if list[i].queued() {
			queue = append(queue, &list[i])
		}
	}
	slices.SortFunc(queue, ComparePayment)
	places := make(map[Hash]int, len(queue))
	for i, s := range queue {
		places[s.ProTxHash] = i
	}
	return places
}

// CoinsPerDay returns the expected coins per day of a smartnode that gets coins in each round of the
// queue, in RTM. round is the length of the queue in blocks, at least 1.
func CoinsPerDay(coins float64, round int, spacing time.Duration) float64 {
	const day = 24 * time.Hour
	return coins * day.Seconds() / (float64(round) * spacing.Seconds())
}

// NextPayment returns the mean time until the smartnode at a position of the queue is paid: each
// block pays one smartnode.
func NextPayment(position int, spacing time.Duration) time.Duration {
	return time.Duration(position+1) * spacing
}

func find(list []Smartnode, match func(*Smartnode) bool) *Smartnode {
	for i := range list {
		if match(&list[i]) {
			return &list[i]
		}
	}
	return nil
}
