package daemon

import (
	"time"

	"raptoreum_exporter/internal/poll"
)

// heightAt is a height of the tip and when the daemon reported it.
type heightAt struct {
	height int64
	at     time.Time
}

// pastHeights are the heights of the last minutes, the newest last. They are under Client.mu.
type pastHeights []heightAt

// note adds a height, and forgets those that are too old to be next to a handshake that is still shown.
func (p *pastHeights) note(height int64, at time.Time) {
	first := 0
	for first < len(*p) && !poll.Recent((*p)[first].at, at, 2*poll.MaxAge) {
		first++
	}
	*p = append((*p)[first:], heightAt{height, at})
}

// difference returns a height that was reported at a time minus ours at that time. Ours was between that of the
// last answer before and that of the first one after, so a block that came in between is no difference. Not known:
// there is no such answer within 3 minutes that decides it.
func (p pastHeights) difference(height int64, at time.Time) (blocks int64, known bool) {
	var before, after *heightAt
	for i := range p {
		switch past := &p[i]; {
		case !past.at.After(at):
			before = past
		case after == nil:
			after = past
		}
	}
	if before != nil && !poll.Recent(before.at, at, poll.MaxAge) {
		before = nil
	}
	if after != nil && after.at.Sub(at) >= poll.MaxAge {
		after = nil
	}
	switch {
	case before != nil && after != nil:
		low, high := min(before.height, after.height), max(before.height, after.height)
		return height - min(max(height, low), high), true
	case before != nil && height <= before.height:
		return height - before.height, true
	case after != nil && height >= after.height:
		return height - after.height, true
	}
	return 0, false
}

// HeightDifference returns the height that a peer reported in a handshake at a time, minus the height of the daemon
// at that time. It sends no request. False: not known.
func (c *Client) HeightDifference(height int64, at time.Time) (blocks int64, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.heights.difference(height, at)
}
