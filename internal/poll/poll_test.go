package poll_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"raptoreum_exporter/internal/poll"
)

// In a synctest bubble, time advances only when all goroutines are blocked, and every goroutine must end
// with the test. A fetch that never ends is reported as a deadlock or a leak.

const every = time.Minute

// source is what the Poll fetches from. Its values are 1, 2, 3...
type source struct {
	takes   time.Duration
	fails   error
	started atomic.Int64 // fetches so far
	running atomic.Int64 // fetches in progress
}

func (s *source) fetch(ctx context.Context) (int64, error) {
	n := s.started.Add(1)
	if s.running.Add(1) > 1 {
		return 0, errors.New("two concurrent fetches")
	}
	defer s.running.Add(-1)
	select {
	case <-time.After(s.takes):
		return n, s.fails
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func (s *source) poll(ctx context.Context) *poll.Poll[int64] {
	return poll.New(ctx, poll.Config[int64]{Ask: s.fetch, Every: every, Timeout: every / 2})
}

// at is a reading at this time after the start of the bubble.
func at(after time.Duration, value int64, err error) poll.Reading[int64] {
	start := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	return poll.Reading[int64]{Value: value, Err: err, At: start.Add(after)}
}

func check(t *testing.T, want poll.Reading[int64], wantOK bool, got poll.Reading[int64], ok bool) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateErrors()); diff != "" || ok != wantOK {
		t.Errorf("%t, want %t, -want +got:\n%s", ok, wantOK, diff)
	}
}

func TestGet(t *testing.T) {
	broken := errors.New("broken")
	none := poll.Reading[int64]{}
	type step struct {
		at      time.Duration // since the start
		mode    poll.Mode
		took    time.Duration
		want    poll.Reading[int64]
		ok      bool
		started int64 // fetches so far, when all goroutines are blocked
	}
	for _, test := range []struct {
		name  string
		takes time.Duration
		fails error
		steps []step
	}{
		{"fetches at most once per interval", 0, nil, []step{
			{0, poll.Wait, 0, at(0, 1, nil), true, 1},
			{0, poll.Wait, 0, at(0, 1, nil), true, 1},
			{every - 1, poll.NoWait, 0, at(0, 1, nil), true, 1},
			{every - 1, poll.Wait, 0, at(0, 1, nil), true, 1},
			{every, poll.Wait, 0, at(every, 2, nil), true, 2},
			{5 * every, poll.Wait, 0, at(5*every, 3, nil), true, 3},
		}},
		{"fetches in the background without waiting", 10 * time.Second, nil, []step{
			{0, poll.NoWait, 0, none, false, 1},
			{9 * time.Second, poll.NoWait, 0, none, false, 1},
			{11 * time.Second, poll.NoWait, 0, at(10*time.Second, 1, nil), true, 1},
			{every, poll.NoWait, 0, at(10*time.Second, 1, nil), true, 2}, // the interval counts from the start of the first fetch
			{every + 11*time.Second, poll.NoWait, 0, at(every+10*time.Second, 2, nil), true, 2},
		}},
		{"waits", 10 * time.Second, nil, []step{
			{0, poll.Wait, 10 * time.Second, at(10*time.Second, 1, nil), true, 1},
			{every, poll.Wait, 10 * time.Second, at(every+10*time.Second, 2, nil), true, 2},
		}},
		{"waits for the fetch in progress", 10 * time.Second, nil, []step{
			{0, poll.NoWait, 0, none, false, 1},
			{4 * time.Second, poll.Wait, 6 * time.Second, at(10*time.Second, 1, nil), true, 1},
		}},
		{"an error is a reading", 0, broken, []step{
			{0, poll.Wait, 0, at(0, 1, broken), true, 1},
			{every - 1, poll.Wait, 0, at(0, 1, broken), true, 1},
			{every, poll.Wait, 0, at(every, 2, broken), true, 2},
		}},
		{"cancels after the timeout", time.Hour, nil, []step{
			{0, poll.Wait, every / 2, at(every/2, 0, context.DeadlineExceeded), true, 1},
			{every, poll.Wait, every / 2, at(every*3/2, 0, context.DeadlineExceeded), true, 2},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				source := source{takes: test.takes, fails: test.fails}
				p := source.poll(t.Context())
				for _, s := range test.steps {
					time.Sleep(time.Until(start.Add(s.at)))
					synctest.Wait()
					began := time.Now()
					got, ok := p.Get(t.Context(), s.mode)
					if took := time.Since(began); took != s.took {
						t.Errorf("after %s: took %s, want %s", s.at, took, s.took)
					}
					check(t, s.want, s.ok, got, ok)
					synctest.Wait()
					if started := source.started.Load(); started != s.started {
						t.Errorf("after %s: %d fetches, want %d", s.at, started, s.started)
					}
				}
			})
		})
	}
}

