package explorer

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"time"
)

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
