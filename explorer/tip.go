package explorer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"raptoreum_exporter/internal/poll"
)

// An explorer shows what its own daemon knows. While that one is behind, the explorer answers -8
// ("not found") for each smartnode that was registered above its height, and old penalties and
// counts otherwise. So a smartnode is read only from explorers near the tip, whose best block is recent.
const (
	// maxLag is how many blocks an explorer may be behind the highest known height. The caches of
	// the explorer add at most 150 s to an answer, and a height is read once a minute: 2 blocks
	// of 120 s, or rarely 5.
	maxLag = 10
	// heightAge is the age in minutes at which a height no longer shows where an explorer is.
	heightAge = 3
	// peakAge is how many minutes the tip is remembered: longer than a daemon needs to download the
	// chain again.
	peakAge = 24 * 60
	// tipAge is the age in minutes at which a block is not the tip: at 120 s per block, an hour
	// without one does not happen.
	tipAge = 60
)

// sighting is a height and the time at which it was read.
type sighting struct {
	height int64
	at     time.Time
	own    int64     // of an explorer: the height of our own daemon at that time; -1 when unknown
	mined  time.Time // when the block was mined, at the earliest; zero: unknown
	err    error     // why that is not known, or not exactly
}

// heights keeps the last height of each explorer and of our own daemon.
type heights struct {
	now   func() time.Time
	every time.Duration // length of a minute

	mu   sync.Mutex
	last map[string]sighting // by explorer
	own  sighting
	peak sighting // the last tip that two sources agreed on
}

// note keeps the height that an explorer reported.
//
// The peak protects against an explorer that is the only one left, or whose daemon begins again.
func (h *heights) note(explorer string, s sighting) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s.own = h.ownHeight()
	h.last[explorer] = s
	if tip, agreed := h.tipOf(h.known(), s.own); agreed {
		h.peak = tip
	}
}

// reported returns the heights of the explorers that were read lately.
func (h *heights) reported() []sighting {
	var known []sighting
	for _, s := range h.last {
		if h.fresh(s, heightAge) {
			known = append(known, s)
		}
	}
	return known
}

// known returns what explorers report, and the peak.
func (h *heights) known() []sighting {
	known := h.reported()
	if h.fresh(h.peak, peakAge) {
		known = append(known, h.peak)
	}
	return known
}

// tipOf returns the tip: the highest block that agrees with another source, so that an explorer of another chain does
// not outvote two others, or one and our own daemon. Explorers that are behind our daemon do not outvote it. Where no
// two agree, it is the highest one. own is the height of our daemon, -1 when unknown.
func (h *heights) tipOf(known []sighting, own int64) (tip sighting, agreed bool) {
	known = append(known, sighting{height: own})
	slices.SortFunc(known, func(a, b sighting) int { return cmp.Compare(b.height, a.height) })
	for i, s := range known {
		if s.height >= own && slices.ContainsFunc(known[i+1:], func(lower sighting) bool { return h.agree(s, lower) }) {
			return s, true
		}
	}
	return known[0], false
}

// agree reports whether two blocks, the higher one first, can be of one chain: the time between them explains the
// number of blocks. A chain grows by a block per 120 s, or 60 s on the test network; what grows by two per minute for
// hours is another one. So those that have stopped do not outvote one that goes on, but agree with it.
func (h *heights) agree(high, low sighting) bool {
	if low.height < 0 {
		return false
	}
	lead := high.height - low.height - maxLag
	return lead <= 0 || !high.mined.IsZero() && !low.mined.IsZero() && lead <= 2*int64(high.mined.Sub(low.mined)/h.every)
}

// fresh reports whether a height was read within so many minutes.
func (h *heights) fresh(s sighting, minutes int) bool {
	return poll.Recent(s.at, h.now(), time.Duration(minutes)*h.every)
}

// ownHeight returns the height of our own daemon, or -1 when it is unknown.
func (h *heights) ownHeight() int64 {
	if h.fresh(h.own, heightAge) {
		return h.own.height
	}
	return -1
}

// SetOwnHeight reports the height of our own daemon, which is then part of the comparison for 3
// minutes: an explorer more than 10 blocks behind it is not believed about smartnodes, and "unknown
// smartnode" only counts from one within 10 blocks of it.
func (c *Client) SetOwnHeight(height int64) {
	c.heights.mu.Lock()
	defer c.heights.mu.Unlock()
	c.heights.own = sighting{height: height, at: c.now()}
}

