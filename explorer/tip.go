package explorer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
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
	since  time.Time // since when the explorer has reported this height to us
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
	s.own, s.since = h.ownHeight(), s.at
	if last, ok := h.last[explorer]; ok && last.height == s.height {
		s.since = last.since
	}
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

// doubt is why an explorer near the tip may be on another chain, or have stopped. The least is asked first.
type doubt int

const (
	none        doubt = iota
	unconfirmed       // its best block is recent, but nothing confirms its height
	old               // its best block is an hour old
)

// check returns the reason why an explorer is not near the tip. With a doubt, what it does not
// know says nothing; if it knows the smartnode, it shows the right chain, though maybe not its end.
func (h *heights) check(explorer string) (doubt, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.last[explorer]
	if !h.fresh(s, heightAge) {
		return none, errNoHeight
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
		return none, fmt.Errorf("its height %d is %d blocks behind, so its answers about smartnodes are not used", s.height, lag)
	case lag < -maxLag && h.checkMined(tip) == nil:
		return none, fmt.Errorf("%w: its height %d is %d blocks ahead of two others, so its answers about smartnodes are not used", errAhead, s.height, -lag)
	case own >= 0 && s.height-own <= maxLag: // our daemon confirms that it does not lag, also when the whole network stands still
		return none, nil
	}
	stopped := h.checkMined(s)
	switch {
	case stopped == nil && own < 0 && lag >= -maxLag && (agreed || len(known) == 1):
		return none, nil
	case stopped == nil:
		return unconfirmed, nil
	case h.now().Sub(s.since) < tipAge*h.every: // only the age of the block says so, which on a test network may be high
		return old, nil
	}
	return old, stopped
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
	doubt
	err error
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
		d, err := c.heights.check(e.base.Host)
		if errors.Is(err, errNoHeight) {
			err = e.heightError()
		} else if err != nil {
			err = &hostError{e.base.Host, err}
		}
		if err == nil {
			near++
		}
		list = append(list, candidate{e, d, err})
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
