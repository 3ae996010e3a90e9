package explorer

import (
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
// counts otherwise. So a smartnode is read only from explorers near the tip.
const (
	// maxLag is how many blocks an explorer may be behind the highest known height. The caches of
	// the explorer add at most 150 s to an answer, and a height is read once a minute: 2 blocks
	// of 120 s, or rarely 5.
	maxLag = 10
	// heightAge is the age in minutes at which a height no longer shows where an explorer is.
	heightAge = 3
	// peakAge is how many minutes the highest height is remembered: longer than a daemon needs to
	// download the chain again.
	peakAge = 24 * 60
	// tipAge is the age in minutes at which a block is not the tip: at 120 s per block, an hour
	// without one does not happen.
	tipAge = 60
)

// sighting is a height and the time at which it was read.
type sighting struct {
	height int64
	at     time.Time
	own    int64 // of an explorer: the height of our own daemon at that time; -1 when unknown
}

// heights keeps the last height of each explorer and of our own daemon.
type heights struct {
	now   func() time.Time
	every time.Duration // length of a minute

	mu   sync.Mutex
	last map[string]sighting // by explorer
	own  sighting
	peak sighting // the highest that was known
}

// note keeps the height that an explorer reported.
//
// The peak protects against an explorer that is the only one left, or whose daemon begins again. When
// two heights agree, a higher peak was an explorer's error and is dropped.
func (h *heights) note(explorer string, height int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last[explorer] = sighting{height: height, at: h.now(), own: h.ownHeight()}
	tip, agreed := tipOf(h.reported(), h.ownHeight())
	if tip >= h.peak.height || agreed || !h.fresh(h.peak, peakAge) {
		h.peak = sighting{height: tip, at: h.now()}
	}
}

// reported returns the heights of the explorers that were read lately.
func (h *heights) reported() []int64 {
	var known []int64
	for _, s := range h.last {
		if h.fresh(s, heightAge) {
			known = append(known, s.height)
		}
	}
	return known
}

// tipOf returns the height of the tip: the highest one that two sources agree on within maxLag, so that an explorer
// of another chain does not outvote two others, or one and our own daemon. Two explorers that are behind our daemon do
// not outvote it. Where no two agree, it is the highest one, because a source that is behind is more common than one
// that is wrong. own is -1 when unknown.
func tipOf(explorers []int64, own int64) (tip int64, agreed bool) {
	known := append(explorers, own)
	slices.Sort(known)
	for i := len(known) - 1; i > 0 && known[i] >= own; i-- {
		if known[i-1] >= 0 && known[i]-known[i-1] <= maxLag {
			return known[i], true
		}
	}
	return known[len(known)-1], false
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

// place is where an explorer is relative to the tip.
type place struct {
	height  int64
	nearOwn bool // within maxLag blocks of our daemon, or that one's height is unknown
	alone   bool // our daemon does not confirm its height; another explorer may lag at the same one
}

// check returns the place of an explorer, or the reason why it is not near the tip.
func (h *heights) check(explorer string) (place, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.last[explorer]
	if !h.fresh(s, heightAge) {
		return place{}, errNoHeight
	}
	own := s.own // blocks that came since do not count
	if own < 0 {
		own = h.ownHeight()
	}
	p := place{height: s.height, nearOwn: own < 0 || s.height-own <= maxLag, alone: own < 0}
	tip, agreed := tipOf(h.reported(), own)
	if !agreed && h.fresh(h.peak, peakAge) {
		tip = max(tip, h.peak.height)
	}
	switch {
	case tip-s.height > maxLag:
		return place{}, fmt.Errorf("its height %d is %d blocks behind, so its answers about smartnodes are not used", s.height, tip-s.height)
	case s.height-tip > maxLag:
		return place{}, fmt.Errorf("%w: its height %d is %d blocks ahead of two others, so its answers about smartnodes are not used", errAhead, s.height, s.height-tip)
	}
	return p, nil
}

var (
	errNoHeight = errors.New("its height is unknown")
	errAhead    = errors.New("it may show another chain")
)

// AgreedTip returns the highest height that two explorers agree on within 10 blocks, as of the last 3 minutes. It
// sends no request.
func (c *Client) AgreedTip() (height int64, agreed bool) {
	c.heights.mu.Lock()
	defer c.heights.mu.Unlock()
	return tipOf(c.heights.reported(), -1)
}

// candidate is an explorer that may be read from, or the reason why not.
type candidate struct {
	*endpoint
	at  place
	err error
}

// candidates returns the explorers in order, each with its place relative to the tip. It waits for the
// heights that are due: an older one would hide that an explorer has begun again.
func (c *Client) candidates(ctx context.Context) []candidate {
	c.Heights(ctx, poll.Wait)
	var list []candidate
	near := int64(0)
	for _, e := range c.endpoints {
		at, err := c.heights.check(e.base.Host)
		if errors.Is(err, errNoHeight) {
			err = e.heightError()
		} else if err != nil {
			err = &hostError{e.base.Host, err}
		}
		if err == nil {
			near++
		}
		list = append(list, candidate{e, at, err})
	}
	c.near.Store(near)
	return list
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

// tip is the best block of an explorer, whose time was read.
type tip struct {
	height int64
	mined  time.Time
}

// checkTip returns an error unless the best block of an explorer is recent. Only its time shows that
// explorers whose height nothing else confirms do not lag: after an incompatible release all of them may
// stand still at the same block.
func (e *endpoint) checkTip(ctx context.Context, height int64, since time.Time) error {
	last := e.tip.Load()
	if last == nil || last.height != height { // once per block, whatever number of smartnodes it does not know
		request := e.request("getblock", url.Values{"height": {strconv.FormatInt(height, 10)}})
		request.share = smartnodeShare
		mined, err := read(ctx, e.fetch, request, parseBlockTime)
		if err != nil {
			return err
		}
		last = &tip{height, mined}
		e.tip.Store(last)
	}
	if last.mined.Before(since) {
		return &hostError{e.base.Host, fmt.Errorf("smartnode not found, but its best block %d is of %s: it may be behind", height, last.mined.UTC().Format(time.RFC3339))}
	}
	return nil
}