// check returns the reason why an explorer is not near the tip. ahead: it may be on another chain,
// because it is far ahead of our daemon, or contradicts another explorer.
func (h *heights) check(explorer string) (ahead bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.last[explorer]
	if !h.fresh(s, heightAge) {
		return false, errNoHeight
	}
	own := s.own // blocks that came since do not count
	if own < 0 {
		own = h.ownHeight()
	}
	known := h.known()
	tip, agreed := h.tipOf(known, own)
	lag := tip.height - s.height
	switch {
	case lag > maxLag && (agreed || tip.height == own):
		return false, fmt.Errorf("its height %d is %d blocks behind, so its answers about smartnodes are not used", s.height, lag)
	case lag < -maxLag && h.checkMined(tip) == nil:
		return false, fmt.Errorf("%w: its height %d is %d blocks ahead of two others, so its answers about smartnodes are not used", errAhead, s.height, -lag)
	case lag < -maxLag, !agreed && len(known) > 1: // nothing confirms its height; if it knows the smartnode, it shows the right chain
		return true, h.checkMined(s)
	}
	ahead = own >= 0 && s.height-own > maxLag
	if own >= 0 && !ahead { // our daemon confirms that it does not lag, also when the whole network stands still
		return false, nil
	}
	return ahead, h.checkMined(s)
}

// checkMined returns an error unless the best block of an explorer is recent. Only its time shows that explorers whose
// height our daemon does not confirm do not lag: after an incompatible release all of them may stand still at the same
// block.
func (h *heights) checkMined(s sighting) error {
	switch {
	case h.now().Sub(s.mined) < tipAge*h.every:
		return nil
	case s.err != nil:
		return fmt.Errorf("the age of its best block %d is unknown, so its answers about smartnodes are not used: %w", s.height, s.err)
	}
	return fmt.Errorf("its best block %d is of %s: it has stopped or is behind, so its answers about smartnodes are not used", s.height, s.mined.UTC().Format(time.RFC3339))
}

var (
	errNoHeight = errors.New("its height is unknown")
	errAhead    = errors.New("it may show another chain")
)

// AgreedTip returns the highest height that two explorers agree on, as of the last 3 minutes. It sends no request.
func (c *Client) AgreedTip() (height int64, agreed bool) {
	c.heights.mu.Lock()
	defer c.heights.mu.Unlock()
	tip, agreed := c.heights.tipOf(c.heights.reported(), -1)
	return tip.height, agreed
}

// candidate is an explorer that may be read from, or the reason why not.
type candidate struct {
	*endpoint
	ahead bool // see heights.check
	err   error
}

// candidates returns the explorers in order, each with its place relative to the tip. It waits for the
// heights that are due: an older one would hide that an explorer has begun again.
func (c *Client) candidates(ctx context.Context) []candidate {
	c.Heights(ctx, poll.Wait)
	list, near := c.placed()
	c.near.Store(near)
	return list
}

// placed returns the explorers in order, and how many of them are near the tip.
func (c *Client) placed() (list []candidate, near int64) {
	for _, e := range c.endpoints {
		ahead, err := c.heights.check(e.base.Host)
		if errors.Is(err, errNoHeight) {
			err = e.heightError()
		} else if err != nil {
			err = &hostError{e.base.Host, err}
		}
		if err == nil {
			near++
		}
		list = append(list, candidate{e, ahead, err})
	}
	return list, near
}

// Believed returns an error with the reasons if no explorer is believed about smartnodes, and when the last height was
// read; zero: not yet. It sends no request.
func (c *Client) Believed() (at time.Time, err error) {
	list, near := c.placed()
	for _, e := range list {
		if reading, ok := e.height.Last(); ok && reading.At.After(at) {
			at = reading.At
		}
		err = join(err, e.err)
	}
	if near > 0 {
		err = nil
	}
	return at, err
}

// heightError is why the height is unknown.
func (e *endpoint) heightError() error {
	reading, ok := e.height.Last()
	switch {
	case !ok: // no request went out, as when the host had its share
		return &hostError{e.base.Host, fmt.Errorf("%w: %w", poll.ErrNotRequested, errNoHeight)}
	case reading.Err == nil: // too old
		return &hostError{e.base.Host, errNoHeight}
	}
	return reading.Err
}

// requestHeight reads the height of an explorer, and when the block at that height was mined.
func (c *Client) requestHeight(ctx context.Context, e *endpoint) (int64, error) {
	height, err := read(ctx, e.fetch, e.request("getblockcount", nil), parseHeight)
	if err != nil {
		return 0, err
	}
	s := sighting{height: height, at: c.now()}
	s.mined, s.err = e.minedAt(ctx, height, s.at)
	s.err = errors.Unwrap(s.err) // without the host, which candidates adds
	c.heights.note(e.base.Host, s)
	return height, nil
}

// tip is the best block of an explorer, whose time was read.
type tip struct {
	height int64
	mined  time.Time
}

// minedAt returns when a block was mined, at the earliest: where the request fails, that of the last one below it.
func (e *endpoint) minedAt(ctx context.Context, height int64, now time.Time) (time.Time, error) {
	last := e.tip.Load()
	if last != nil && last.height == height {
		return last.mined, nil
	}
	mined, err := read(ctx, e.fetch, e.request("getblock", url.Values{"height": {strconv.FormatInt(height, 10)}}), parseBlockTime)
	switch {
	case err == nil:
		if mined.After(now) { // clocks of miners differ; one of the future would explain any height
			mined = now
		}
		e.tip.Store(&tip{height, mined})
		return mined, nil
	case last != nil && last.height < height:
		return last.mined, err
	}
	return time.Time{}, err
}
