package p2p

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"raptoreum_exporter/internal/poll"
)

const (
	every  = time.Minute      // a polite guest knocks once a minute
	forget = 10 * time.Minute // after this time without a question, so that moving nodes leave nothing behind

	// atOnce is how many handshakes run at a time: 2,000 smartnodes are judged in a few seconds, and a
	// thousand silent ones take no more than these connections.
	atOnce = 256
	// patience is how long an asked handshake may wait for its turn.
	patience = 30 * time.Second
)

// Config is what a Prober needs. The zero value is ready to use.
type Config struct {
	// Dial performs one handshake and sets its own timeout; nil is that of the zero Dialer.
	Dial func(ctx context.Context, address, network string) (Peer, error)

	Now func() time.Time // nil is time.Now

	Every time.Duration // between two handshakes; 0 is a minute. For tests that run in scaled time
}

// Prober shakes hands with any number of peers, with each at most once a minute and never twice at
// a time, however many ask. Its methods may be called concurrently.
type Prober struct {
	ctx    context.Context
	config Config

	turns chan struct{}

	mu     sync.Mutex
	probes map[target]*probe
	swept  time.Time
}

type target struct{ address, network string }

type probe struct {
	poll  *poll.Poll[Peer]
	asked time.Time // when somebody last wanted to know
}

// NewProber returns a Prober that has not dialled yet. Once ctx is done it dials no more, and a
// handshake under way is given up.
func NewProber(ctx context.Context, config Config) *Prober {
	if config.Dial == nil {
		config.Dial = Dialer{}.Dial
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	return &Prober{ctx: ctx, config: config, turns: make(chan struct{}, atOnce), probes: make(map[target]*probe)}
}

// Probe returns the last handshake with the peer at address ("host:port") on network, and false
// before the first has ended. When a minute has passed since the last one began, the next goes out
// in the background; with wait, Probe returns after that, or when ctx is done. The reading's error is
// an *Error; its Value then holds what the handshake learned before it failed.
func (p *Prober) Probe(ctx context.Context, address, network string, mode poll.Mode) (poll.Reading[Peer], bool) {
	return p.poll(target{address, network}).Get(ctx, mode)
}

// Last returns the last handshake with a peer, and false before the first; it dials nobody.
func (p *Prober) Last(address, network string) (poll.Reading[Peer], bool) {
	p.mu.Lock()
	known := p.probes[target{address, network}]
	p.mu.Unlock()
	if known == nil {
		return poll.Reading[Peer]{}, false
	}
	return known.poll.Last()
}

func (p *Prober) poll(t target) *poll.Poll[Peer] {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.config.Now()
	if now.Sub(p.swept) > every {
		maps.DeleteFunc(p.probes, func(_ target, old *probe) bool { return now.Sub(old.asked) > forget })
		p.swept = now
	}
	current, ok := p.probes[t]
	if !ok {
		current = &probe{poll: poll.New(p.ctx, poll.Config[Peer]{
			Ask:     func(ctx context.Context) (Peer, error) { return p.dial(ctx, t) },
			Every:   cmp.Or(p.config.Every, every),
			Timeout: patience + timeout,
			Now:     p.config.Now,
		})}
		p.probes[t] = current
	}
	current.asked = now
	return current.poll
}

// dial shakes hands when it is this peer's turn.
func (p *Prober) dial(ctx context.Context, t target) (Peer, error) {
	select {
	case p.turns <- struct{}{}:
		defer func() { <-p.turns }()
	case <-ctx.Done():
		return Peer{}, fmt.Errorf("%w: too many handshakes at a time", poll.ErrNotAsked)
	}
	return p.config.Dial(ctx, t.address, t.network)
}