func TestNoConcurrentFetches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := source{takes: 2500 * time.Millisecond}
		p := poll.New(t.Context(), poll.Config[int64]{Ask: s.fetch, Every: time.Second, Timeout: every})
		for range 7 {
			p.Get(t.Context(), poll.NoWait)
			time.Sleep(time.Second)
		}
		got, ok := p.Get(t.Context(), poll.Wait) // the third started after 6 s
		check(t, at(8500*time.Millisecond, 3, nil), true, got, ok)
	})
}

func TestManyCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := source{takes: time.Second}
		p := s.poll(t.Context())
		var callers sync.WaitGroup
		for i := range 100 {
			callers.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				got, ok := p.Get(t.Context(), poll.Wait)
				check(t, at(time.Second, 1, nil), true, got, ok)
			})
		}
		callers.Wait()
		if started := s.started.Load(); started != 1 {
			t.Errorf("%d fetches, want 1", started)
		}
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := source{takes: 10 * time.Second}
		p := s.poll(t.Context())
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		got, ok := p.Get(ctx, poll.Wait)
		check(t, poll.Reading[int64]{}, false, got, ok)
		time.Sleep(8 * time.Second) // the fetch continues for other callers
		got, ok = p.Last()
		check(t, at(10*time.Second, 1, nil), true, got, ok)
	})
}

func TestLastStartsNoFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := source{}
		p := s.poll(t.Context())
		got, ok := p.Last()
		check(t, poll.Reading[int64]{}, false, got, ok)
		p.Get(t.Context(), poll.Wait)
		time.Sleep(10 * every)
		got, ok = p.Last()
		check(t, at(0, 1, nil), true, got, ok)
		synctest.Wait()
		if started := s.started.Load(); started != 1 {
			t.Errorf("%d fetches, want 1", started)
		}
	})
}

func TestShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := source{takes: 10 * time.Second}
		ctx, stop := context.WithCancel(t.Context())
		p := s.poll(ctx)
		first, _ := p.Get(t.Context(), poll.Wait)
		time.Sleep(every)
		p.Get(t.Context(), poll.NoWait)
		synctest.Wait()
		stop()
		synctest.Wait()
		if s.running.Load() != 0 {
			t.Error("the second fetch is still running")
		}
		for _, mode := range []poll.Mode{poll.NoWait, poll.Wait} {
			time.Sleep(every)
			began := time.Now()
			got, ok := p.Get(t.Context(), mode)
			check(t, first, true, got, ok)
			if took := time.Since(began); took != 0 {
				t.Errorf("took %s", took)
			}
		}
		synctest.Wait()
		if started := s.started.Load(); started != 2 {
			t.Errorf("%d fetches, want 2", started)
		}
	})
}

// TestClock gives the Poll a clock other than that of the bubble.
func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := source{}
		now := at(0, 0, nil).At
		p := poll.New(t.Context(), poll.Config[int64]{Ask: s.fetch, Every: every, Timeout: every, Now: func() time.Time { return now }})
		p.Get(t.Context(), poll.Wait)
		time.Sleep(2 * every)
		got, ok := p.Get(t.Context(), poll.Wait)
		check(t, at(0, 1, nil), true, got, ok)
		now = now.Add(every)
		got, ok = p.Get(t.Context(), poll.Wait)
		check(t, at(every, 2, nil), true, got, ok)
	})
}
