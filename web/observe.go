package web

import (
	"context"
	"errors"
	"sync"
	"time"

	dto "github.com/prometheus/client_model/go"
	"golang.org/x/sync/singleflight"

	"raptoreum_exporter/collector"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/judge"
)

const (
	// observeEvery is the min time between a gathering and the next one that a page starts.
	observeEvery = 15 * time.Second
	// maxPageWait is how long a page waits for raptoreumd if it can show an observation that is at most
	// maxObservationAge old. A hung raptoreumd would delay each page by the whole timeout.
	maxPageWait       = 2 * time.Second
	maxObservationAge = 2 * time.Minute
)

// observation is the outcome of one gathering. It is immutable.
type observation struct {
	families []*dto.MetricFamily // by name
	began    time.Time
	at       time.Time // when it ended
}

// observer gathers for /metrics and for the pages. Pages use the gathering of a scrape, and at most one of their
// own every 15 s for any number of viewers.
type observer struct {
	set     *collector.Set
	history *history
	flight  singleflight.Group

	mu   sync.Mutex
	last *observation
}

// gather gathers once.
func (o *observer) gather(ctx context.Context, mode poll.Mode) []*dto.MetricFamily {
	began := time.Now()
	families := o.set.Gather(ctx, mode).Families
	if errors.Is(ctx.Err(), context.Canceled) { // the scraper disconnected: nothing was learned
		return families
	}
	now := &observation{families: families, began: began, at: time.Now()}
	o.history.note(self, "", now.at, families)
	if height, known := networkHeight(judge.NewValues(families, now.at)); known {
		o.history.noteHeight(now.at, height)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.last == nil || o.last.began.Before(began) {
		o.last = now
	}
	return families
}

func (o *observer) latest() (last *observation, due bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.last, o.last == nil || time.Since(o.last.began) >= observeEvery
}

// current returns the last observation, and gathers before if that is due. It returns nil if ctx was done before
// the first one.
func (o *observer) current(ctx context.Context) *observation {
	last, due := o.latest()
	if !due {
		return last
	}
	limit, mode := maxPageWait, poll.NoWait
	if last == nil || time.Since(last.at) >= maxObservationAge {
		limit, mode = defaultScrapeTimeout, poll.Wait // nothing was started in the background before
	}
	gathered := o.flight.DoChan("", func() (any, error) {
		if _, due := o.latest(); due {
			// The viewer that started it may disconnect: others wait for it too.
			shared, cancel := context.WithTimeout(context.WithoutCancel(ctx), defaultScrapeTimeout-writeReserve)
			defer cancel()
			o.gather(shared, mode)
		}
		return nil, nil
	})
	wait, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	select {
	case <-gathered:
	case <-wait.Done():
	}
	last, _ = o.latest()
	return last
}
