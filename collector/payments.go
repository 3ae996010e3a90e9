package collector

import (
	"context"
	"errors"
	"time"

	"raptoreum_exporter/daemon"
)

type payments struct {
	last, waits, position, length, next *metric
	coins, perDay                       *metric
}

func newPayments(c *catalog) updater { return paymentMetrics(c) }

func paymentMetrics(c *catalog) *payments {
	return &payments{
		last:     c.late("smartnode_last_paid_height", "Block height of the last payment; absent if the smartnode was never paid (protx info lastPaidHeight)."),
		waits:    c.late("smartnode_payment_wait_blocks", "Number of blocks since the last payment, revival or registration of the smartnode (protx info, getblockcount)."),
		position: c.late("smartnode_payment_queue_position", "Number of smartnodes that are paid before this one: 0 = paid in the next block; absent if it is not in the queue, or was paid since the list was read (protx list, minus the blocks since then)."),
		length:   c.gauge("smartnode_payment_queue_length", "Number of smartnodes in the payment queue, which is the number of blocks between two payments (protx list, whose age is raptoreum_list_age_seconds)."),
		next:     c.late("smartnode_next_payment_seconds", "Expected time until the next payment in seconds; each block pays one smartnode (queue position)."),
		coins:    c.late("smartnode_last_payment_coins", "Amount of the last payment in RTM, operator's share included: 0 if the block paid no smartnode, absent until the block is read after that payment, and if it cannot be read or pays other addresses than the present ones (outputs of the coinbase: getblockhash, getblock, getrawtransaction)."),
		perDay:   c.gauge("smartnode_expected_coins_per_day", "Expected earnings of a smartnode in the payment queue in RTM per day; for one that is banned, what it would earn (last payment, queue length, block spacing)."),
	}
}

func (p *payments) update(ctx context.Context, in *scrape, out *samples) error {
	self, err := in.smartnode(ctx)
	if err != nil {
		return err
	}
	f, _ := in.facts(ctx) // the smartnode collector returns that error
	p.sendWait(out, &self, f.height)
	round, err := p.sendQueue(ctx, in, out, &self)
	coins, unknown := in.Daemon.LastPayment(ctx, self, in.mode) // after the list, because both need the main lock
	if !errors.Is(unknown, daemon.ErrNeverPaid) && !errors.Is(unknown, daemon.ErrPaymentNotRead) {
		in.journal.note("last payment", in.began, unknown)
	}
	if unknown == nil {
		p.sendCoins(out, coins, round, f.spacing)
	}
	return err
}

// sendQueue sends the position in the payment queue, and returns the number of blocks between two payments;
// 0: unknown.
func (p *payments) sendQueue(ctx context.Context, in *scrape, out *samples, self *daemon.Smartnode) (round int, err error) {
	main, err := in.mainlock(ctx)
	if err != nil {
		return 0, err
	}
	list, err := in.list(ctx)
	if err != nil || list == nil || main.Chain.Err != nil { // list may have used a newer answer than main
		return 0, err
	}
	network, ok := daemon.NetworkOf(*main.Chain.Value.Chain)
	if !ok || !daemon.PaysSmartnodes(network, len(list.Nodes)) {
		return 0, nil
	}
	since := *main.Chain.Value.Blocks - list.Height
	if position, length, queued := daemon.PaymentPosition(list.Nodes, *self, since); queued {
		p.sendPlace(out, position, length, network.BlockSpacing())
	}
	return daemon.RoundLength(list.Nodes, self.ProTxHash), nil
}

// sendWait sends how long the smartnode has waited for a payment; a nil height of the tip is unknown.
func (p *payments) sendWait(out *samples, self *daemon.Smartnode, height *int64) {
	if self.LastPaidHeight > 0 {
		send(out, p.last, self.LastPaidHeight)
	}
	if height != nil && !self.Banned() && (self.Payable || !self.PayableKnown) {
		send(out, p.waits, *height-self.WaitsSince())
	}
}

// sendPlace sends the position in the payment queue.
func (p *payments) sendPlace(out *samples, position, length int, spacing time.Duration) {
	send(out, p.position, position)
	send(out, p.length, length)
	send(out, p.next, daemon.NextPayment(position, spacing).Seconds())
}

// sendCoins sends the amount of the last payment. round is the number of blocks between two payments; 0:
// unknown, as a spacing of 0.
func (p *payments) sendCoins(out *samples, coins float64, round int, spacing time.Duration) {
	send(out, p.coins, coins)
	if round > 0 && spacing > 0 {
		send(out, p.perDay, daemon.CoinsPerDay(coins, round, spacing))
	}
}

// blockSpacing returns the time between two blocks of the network that the daemon is on.
func blockSpacing(main *daemon.Mainlock) (time.Duration, bool) {
	if main.Chain.Err != nil {
		return 0, false
	}
	network, ok := daemon.NetworkOf(*main.Chain.Value.Chain)
	return network.BlockSpacing(), ok
}
