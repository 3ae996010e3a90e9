// Package poll asks something at most once an interval, whoever wants to know, and keeps the
// last answer with its time.
//
// Nothing here runs on a timer: a question goes out when somebody wants to know and the last
// one is old enough. A scrape takes the last reading and never waits; whoever needs an answer
// now (a command) waits for the one under way.
package poll

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// Reading is one answer, or the error that came in its place.
type Reading[T any] struct {
	Value T
	Err   error
	At    time.Time // when it came; zero before the first
}

// MaxAge is how long a reading of what is requested once a minute is shown.
const MaxAge = 3 * time.Minute

// Fresh reports whether the reading came at most MaxAge ago.
func (r Reading[T]) Fresh() bool { return !r.At.IsZero() && time.Since(r.At) < MaxAge }

// ErrNotAsked is in the error of a question that did not go out: that is no answer, so the last reading
// stays, and the next who wants to know asks again.
var ErrNotAsked = errors.New("not asked")

// Config says what to ask and how often.
type Config[T any] struct {
	Ask     func(context.Context) (T, error)
	Every   time.Duration    // the shortest time between the starts of two questions
	Timeout time.Duration    // of one question
	Now     func() time.Time // nil is time.Now
}

// Poll is one question that is asked again and again. Its methods may be called concurrently.
type Poll[T any] struct {
	ctx    context.Context
	config Config[T]
	flight singleflight.Group

	mu    sync.Mutex
	asked time.Time
	last  Reading[T]
}

// New returns a Poll that has not asked yet. Once ctx is done, nothing is asked any more and a
// question under way is given up.
func New[T any](ctx context.Context, config Config[T]) *Poll[T] {
	if config.Now == nil {
		config.Now = time.Now
	}
	return &Poll[T]{ctx: ctx, config: config}
}

// Mode says whether a caller waits for the answer to a question that is due.
type Mode int

// The modes: a scrape takes what is known, a command waits.
const (
	NoWait Mode = iota
	Wait
)

// Get returns the last reading, and false before the first. When a new one is due it is requested
// in the background; with Wait, Get returns after that, or when ctx is done.
func (p *Poll[T]) Get(ctx context.Context, mode Mode) (Reading[T], bool) {
	if mode == Wait || p.due() {
		answered := p.flight.DoChan("", p.ask)
		if mode == Wait {
			select {
			case <-answered:
			case <-ctx.Done():
			}
		}
	}
	return p.Last()
}

func (p *Poll[T]) due() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ctx.Err() == nil && (p.asked.IsZero() || p.config.Now().Sub(p.asked) >= p.config.Every)
}

// ask has singleflight's signature; its answer travels through p.last.
func (p *Poll[T]) ask() (any, error) {
	if !p.due() {
		return nil, nil
	}
	p.mu.Lock()
	p.asked = p.config.Now()
	p.mu.Unlock()

	ctx, cancel := context.WithTimeout(p.ctx, p.config.Timeout)
	defer cancel()
	value, err := p.config.Ask(ctx)
	if p.ctx.Err() != nil { // shutting down: not an answer
		return nil, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if errors.Is(err, ErrNotAsked) {
		p.asked = time.Time{}
		return nil, nil
	}
	p.last = Reading[T]{Value: value, Err: err, At: p.config.Now()}
	return nil, nil
}

// Last returns the last reading, and false before the first. It asks nothing.
func (p *Poll[T]) Last() (Reading[T], bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last, !p.last.At.IsZero()
}
