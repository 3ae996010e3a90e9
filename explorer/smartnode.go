package explorer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"raptoreum_exporter/internal/poll"
)

// Smartnode is a smartnode as an explorer reports it (api/protx, command info).
type Smartnode struct {
	Explorer       string // its host name, as in HeightReading
	Penalty        int64  // state.PoSePenalty, in points
	BanHeight      int64  // state.PoSeBanHeight; -1 when not banned
	Service        string // state.service, address:port, clipped; empty when not reported
	LastPaidHeight *int64 // state.lastPaidHeight; 0 when never paid, nil when not reported

	RegisteredHeight *int64 // state.registeredHeight; nil when not reported
	RevivedHeight    *int64 // state.PoSeRevivedHeight; -1 when never banned, nil when not reported
	Payout           string // state.payoutAddress, clipped; empty when not reported
	NeedToUpgrade    *bool  // the collateral amount is no longer eligible for payments; nil when not reported
}

// Smartnode returns the last reading of a smartnode, and false before the first or without explorers.
//
// It comes from the first explorer near the tip that has a usable answer. The tip is the highest block that agrees with
// that of another explorer, with our own daemon or with the last such tip: at most 10 blocks apart, or as many as the
// time between them explains. Where there is only one explorer, it is its own block. An explorer more than 10 blocks
// from the tip, or of unknown height, is skipped, and so is one whose best block is an hour old and has been the same for
// an hour, unless our own daemon confirms its height. Of explorers that contradict each other, one that knows the
// smartnode shows the right chain, and the others say nothing about it. If an explorer does not know the smartnode, the
// next one near the tip is requested too, and its answer wins if it knows the smartnode. Otherwise Err is
// ErrUnknownSmartnode and Value has only the explorer. Without an explorer near the tip Err is another error, which says
// nothing about the smartnode. See SetOwnHeight.
//
// With poll.Wait it returns after a request that is due, or when ctx is done.
func (c *Client) Smartnode(ctx context.Context, proTxHash string, mode poll.Mode) (poll.Reading[Smartnode], bool) {
	if len(c.endpoints) == 0 {
		return poll.Reading[Smartnode]{}, false
	}
	hash, err := parseHash(proTxHash)
	if err != nil {
		return poll.Reading[Smartnode]{Err: fmt.Errorf("proTxHash: %w", err), At: c.now()}, true
	}
	smartnode, pace := c.smartnode(hash)
	if r, ok := smartnode.Last(); ok && poll.Recent(r.At, c.now(), pace) {
		return r, true
	}
	return smartnode.Get(ctx, mode)
}

// watched is a smartnode that a caller wants to read.
type watched struct {
	*poll.Poll[Smartnode]
	wanted time.Time
	answer poll.Reading[Smartnode] // the last one whose Err is nil or ErrUnknownSmartnode
}

// LastAnswer returns the last answer about a smartnode, whatever number of requests failed since. It
// sends no request. Its Err is nil or ErrUnknownSmartnode. False: there was no answer, or it was
// ErrUnknownSmartnode of an explorer that turned out to be behind, or any answer of one that shows another chain.
func (c *Client) LastAnswer(proTxHash string) (poll.Reading[Smartnode], bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.smartnodes[proTxHash]
	if s == nil || s.answer.At.IsZero() {
		return poll.Reading[Smartnode]{}, false
	}
	// The explorer may have been the only one then. What it knew while it was near the tip stays, when it stops there.
	_, err := c.heights.check(s.answer.Value.Explorer)
	if errors.Is(err, errAhead) || s.answer.Err != nil && err != nil && !errors.Is(err, errNoHeight) {
		return poll.Reading[Smartnode]{}, false
	}
	return s.answer, true
}

// forget is how long after the last call a smartnode still has its part of the budget.
const forget = 15 * time.Minute

