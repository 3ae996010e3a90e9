package life

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// The defaults are a short run.
var (
	seed        = flag.Uint64("seed", 1, "seed of the random numbers")
	months      = flag.Float64("months", 1, "months to play, summed over all nodes")
	only        = flag.Int("fleet", -1, "play only the fleet with that index, as the report has them")
	days        = flag.Int("days", 30, "days that each fleet is played")
	rate        = flag.Float64("rate", 1, "how many times as often events happen")
	rulesFile   = flag.String("rules", "../../alerts/alerts.yml", "file of the rules")
	routesFile  = flag.String("routes", "../../alerts/alertmanager.yml", "file of the routes")
	maxMissed   = flag.Int("max-missed", 0, "fail if more outages are missed")
	maxFalse    = flag.Int("max-false", 0, "fail if more critical messages are false when sent")
	maxLate     = flag.Int("max-late", 0, "fail if the ends of more outages are reported late or never")
	maxSlow     = flag.Int("max-slow", 0, "fail if more messages come later than their limit")
	maxMessages = flag.Float64("max-messages", 1.2, "fail if there are more messages with different alerts per outage")
	maxAlerts   = flag.Float64("max-alerts", 1.3, "fail if the messages about an outage have more different alerts")
	maxWarnings = flag.Float64("max-warnings", 1, "fail if a healthy node has more warnings a month, at the rate of life")
	lies        = flag.Bool("lies", false, "let an explorer lie about bans, which a watcher without a daemon believes")
	every       = flag.Bool("every", false, "evaluate each rule in each minute, as Prometheus does: the same result, 15 times slower")
	shrinkTo    = flag.Int("shrink", 0, "print promtool tests for that many problems")
)

// TestLife plays fleets until the given node-months are reached, prints the report and compares it with the limits.
func TestLife(t *testing.T) {
	debug.SetGCPercent(800)
	config := Config{Rules: *rulesFile, Routes: *routesFile, Seed: *seed, Minutes: *days * day, Rate: *rate, Lies: *lies, Every: *every}
	total, cases := newReport(config), &cases{config: config, limit: *shrinkTo}
	var mu sync.Mutex
	t.Run("fleet", func(t *testing.T) {
		played := 0.0
		for index := 0; played < *months; index++ {
			played += float64(fleetSize(*seed, index)*config.Minutes) / month
			if *only >= 0 && *only != index {
				continue
			}
			t.Run(fmt.Sprint(index), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					o, err := play(context.Background(), config, index, cases.add)
					if err != nil {
						t.Fatal(err)
					}
					mu.Lock()
					defer mu.Unlock()
					total.add(index, o, config.Minutes)
				})
			})
		}
	})
	total.print(os.Stdout)
	cases.print(os.Stdout)
	for name, outages := range total.outages {
		if outages.told >= 5 && len(outages.end) == 0 && name != "miss" { // its alert goes on with the last strike
			t.Errorf("no end of %s was judged, of %d that were reported", name, outages.told)
		}
	}
	limits := sums{*maxMissed, *maxFalse, *maxLate, *maxSlow, *maxWarnings, *maxMessages, *maxAlerts}
	if got := total.sums(); !got.within(limits) {
		t.Errorf("got %s\nwant at most %s", got, limits)
	}
}

// TestEvery checks that many minutes at a time, without what cannot change, give the same as one minute after the other.
func TestEvery(t *testing.T) {
	var seen [2]string
	for i, every := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			config := Config{Rules: *rulesFile, Routes: *routesFile, Seed: 2, Minutes: day, Rate: 15, Every: every}
			o, err := play(context.Background(), config, 6, func(*problem, *memory) {})
			if err != nil {
				t.Fatal(err)
			}
			r := newReport(config)
			r.add(6, o, config.Minutes)
			var b strings.Builder
			r.print(&b)
			seen[i] = b.String()
		})
	}
	if seen[0] != seen[1] {
		t.Errorf("got %s\none minute after the other: %s", seen[0], seen[1])
	}
	if !strings.Contains(seen[0], "all") || strings.Contains(seen[0], " 0 critical messages and 0 warnings") {
		t.Errorf("nothing happened: %s", seen[0])
	}
}

// TestClock checks that the clock keeps step with the minutes, also where the rules are evaluated at the end of each. A clock
// that falls behind lets alerts expire before they are sent again.
func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := Config{Rules: *rulesFile, Routes: *routesFile, Seed: 1, Minutes: 2 * hour}
		f := newFleet(rand.New(rand.NewPCG(1, 0)), newCatalog(), 1, config, time.Now())
		l := &life{fleet: f, oracle: newOracle(f.moment()), random: rand.New(rand.NewPCG(2, 0)), phase: 59900 * time.Millisecond}
		l.found = func(*problem, *memory) {}
		if err := l.play(t.Context(), config); err != nil {
			t.Fatal(err)
		}
		if got, want := time.Since(f.start), 2*time.Hour; got.Round(time.Second) != want {
			t.Errorf("%s passed in %s", got, want)
		}
	})
}
