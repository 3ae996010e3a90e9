package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"raptoreum_exporter/internal/poll"
)

const (
	// maxPayments is the maximum number of blocks in one request: the ids of the transactions of a
	// full block (2 MB) make up to 2 MB.
	maxPayments = 5
	// paymentRetry is the time after which a request without an answer is repeated.
	paymentRetry = time.Minute
	// paymentRefusedRetry is the same after an RPC error: a pruned block does not come back soon.
	paymentRefusedRetry = time.Hour
	// maxUnpaidOutputs is the number of outputs of a coinbase that pays no smartnode: that of the
	// miner and that of the founder, which may have the value 0. A network with fewer than 10 registered
	// smartnodes pays none (GetSmartnodePayment, validation.cpp).
	maxUnpaidOutputs = 2
	duffs            = 1e8 // per RTM
)

// Reasons why the amount of a payment is unknown.
var (
	ErrNeverPaid        = errors.New("the smartnode was never paid")
	ErrPaymentNotRead   = errors.New("the block of the last payment has not been read yet")
	ErrPaymentElsewhere = errors.New("the block of the last payment pays other addresses; the payout address was probably changed since")
	errReorganized      = errors.New("the block of the last payment has left the active chain")
)

// payment is the last payment of a smartnode. The holder of the slot of the main lock reads it step
// by step; err, coins and retry are under Client.mu.
type payment struct {
	node     Smartnode // with the height of the payment
	hash     Answer[Hash]
	block    Answer[Block]
	coinbase Answer[Transaction]
	step     int // number of answers

	coins float64   // RTM
	err   error     // nil: coins is known
	retry time.Time // not before; zero: now
}

// paymentCache has the payments by smartnode, the one that was requested last first. It has two,
// because the smartnode list may be older than the answer about our smartnode. It is under Client.mu
// and kept for the life of the program.
type paymentCache map[Hash][]*payment

const maxKeptPayments = 2

// want returns the payment of a smartnode at its LastPaidHeight, which will be read if it is new.
func (c paymentCache) want(s *Smartnode) *payment {
	kept := c[s.ProTxHash]
	for i, p := range kept {
		if p.node.LastPaidHeight == s.LastPaidHeight {
			kept[0], kept[i] = kept[i], kept[0]
			return p
		}
	}
	p := &payment{node: *s, err: ErrPaymentNotRead}
	c[s.ProTxHash] = append([]*payment{p}, kept[:min(len(kept), maxKeptPayments-1)]...)
	return p
}

// due returns up to maxPayments payments to read. Those that were begun come first, so that all calls of
// a round trip are the same.
func (c paymentCache) due(now time.Time) (due []*payment) {
	for _, kept := range c {
		if p := kept[0]; p.err != nil && !errors.Is(p.err, ErrPaymentElsewhere) && !now.Before(p.retry) {
			due = append(due, p)
		}
	}
	slices.SortFunc(due, func(a, b *payment) int {
		return cmp.Or(cmp.Compare(b.step, a.step), cmp.Compare(b.node.LastPaidHeight, a.node.LastPaidHeight))
	})
	return due[:min(len(due), maxPayments)]
}

