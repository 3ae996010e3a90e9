// Package life lets the alert rules face what nobody scripted. It plays months of random life of fleets of
// smartnodes, minute by minute, with the truth known, and renders the series that the exporters would send. Prometheus'
// own rule engine evaluates alerts.yml over them, for hours at a time. Alertmanager's own packages apply alertmanager.yml, with a virtual
// clock. An oracle compares each message with what the owner should know in that minute.
package life

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Config configures a run.
type Config struct {
	Rules, Routes string // paths of alerts.yml and alertmanager.yml
	Seed          uint64
	Minutes       int     // of each fleet
	Rate          float64 // how many times as often events happen; 0 is 1
	Lies          bool    // an explorer lies about bans at times, which the rules cannot know where a watcher has no daemon
	Every         bool    // evaluate each rule in each minute, in the order of the file, as Prometheus does
}

// fleetSize returns the number of smartnodes of a fleet. Most owners have few.
func fleetSize(seed uint64, index int) int {
	sizes := []int{1, 1, 2, 3, 4, 5, 6, 8}
	return sizes[rand.New(rand.NewPCG(seed, uint64(index))).IntN(len(sizes))]
}

// ahead is for how many minutes a fleet is played before the rules are evaluated for all of them. The more, the faster.
const ahead = 6 * hour

// play plays the life of one fleet. It has to run in a bubble of testing/synctest, whose clock it moves. For each
// problem it calls found, with the series of the last day.
func play(ctx context.Context, config Config, index int, found func(*problem, *memory)) (*oracle, error) {
	random := rand.New(rand.NewPCG(config.Seed, uint64(index)))
	f := newFleet(random, newCatalog(), fleetSize(config.Seed, index), config, time.Now())
	l := &life{fleet: f, oracle: newOracle(f.moment()), found: found, random: rand.New(rand.NewPCG(^config.Seed, uint64(index)))}
	l.phase = time.Duration(random.IntN(60000)) * time.Millisecond
	if err := l.play(ctx, config); err != nil {
		return nil, fmt.Errorf("minute %d of fleet %d: %w", f.minute, index, err)
	}
	return l.oracle, nil
}

// life is the life of one fleet. Nothing in it depends on the alerts. So its next hours are played first, then the rules
// are evaluated for all of them, and then the clock moves minute by minute, and Alertmanager gets what was sent.
type life struct {
	fleet        *fleet
	prometheus   *prometheus
	alertmanager *alertmanager
	mailbox      mailbox
	oracle       *oracle
	phase        time.Duration // of evaluations within each minute
	random       *rand.Rand    // of how long they take
	found        func(*problem, *memory)

	wasDown bool
	moments []*moment // not judged
	due     []*moment // not evaluated
}

// play plays all of it.
func (l *life) play(ctx context.Context, config Config) (err error) {
	if l.alertmanager, err = startAlertmanager(config.Routes, l.mailbox.put); err != nil {
		return err
	}
	defer l.alertmanager.stop()
	if l.prometheus, err = startPrometheus(config.Rules, newMemory(), config.Every); err != nil {
		return err
	}
	for minute := 1; minute < config.Minutes; minute++ {
		err := l.scrape(ctx, minute)
		if err == nil && (len(l.moments) == ahead || minute == config.Minutes-1) {
			if err = l.evaluate(ctx); err == nil {
				err = l.judge(ctx)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// moment is what is true in one minute, and what the rules say about it.
type moment struct {
	minute int
	time   time.Time
	down   bool              // Prometheus
	now    map[string]*event // of the fleet
	truth  map[string]bool
	nodes  []nodeMoment

	memory *memory
	sent   []notification
}

// nodeMoment is what is true about one node in one minute.
type nodeMoment struct {
	*node     // for what stays the same
	now       map[string]*event
	truth     map[string]bool
	unscraped bool
}

// silent returns how many raptoreumds tell nothing.
func (m *moment) silent() (count int) {
	for _, n := range m.nodes {
		for _, what := range []string{"machine down", "exporter down", "dead", "gone", "hung", "refused", "crash loop", "stuck warm-up", "starting"} {
			if n.truth[what] {
				count++
				break
			}
		}
	}
	return count
}

// moment returns what is true now.
func (f *fleet) moment() *moment {
	m := &moment{minute: f.minute, time: f.time(float64(f.minute)), down: f.prometheusDown(), now: f.now, truth: f.truth}
	for _, n := range f.nodes {
		m.nodes = append(m.nodes, nodeMoment{n, n.now, n.truth, false})
	}
	return m
}

// scrape moves the fleet to the next minute, and scrapes it.
func (l *life) scrape(ctx context.Context, minute int) error {
	f, p := l.fleet, l.prometheus
	f.step(minute)
	m := f.moment()
	l.moments = append(l.moments, m)
	if m.down || l.wasDown {
		if err := l.evaluate(ctx); err != nil {
			return err
		}
	}
	if l.wasDown && !m.down {
		history := p.memory
		if f.lostHistory {
			history = newMemory()
		}
		if err := p.restart(history); err != nil {
			return err
		}
	}
	m.memory, l.wasDown = p.memory, m.down
	if !m.down {
		f.scrape(p.memory)
		for i := range m.nodes {
			m.nodes[i].unscraped = f.nodes[i].unscraped > 0
		}
		l.due = append(l.due, m)
	}
	return nil
}

// evaluate evaluates the rules in all minutes that are due.
func (l *life) evaluate(ctx context.Context) error {
	if len(l.due) == 0 {
		return nil
	}
	sent, err := l.prometheus.eval(ctx, stretch{l.due[0].time.Add(l.phase), len(l.due)})
	for i := range sent {
		l.due[i].sent = sent[i]
	}
	l.due = nil
	return err
}

// judge moves the clock through the minutes that were evaluated, and compares the messages with the truth.
func (l *life) judge(ctx context.Context) error {
	for _, m := range l.moments {
		time.Sleep(time.Until(m.time))
		if behind := time.Since(m.time); behind != 0 {
			return fmt.Errorf("the clock is %s behind", behind)
		}
		for _, message := range l.mailbox.take() {
			l.oracle.receive(message)
		}
		l.oracle.step(m)
		for _, problem := range l.oracle.problems() {
			l.found(problem, m.memory)
		}
		// Without a delay that differs, alerts would arrive in the very instant in which their group is sent: by chance before
		// that or after it. It ends within the minute, because the next one must not begin late.
		delay := l.phase + time.Duration(l.random.IntN(int(time.Second)))
		time.Sleep(min(delay, time.Minute-time.Millisecond))
		for _, n := range m.sent {
			l.oracle.endSilently(l.alertmanager.receive(ctx, n.alerts))
		}
	}
	l.moments = nil
	return nil
}

// mailbox collects messages until they are judged at the end of their minute.
type mailbox struct {
	mu       sync.Mutex
	messages []message
}

func (b *mailbox) put(m message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.messages = append(b.messages, m)
}

func (b *mailbox) take() []message {
	b.mu.Lock()
	defer b.mu.Unlock()
	taken := b.messages
	b.messages = nil
	slices.SortFunc(taken, func(a, b message) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.group, b.group)) })
	return taken
}
