package poll_test

import (
	"context"
	"testing"
	"time"

	"raptoreum_exporter/internal/poll"
)

// TestFresh: a reading is shown for MaxAge, not before the first fetch, and not after the clock was set back.
func TestFresh(t *testing.T) {
	for age, want := range map[time.Duration]bool{
		0: true, poll.MaxAge - time.Minute: true, poll.MaxAge + time.Second: false, -time.Minute: false, -48 * time.Hour: false,
	} {
		if got := (poll.Reading[int]{At: poll.Wall(time.Now()).Add(-age)}).Fresh(); got != want {
			t.Errorf("%s old: %t", age, got)
		}
	}
	if (poll.Reading[int]{}).Fresh() {
		t.Error("fresh before the first fetch")
	}
}

// TestWallClock: a time with a reading of the monotonic clock, which stops while the machine is suspended, would
// make time.Since return the time that the machine was awake.
func TestWallClock(t *testing.T) {
	p := poll.New(t.Context(), poll.Config[int]{
		Ask: func(context.Context) (int, error) { return 1, nil }, Every: time.Minute, Timeout: time.Minute,
	})
	if r, ok := p.Get(t.Context(), poll.Wait); !ok || r.At != r.At.Round(0) {
		t.Errorf("%s", r.At)
	}
}

// TestClockSetBack: the next fetch does not wait until the clock is again where it was.
func TestClockSetBack(t *testing.T) {
	now, fetched := time.Now(), 0
	p := poll.New(t.Context(), poll.Config[int]{
		Ask: func(context.Context) (int, error) { fetched++; return fetched, nil }, Every: time.Minute, Timeout: time.Minute,
		Now: func() time.Time { return now },
	})
	for _, back := range []time.Duration{0, 24 * time.Hour} {
		now = now.Add(-back)
		p.Get(t.Context(), poll.Wait)
	}
	if fetched != 2 {
		t.Errorf("%d fetches", fetched)
	}
}
