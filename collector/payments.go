package collector

import (
	"context"
	"errors"
	"time"

	"raptoreum_exporter/daemon"
)

type payments struct {
	last, waits, position, length, next *metric
}

func newPayments(c *catalog) updater { return paymentMetrics(c) }

func paymentMetrics(c *catalog) *payments {
	return &payments{
		last:     c.gauge("smartnode_last_paid_height", "Block height of the last payment; absent when never paid (protx info lastPaidHeight)."),
		waits:    c.gauge("smartnode_payment_wait_blocks", "Blocks that the smartnode has waited for a payment: since the last one, its revival or its registration (protx info, getblockcount)."),
		position: c.gauge("smartnode_payment_queue_position", "Smartnodes that are paid before this one: 0 = paid in the next block; absent when it is not in the queue, or was paid since the list was read (protx list, less the blocks since)."),
		length:   c.gauge("smartnode_payment_queue_length", "Smartnodes in the payment queue, that is blocks between two payments (protx list, as old as raptoreum_list_age_seconds says)."),
		next:     c.gauge("smartnode_next_payment_seconds", "Expected seconds until the next payment: one smartnode is paid in each block (queue position)."),
	}
}

func (p *payments) update(ctx context.Context, in *scrape, out *samples) error {
	self, err := in.smartnode(ctx)
	if err != nil {
		return err
	}
	f, _ := in.facts(ctx) // what went wrong there is smartnode's to tell
	p.sendWait(out, &self, f.height)
	main, err := in.mainlock(ctx)
	if err != nil {
		return err
	}
	list, err := in.list(ctx)
	if err != nil || list == nil {
		return err
	}
	network, ok := daemon.NetworkOf(*main.Chain.Value.Chain)
	if !ok || !daemon.PaysSmartnodes(network, len(list.Nodes)) {
		return nil
	}
	since := *main.Chain.Value.Blocks - list.Height
	if position, length, queued := daemon.PaymentPosition(list.Nodes, self, since); queued {
		p.sendPlace(out, position, length, network.BlockSpacing())
	}
	return nil
}

// sendWait sends since when the smartnode waits; the height of the tip is nil when it is not known.
func (p *payments) sendWait(out *samples, self *daemon.Smartnode, height *int64) {
	if self.LastPaidHeight > 0 {
		send(out, p.last, self.LastPaidHeight)
	}
	if height != nil && !self.Banned() && (self.Payable || !self.PayableKnown) {
		send(out, p.waits, *height-self.WaitsSince())
	}
}

// sendPlace sends the place in the queue.
func (p *payments) sendPlace(out *samples, position, length int, spacing time.Duration) {
	send(out, p.position, position)
	send(out, p.length, length)
	send(out, p.next, daemon.NextPayment(position, spacing).Seconds())
}

// blockSpacing returns the time between two blocks of the network that the daemon is on.
func blockSpacing(main *daemon.Mainlock) (time.Duration, bool) {
	if main.Chain.Err != nil {
		return 0, false
	}
	network, ok := daemon.NetworkOf(*main.Chain.Value.Chain)
	return network.BlockSpacing(), ok
}

// list returns the smartnode list while it is that of the present tip or young enough, else nil.
func (in *scrape) list(ctx context.Context) (*daemon.List, error) {
	main, err := in.mainlock(ctx)
	if err != nil {
		return nil, err
	}
	list, err := in.session.List(ctx, in.mode)
	if list == nil || main.Chain.Err != nil {
		return nil, errors.Join(err, main.Chain.Err)
	}
	if !list.Current(*main.Chain.Value.BestBlockHash, *main.Chain.Value.Blocks, time.Now()) {
		list = nil
	}
	return list, err
}