// smartnode returns the poll of a smartnode, and how long its answer is kept: that gives each one its
// turn when there are more than can be requested in a minute.
func (c *Client) smartnode(hash string) (s *watched, pace time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if now.Sub(c.swept) > forget {
		maps.DeleteFunc(c.smartnodes, func(_ string, old *watched) bool { return now.Sub(old.wanted) > forget })
		c.swept = now
	}
	if s = c.smartnodes[hash]; s == nil {
		s = &watched{Poll: poll.New(c.ctx, poll.Config[Smartnode]{
			Every: c.every, Timeout: c.timeout(), Now: c.now,
			Ask: func(ctx context.Context) (Smartnode, error) {
				value, err := c.requestSmartnode(ctx, hash)
				if err == nil || errors.Is(err, ErrUnknownSmartnode) {
					c.mu.Lock()
					defer c.mu.Unlock()
					s.answer = poll.Reading[Smartnode]{Value: value, Err: err, At: poll.Wall(c.now())}
				}
				return value, err
			},
		})}
		c.smartnodes[hash] = s
	}
	s.wanted = now
	return s, c.every * time.Duration(len(c.smartnodes)) / time.Duration(smartnodeShare*max(1, c.near.Load()))
}

// requestSmartnode returns the answer of the first explorer near the tip that knows the smartnode. Two that
// do not know it, or one when no second one answers, make it unknown.
func (c *Client) requestSmartnode(ctx context.Context, hash string) (Smartnode, error) {
	var unknown []Smartnode // the explorers
	var notFound, failed error
	list := c.candidates(ctx)
	slices.SortStableFunc(list, func(a, b candidate) int { return cmp.Compare(a.doubt, b.doubt) })
	for _, e := range list {
		if e.err != nil {
			failed = join(failed, e.err)
			continue
		}
		smartnode, err := e.smartnode(ctx, hash)
		if err == nil {
			return smartnode, nil
		}
		if !errors.Is(err, ErrUnknownSmartnode) {
			failed = join(failed, err)
			continue
		}
		if e.doubt != none {
			failed = join(failed, &hostError{e.base.Host, errors.New("smartnode not found, but it may show another chain or have stopped")})
			continue
		}
		unknown, notFound = append(unknown, smartnode), cmp.Or(notFound, err)
		if len(unknown) == 2 {
			break
		}
	}
	if notFound != nil {
		return unknown[0], notFound
	}
	return Smartnode{}, failed
}

func (e *endpoint) smartnode(ctx context.Context, hash string) (Smartnode, error) {
	request := e.request("protx", url.Values{"command": {"info"}, "protxhash": {hash}})
	request.share = smartnodeShare
	smartnode, err := read(ctx, e.fetch, request, func(body []byte) (Smartnode, error) {
		return parseSmartnode(body, hash)
	})
	smartnode.Explorer = e.base.Host
	return smartnode, err
}

// join puts errors on one line, unlike errors.Join.
func join(first, next error) error {
	if first == nil || next == nil {
		return cmp.Or(first, next)
	}
	return fmt.Errorf("%w; %w", first, next)
}

// Count returns the last reading of the number of registered smartnodes, banned ones included, from the
// first explorer near the tip that answers (api/smartnode, command count), and false before the first
// reading. With poll.Wait it returns after a request that is due, or when ctx is done.
func (c *Client) Count(ctx context.Context, mode poll.Mode) (poll.Reading[int], bool) {
	if len(c.endpoints) == 0 {
		return poll.Reading[int]{}, false
	}
	return c.count.Get(ctx, mode)
}

func (c *Client) requestCount(ctx context.Context) (int, error) {
	var failed error
	for _, e := range c.candidates(ctx) {
		err := e.err
		if err == nil {
			var count int
			count, err = read(ctx, e.fetch, e.request("smartnode", url.Values{"command": {"count"}}), parseCount)
			if err == nil {
				return count, nil
			}
		}
		failed = join(failed, err)
	}
	return 0, failed
}
