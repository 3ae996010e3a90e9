// Package poll fetches a value at most once per interval, for any number of callers, and keeps the
// last result with its time.
//
// Nothing runs on a timer: a fetch starts when a caller wants the value and the last fetch is old
// enough. A scrape takes the last reading and never waits. A command that needs a current value
// waits for the fetch in progress.
package poll

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// Reading is the result of one fetch: a value or an error.
type Reading[T any] struct {
	Value T
	Err   error
	At    time.Time // when the fetch ended, by the wall clock (see Wall); zero before the first
}

// MaxAge is how long a reading of what is requested once a minute is shown.
const MaxAge = 3 * time.Minute

// Fresh reports whether the reading came less than MaxAge ago.
func (r Reading[T]) Fresh() bool { return Recent(r.At, time.Now(), MaxAge) }

// Wall returns t without its monotonic clock reading, as the time of something that is shown while it is recent.
// The monotonic clock stops while the machine is suspended: after it, what is hours old would be seconds old.
func Wall(t time.Time) time.Time { return t.Round(0) }

// Age returns how long before now at was, by the wall clock. It is unknown if at is zero, or in the future: the clock
// was set back.
func Age(at, now time.Time) (age time.Duration, known bool) {
	age = Wall(now).Sub(at)
	return age, !at.IsZero() && age >= 0
}

// Recent reports whether at is known to be less than limit before now.
func Recent(at, now time.Time, limit time.Duration) bool {
	age, known := Age(at, now)
	return known && age < limit
}

// ErrNotRequested is wrapped in the error of a fetch that sent no request. Such a fetch is not a result: the
// last reading stays, and the next caller starts a fetch again.
var ErrNotRequested = errors.New("not requested")

// Config configures a Poll.
type Config[T any] struct {
	Ask     func(context.Context) (T, error) // fetches the value
	Every   time.Duration                    // min time between the starts of two fetches
	Timeout time.Duration                    // of one fetch
	Now     func() time.Time                 // nil is time.Now
}

// Poll is one value that is fetched repeatedly. Its methods may be called concurrently.
type Poll[T any] struct {
	ctx    context.Context
	config Config[T]
	flight singleflight.Group

	mu      sync.Mutex
	started time.Time // of the last fetch
	last    Reading[T]
}

// New returns a Poll that has not fetched yet. When ctx is done, it starts no more fetches and cancels the
// one in progress.
func New[T any](ctx context.Context, config Config[T]) *Poll[T] {
	if config.Now == nil {
		config.Now = time.Now
	}
	return &Poll[T]{ctx: ctx, config: config}
}

// Mode says whether a caller waits for a fetch that is due.
type Mode int

// The modes. A scrape takes the last reading; a command waits.
const (
	NoWait Mode = iota
	Wait
)

// Get returns the last reading, and false before the first. If a fetch is due, Get starts it in the
// background. With Wait, Get returns after that fetch, or when ctx is done.
func (p *Poll[T]) Get(ctx context.Context, mode Mode) (Reading[T], bool) {
	if mode == Wait || p.due() {
		fetched := p.flight.DoChan("", p.fetch)
		if mode == Wait {
			select {
			case <-fetched:
			case <-ctx.Done():
			}
		}
	}
	return p.Last()
}

func (p *Poll[T]) due() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ctx.Err() == nil && !Recent(p.started, p.config.Now(), p.config.Every)
}

// fetch has the signature that singleflight requires. It stores its result in p.last.
func (p *Poll[T]) fetch() (any, error) {
	if !p.due() {
		return nil, nil
	}
	p.mu.Lock()
	p.started = Wall(p.config.Now())
	p.mu.Unlock()

	ctx, cancel := context.WithTimeout(p.ctx, p.config.Timeout)
	defer cancel()
	value, err := p.config.Ask(ctx)
	if p.ctx.Err() != nil { // shutting down: not a result
		return nil, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if errors.Is(err, ErrNotRequested) {
		p.started = time.Time{}
		return nil, nil
	}
	p.last = Reading[T]{Value: value, Err: err, At: Wall(p.config.Now())}
	return nil, nil
}

// Last returns the last reading, and false before the first. It never starts a fetch.
func (p *Poll[T]) Last() (Reading[T], bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last, !p.last.At.IsZero()
}
