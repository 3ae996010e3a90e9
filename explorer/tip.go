package explorer

import (
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
// the highest two heights agree, a higher peak was an explorer's error and is dropped.
func (h *heights) note(explorer string, height int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last[explorer] = sighting{height: height, at: h.now(), own: h.ownHeight()}
	known := []int64{h.ownHeight()}
	for _, s := range h.last {
		if h.fresh(s, heightAge) {
			known = append(known, s.height)
		}
	}
	slices.Sort(known)
	highest, second := known[len(known)-1], known[len(known)-2]
	agreed := second >= 0 && highest-second <= maxLag
	if highest >= h.peak.height || agreed || !h.fresh(h.peak, peakAge) {
		h.peak = sighting{height: highest, at: h.now()}
	}
}

// fresh reports whether a height was read within so many minutes.
func (h *heights) fresh(s sighting, minutes int) bool {
	return !s.at.IsZero() && h.now().Sub(s.at) < time.Duration(minutes)*h.every
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

// check returns nil when an explorer is near the tip, else the reason. nearOwn is false when its height
// differs from that of our daemon by more than maxLag blocks.
func (h *heights) check(explorer string) (nearOwn bool, err error) {
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
	tip := max(s.height, own)
	if h.fresh(h.peak, peakAge) {
		tip = max(tip, h.peak.height)
	}
	for _, other := range h.last {
		if h.fresh(other, heightAge) {
			tip = max(tip, other.height)
		}
	}
	if tip-s.height > maxLag {
		return false, fmt.Errorf("its height %d is %d blocks behind, so its answers about smartnodes are not used", s.height, tip-s.height)
	}
	return own < 0 || s.height-own <= maxLag, nil
}

var errNoHeight = errors.New("its height is unknown")

// candidate is an explorer that may be read from, or the reason why not.
type candidate struct {
	*endpoint
	nearOwn bool // see heights.check
	err     error
}

// candidates returns the explorers in order, each with its place relative to the tip. It waits for the
// heights that are unknown and due.
func (c *Client) candidates(ctx context.Context) []candidate {
	for _, e := range c.endpoints {
		e.height.Get(ctx, poll.NoWait) // all at the same time, before waiting for the first
	}
	for _, e := range c.endpoints {
		if _, err := c.heights.check(e.base.Host); errors.Is(err, errNoHeight) {
			e.height.Get(ctx, poll.Wait)
		}
	}
	var list []candidate
	near := int64(0)
	for _, e := range c.endpoints {
		nearOwn, err := c.heights.check(e.base.Host)
		if errors.Is(err, errNoHeight) {
			err = e.heightError()
		} else if err != nil {
			err = &hostError{e.base.Host, err}
		}
		if err == nil {
			near++
		}
		list = append(list, candidate{e, nearOwn, err})
	}
	c.near.Store(near)
	return list
}

// heightError is why the height is unknown.
func (e *endpoint) heightError() error {
	reading, ok := e.height.Last()
	switch {
	case !ok: // no request went out, as when the host had its share
		return &hostError{e.base.Host, fmt.Errorf("%w: %w", poll.ErrNotAsked, errNoHeight)}
	case reading.Err == nil: // too old
		return &hostError{e.base.Host, errNoHeight}
	}
	return reading.Err
}
