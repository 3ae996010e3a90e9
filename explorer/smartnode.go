package explorer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"time"

	"raptoreum_exporter/internal/poll"
)

// Smartnode is what an explorer knows of a smartnode (api/protx, command info).
type Smartnode struct {
	Explorer       string // its host name, as in HeightReading
	Penalty        int64  // state.PoSePenalty
	BanHeight      int64  // state.PoSeBanHeight; -1 when not banned
	Service        string // state.service, address:port, clipped; empty when not told
	LastPaidHeight *int64 // state.lastPaidHeight; 0 when never paid, nil when not told

	RegisteredHeight *int64 // state.registeredHeight; nil when not told
	RevivedHeight    *int64 // state.PoSeRevivedHeight; -1 when never banned, nil when not told
	Payout           string // state.payoutAddress, clipped; empty when not told
	NeedToUpgrade    *bool  // the tier of the collateral is no longer paid; nil when not told
}

// Smartnode returns the last reading about a smartnode, and false before the first or when no
// explorer is configured. It comes from the first explorer that answered: the next is asked
// only when one has no usable answer. An explorer that says it has no such smartnode has
// answered: Err is then ErrUnknownSmartnode and Value names only the explorer. With poll.Wait it
// returns once a due question is answered, or ctx is done.
func (c *Client) Smartnode(ctx context.Context, proTxHash string, mode poll.Mode) (poll.Reading[Smartnode], bool) {
	if len(c.endpoints) == 0 {
		return poll.Reading[Smartnode]{}, false
	}
	hash, err := parseHash(proTxHash)
	if err != nil {
		return poll.Reading[Smartnode]{Err: fmt.Errorf("proTxHash: %w", err), At: c.now()}, true
	}
	smartnode, pace := c.smartnode(hash)
	if r, ok := smartnode.Last(); ok && c.now().Sub(r.At) < pace {
		return r, true
	}
	return smartnode.Get(ctx, mode)
}

// watched is a smartnode that somebody wants to know of.
type watched struct {
	*poll.Poll[Smartnode]
	wanted time.Time
	told   poll.Reading[Smartnode] // the last that was an answer
}

// LastTold returns the last answer about a smartnode, however many questions went wrong since; it asks
// nothing. Its Err is nil or ErrUnknownSmartnode. False: there was none.
func (c *Client) LastTold(proTxHash string) (poll.Reading[Smartnode], bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.smartnodes[proTxHash]
	if s == nil || s.told.At.IsZero() {
		return poll.Reading[Smartnode]{}, false
	}
	return s.told, true
}

// forget is how long after the last question a smartnode takes no part in the budget any more.
const forget = 15 * time.Minute

// smartnode returns what asks about a smartnode, and how long an answer must do: that each has its
// turn, when there are more than may be asked about in a minute.
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
			Every: c.every, Timeout: c.patience(), Now: c.now,
			Ask: func(ctx context.Context) (Smartnode, error) {
				value, err := c.askSmartnode(ctx, hash)
				if err == nil || errors.Is(err, ErrUnknownSmartnode) {
					c.mu.Lock()
					defer c.mu.Unlock()
					s.told = poll.Reading[Smartnode]{Value: value, Err: err, At: c.now()}
				}
				return value, err
			},
		})}
		c.smartnodes[hash] = s
	}
	s.wanted = now
	return s, c.every * time.Duration(len(c.smartnodes)) / time.Duration(smartnodeShare*len(c.endpoints))
}

func (c *Client) askSmartnode(ctx context.Context, hash string) (Smartnode, error) {
	return first(c.endpoints, func(e *endpoint) (Smartnode, error) {
		request := e.request("protx", url.Values{"command": {"info"}, "protxhash": {hash}})
		request.share = smartnodeShare
		smartnode, err := ask(ctx, e.fetch, request, func(body []byte) (Smartnode, error) {
			return parseSmartnode(body, hash)
		})
		smartnode.Explorer = e.base.Host
		return smartnode, err
	})
}

// first returns the answer of the first explorer that has one; that a smartnode is unknown is one.
func first[T any](endpoints []*endpoint, ask func(*endpoint) (T, error)) (T, error) {
	var none T
	var failed error
	for _, e := range endpoints {
		value, err := ask(e)
		switch {
		case err == nil || errors.Is(err, ErrUnknownSmartnode):
			return value, err
		case failed == nil:
			failed = err
		default:
			failed = fmt.Errorf("%w; %w", failed, err) // one line, unlike errors.Join
		}
	}
	return none, failed
}

// Count returns the last reading of how many smartnodes are registered, banned ones too, from the
// first explorer that answers (api/smartnode, command count), and false before the first reading.
// With poll.Wait it returns once a due question is answered, or ctx is done.
func (c *Client) Count(ctx context.Context, mode poll.Mode) (poll.Reading[int], bool) {
	if len(c.endpoints) == 0 {
		return poll.Reading[int]{}, false
	}
	return c.count.Get(ctx, mode)
}

func (c *Client) askCount(ctx context.Context) (int, error) {
	return first(c.endpoints, func(e *endpoint) (int, error) {
		return ask(ctx, e.fetch, e.request("smartnode", url.Values{"command": {"count"}}), parseCount)
	})
}
