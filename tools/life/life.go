// Package life lets the alert rules face what nobody scripted. It plays months of random life of fleets of
// smartnodes, minute by minute, with the truth known, and renders the series that the exporters would send. Prometheus'
// own rule engine evaluates alerts.yml over them. Alertmanager's own packages apply alertmanager.yml, with a virtual
// clock. An oracle compares each message with what the owner should know in that minute.
package life

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// Config configures a run.
type Config struct {
	Rules, Routes string // paths of alerts.yml and alertmanager.yml
	Seed          uint64
	Minutes       int     // of each fleet
	Rate          float64 // how many times as often events happen; 0 is 1
	Every         bool    // evaluate every expression in every minute, also where the result cannot change
}

// fleetSize returns the number of smartnodes of a fleet. Most owners have few.
func fleetSize(seed uint64, index int) int {
	sizes := []int{1, 1, 2, 3, 4, 5, 6, 8}
	return sizes[rand.New(rand.NewPCG(seed, uint64(index))).IntN(len(sizes))]
}

// play plays the life of one fleet. It has to run in a bubble of testing/synctest, whose clock it moves. For each
// problem it calls found, with the series of the last day.
func play(ctx context.Context, config Config, index int, found func(*problem, *memory)) (*oracle, error) {
	random := rand.New(rand.NewPCG(config.Seed, uint64(index)))
	size := fleetSize(config.Seed, index)
	f := newFleet(random, newCatalog(), size, config, time.Now())
	o := newOracle(f)
	var mailbox mailbox
	a, err := startAlertmanager(config.Routes, mailbox.put)
	if err != nil {
		return nil, err
	}
	defer a.stop()
	p, err := startPrometheus(config.Rules, newMemory(), config.Every, a.receive)
	if err != nil {
		return nil, err
	}
	phase := time.Duration(random.IntN(60000)) * time.Millisecond // of evaluations within each minute
	wasDown := false
	for minute := 1; minute < config.Minutes; minute++ {
		time.Sleep(time.Until(f.time(float64(minute))))
		for _, m := range mailbox.take() {
			o.receive(m)
		}
		f.step(minute)
		o.step()
		for _, problem := range o.problems() {
			found(problem, p.memory)
		}
		if down := f.prometheusDown(); down || wasDown {
			if wasDown = down; down {
				continue
			}
			history := p.memory
			if f.lostHistory {
				history = newMemory()
			}
			if err := p.restart(history); err != nil {
				return nil, err
			}
		}
		f.scrape(p.memory)
		time.Sleep(phase)
		if err := p.eval(ctx, time.Now()); err != nil {
			return nil, fmt.Errorf("minute %d of fleet %d: %w", minute, index, err)
		}
	}
	return o, nil
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
	return taken
}
