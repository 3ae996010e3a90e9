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
	minInterval = time.Minute      // between two handshakes with one peer
	retention   = 10 * time.Minute // of a peer that is not probed: addresses of smartnodes change

	// maxConcurrent limits the handshakes in progress: 2,000 smartnodes take a few seconds, and a
	// thousand silent ones take no more connections than this.
	maxConcurrent = 256
	// queueTimeout is how long a handshake waits for one of the maxConcurrent slots.
	queueTimeout = 30 * time.Second
)

// Config configures a Prober. The zero value is ready to use.
type Config struct {
	// Dial performs one handshake and sets its own timeout; nil is Dial of the zero Dialer.
	Dial func(ctx context.Context, address, network string) (Peer, error)

	Now func() time.Time // nil is time.Now

	Every time.Duration // min interval between two handshakes with one peer; 0 is a minute. For tests in scaled time
}

// Prober performs handshakes with any number of peers. Each peer sees at most one a minute and never
// two at a time, for any number of callers. Its methods may be called concurrently.
type Prober struct {
	ctx    context.Context
	config Config

	slots chan struct{} // of the handshakes in progress

	mu     sync.Mutex
	probes map[target]*probe
	swept  time.Time
}

type target struct{ address, network string }

type probe struct {
	poll *poll.Poll[Peer]
	used time.Time // last call of Probe
	seen time.Time // end of the last handshake that succeeded
}

// NewProber returns a Prober that has not dialled yet. When ctx is done, it stops dialling and aborts
// the handshakes in progress.
func NewProber(ctx context.Context, config Config) *Prober {
	if config.Dial == nil {
		config.Dial = Dialer{}.Dial
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	return &Prober{ctx: ctx, config: config, slots: make(chan struct{}, maxConcurrent), probes: make(map[target]*probe)}
}

// Probe returns the last handshake with the peer at address ("host:port") on network, and false
// before the first one has ended. If the last one started a minute ago or earlier, it starts the next in the
// background; with poll.Wait, it returns after that one, or when ctx is done. The error of the reading is
// an *Error; its Value then holds what was received before the failure.
func (p *Prober) Probe(ctx context.Context, address, network string, mode poll.Mode) (poll.Reading[Peer], bool) {
	return p.poll(target{address, network}).Get(ctx, mode)
}

// Last returns the last handshake with a peer, and false before the first one has ended. It does not dial.
func (p *Prober) Last(address, network string) (poll.Reading[Peer], bool) {
	p.mu.Lock()
	known := p.probes[target{address, network}]
	p.mu.Unlock()
	if known == nil {
		return poll.Reading[Peer]{}, false
	}
	return known.poll.Last()
}

// LastSuccess returns when a handshake with a peer succeeded last, whoever asked for it. Zero: not since the start,
// or the peer was not probed for 10 minutes.
func (p *Prober) LastSuccess(address, network string) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if known := p.probes[target{address, network}]; known != nil {
		return known.seen
	}
	return time.Time{}
}

func (p *Prober) poll(t target) *poll.Poll[Peer] {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.config.Now()
	if now.Sub(p.swept) > minInterval {
		maps.DeleteFunc(p.probes, func(_ target, old *probe) bool { return now.Sub(old.used) > retention })
		p.swept = now
	}
	current, ok := p.probes[t]
	if !ok {
		current = &probe{poll: poll.New(p.ctx, poll.Config[Peer]{
			Ask:     func(ctx context.Context) (Peer, error) { return p.dial(ctx, t) },
			Every:   cmp.Or(p.config.Every, minInterval),
			Timeout: queueTimeout + timeout,
			Now:     p.config.Now,
		})}
		p.probes[t] = current
	}
	current.used = now
	return current.poll
}

// dial performs a handshake when a slot is free.
func (p *Prober) dial(ctx context.Context, t target) (Peer, error) {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return Peer{}, fmt.Errorf("%w: too many handshakes in progress", poll.ErrNotRequested)
	}
	peer, err := p.config.Dial(ctx, t.address, t.network)
	if peer.Reachable() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if current := p.probes[t]; current != nil {
			current.seen = poll.Wall(p.config.Now())
		}
	}
	return peer, err
}