// LastPayment returns the amount of the last payment of a smartnode in RTM: what the coinbase of
// that block pays to its payout and operator payout addresses. It is 0 if that block pays no
// smartnode: LastPaidHeight advances then too. The block is read once, in the background after a
// scrape, so the first error is ErrPaymentNotRead; with poll.Wait it is read now, until ctx is done.
// It is not read while the chain is downloaded.
// The error is ErrNeverPaid, ErrPaymentElsewhere, or from the daemon otherwise.
func (c *Client) LastPayment(ctx context.Context, s Smartnode, mode poll.Mode) (coins float64, err error) {
	if s.LastPaidHeight <= 0 {
		return 0, ErrNeverPaid
	}
	c.mu.Lock()
	p := c.payments.want(&s)
	coins, err = p.coins, p.err
	main := c.kept.mainlock
	c.mu.Unlock()
	if mode != poll.Wait || !errors.Is(err, ErrPaymentNotRead) || !main.downloaded() || !c.main.take(ctx) {
		return coins, err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.readPayments()
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return p.coins, p.err
}

// refreshPayments reads the payments that are due in the background, and reports whether it does: the
// daemon answers in time, is not in its initial block download, and the slot of the main lock is free.
func (c *Client) refreshPayments(s *Session) bool {
	if main, ok := s.mainlock.result(); !ok || !main.downloaded() {
		return false
	}
	c.mu.Lock()
	due := len(c.payments.due(c.config.Now()))
	c.mu.Unlock()
	if due == 0 || !c.main.try() {
		return false
	}
	go c.readPayments()
	return true
}

// readPayments reads the payments that are due. The caller holds the slot of the main lock; it is free
// at the end. Three calls depend on each other, so a payment takes three round trips. Between them a
// scrape that waits for the slot gets it, and the rest is read after that scrape.
func (c *Client) readPayments() {
	for {
		c.mu.Lock()
		due := c.payments.due(c.config.Now())
		c.mu.Unlock()
		if len(due) == 0 {
			c.leave(c.main)
			return
		}
		calls := make([]call, len(due))
		for i, p := range due {
			calls[i] = p.next()
		}
		_, err := c.send(c.main, batchPayment, func(ctx context.Context) error { return c.exchange(ctx, calls) })
		c.mu.Lock()
		for _, p := range due {
			if err != nil {
				p.retry = c.config.Now().Add(paymentRetry)
			} else {
				p.advance(c.config.Now())
			}
		}
		c.mu.Unlock()
		if err != nil {
			c.leave(c.main)
			return
		}
		if !c.main.yield() {
			return // the scrape closes the connection
		}
	}
}

// next returns the next call.
func (p *payment) next() call {
	switch p.step {
	case 0:
		return ask(&p.hash, "getblockhash", p.node.LastPaidHeight) // Cost: main lock, one field.
	case 1:
		// Cost: holds the main lock while it reads one block from disk, checks its proof of work (one
		// GhostRider hash, mostly cached) and formats the ids of its transactions; ends
		// (rpc/blockchain.cpp, ReadBlockFromDisk in validation.cpp).
		return ask(&p.block, "getblock", p.hash.Value.String(), 1)
	default:
		// Cost: as getblock, for the same block, and one transaction to format. Because the block is given, it
		// needs neither the transaction index nor the memory pool (rpc/rawtransaction.cpp).
		return ask(&p.coinbase, "getrawtransaction", (*p.block.Value.Transactions)[0].String(), true, p.hash.Value.String())
	}
}

// advance evaluates the answer to the last call; the caller holds Client.mu.
func (p *payment) advance(now time.Time) {
	var err error
	switch p.step++; p.step {
	case 1:
		err = p.hash.Err
	case 2:
		if err = p.block.Err; err == nil && len(*p.block.Value.Transactions) == 0 {
			err = errors.New("getblock: the block has no transactions")
		}
	case 3:
		if err = p.coinbase.Err; err == nil && !*p.coinbase.Value.InActiveChain {
			err = errReorganized
		}
		if err == nil {
			p.coins, p.err = p.node.paidBy(*p.coinbase.Value.Outputs)
			p.block, p.coinbase = Answer[Block]{}, Answer[Transaction]{} // no longer needed
		}
	}
	if err == nil {
		return
	}
	p.err = fmt.Errorf("payment in block %d: %w", p.node.LastPaidHeight, err)
	p.step, p.retry = 0, now.Add(paymentRetry)
	if _, refused := errors.AsType[*RPCError](err); refused {
		p.retry = now.Add(paymentRefusedRetry)
	}
}

// paidBy returns what the outputs of a coinbase pay to the smartnode, in RTM. Without a match the
// amount is 0 only if there is no output that can be that of a smartnode.
func (s *Smartnode) paidBy(outputs []Output) (float64, error) {
	var payout, operator int64
	payees := 0
	for _, o := range outputs {
		if len(o.Script.Addresses) == 0 { // data
			continue
		}
		payees++
		if len(o.Script.Addresses) > 1 {
			continue
		}
		switch o.Script.Addresses[0] {
		case s.Payout:
			payout += *o.Value
		case s.OperatorPayout:
			operator += *o.Value
		}
	}
	switch {
	case payout > 0, operator > 0 && s.OperatorReward == 100:
		return float64(payout+operator) / duffs, nil
	case operator == 0 && payees <= maxUnpaidOutputs:
		return 0, nil
	}
	return 0, ErrPaymentElsewhere // only the share of the operator would not be the amount
}
