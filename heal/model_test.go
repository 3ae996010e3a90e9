package heal_test

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"raptoreum_exporter/heal"
	"raptoreum_exporter/host"
	"raptoreum_exporter/internal/history"
)

// world is a daemon that fails at random, and heal's timer and clock.
type world struct {
	*rand.Rand
	now      time.Time     // true time
	slow     time.Duration // how far the clock lags: it is set back at times
	since    time.Time     // of trouble; zero: none
	share    float64       // of a core, used by the process
	cpu      float64
	blocked  int // threads that wait for the disk
	state    string
	alive    bool
	pidFile  bool        // left behind, or there while it runs
	until    time.Time   // when its state changes by itself
	helps    float64     // share of restarts that help
	attempts []time.Time // since it was ready for an hour
	ready    time.Time   // since when it is ready; zero: it is not
	history  history.History
}

func (w *world) live() {
	if w.now.Before(w.until) {
		return
	}
	type fate struct {
		state string
		alive bool
	}
	fates := []fate{{"ready", true}, {"ready", true}, {"ready", true}, {"hung", true}, {"unreachable", false}, {"unreachable", true}, {"warming_up", true}, {"busy", true}, {"unauthorized", true}, {"error", true}, {"slow", true}}
	f := fates[w.IntN(len(fates))]
	w.state, w.alive, w.pidFile = f.state, f.alive, f.alive || w.IntN(2) == 0
	w.share, w.blocked = []float64{0, 0.01, 0.5}[w.IntN(3)], max(0, w.IntN(4)-2)
	w.until = w.now.Add(time.Duration(w.ExpFloat64() * float64(40*time.Minute)))
	if w.state == "ready" {
		w.until = w.now.Add(time.Duration(w.ExpFloat64() * float64(3*time.Hour)))
		if w.ready.IsZero() {
			w.ready = w.now
		}
	} else {
		w.ready = time.Time{}
	}
}

func (w *world) clock() time.Time { return w.now.Add(-w.slow) }

func (w *world) observe() heal.Observation {
	o := heal.Observation{At: w.clock(), State: w.state, Answered: w.state == "slow" || w.state == "ready"}
	if w.IntN(20) > 0 {
		o.Alive = known(w.alive)
	}
	if w.alive && w.IntN(20) > 0 {
		o.CPU, o.Disk = known(w.cpu), &host.Disk{Blocked: w.blocked}
	}
	if w.IntN(20) > 0 {
		o.PidFile = known(w.pidFile)
	}
	return o
}

// minDuration is the minimum duration of a trouble before a restart.
func minDuration(p heal.Policy, o heal.Observation) time.Duration {
	switch {
	case o.Disk != nil && o.Disk.Blocked > 0:
		return 6 * p.After
	case o.State == "hung", o.State == "busy":
		return p.After
	case o.Alive != nil && !*o.Alive:
		return min(p.After, 2*time.Minute)
	}
	return 6 * p.After
}

// TestModel: whatever happens to the daemon, to heal and to the clock, heal never restarts a daemon that answers or was
// stopped cleanly, never restarts too early or too often, and finally gives up.
func TestModel(t *testing.T) {
	t.Parallel()
	histories := 4000
	if testing.Short() {
		histories = 400
	}
	restarts, gaveUp := 0, 0
	for seed := range histories {
		w := &world{Rand: rand.New(rand.NewPCG(uint64(seed), 7)), now: began}
		w.helps = []float64{0, 0.5, 1}[w.IntN(3)]
		c := heal.Policy{Attempts: 1 + w.IntN(5), After: time.Duration(1+w.IntN(8)) * time.Minute}
		for range 60 * 24 {
			w.step(t, c)
		}
		restarts += w.history.Restarts
		if w.history.GaveUp {
			gaveUp++
		}
		if t.Failed() {
			t.Fatalf("seed %d, %+v", seed, c)
		}
	}
	t.Logf("%d histories of a day, %d restarts, %d gave up at the end", histories, restarts, gaveUp)
	if restarts < histories/2 || gaveUp < histories/50 {
		t.Error("the model produces too few restarts")
	}
}

// pass advances time to the next run of the timer: about a minute, or longer while the machine sleeps. The clock
// may be set back.
func (w *world) pass() {
	step := 50*time.Second + time.Duration(w.IntN(20))*time.Second
	if w.IntN(300) == 0 {
		step += time.Duration(w.IntN(90)) * time.Minute
	}
	if w.IntN(300) == 0 {
		w.slow += time.Duration(w.IntN(200)) * time.Minute
	}
	w.now, w.cpu = w.now.Add(step), w.cpu+w.share*step.Seconds()
}

// step is one run of heal.
func (w *world) step(t *testing.T, p heal.Policy) {
	w.pass()
	w.live()
	bad := w.state == "hung" || w.state == "unreachable" || w.state == "busy" && w.history.Trouble == string(heal.Hung)
	if bad && w.since.IsZero() {
		w.since = w.now
	}
	if !w.ready.IsZero() && w.now.Sub(w.ready) >= time.Hour {
		w.attempts = nil
	}
	o := w.observe()
	d, next := heal.Decide(p, w.history, o)
	if w.IntN(50) == 0 {
		return // killed before it wrote anything
	}
	if !bad { // and heal has recorded it
		w.since = time.Time{}
	}
	if d.Action != heal.Restart {
		if w.history = next; w.IntN(50) == 0 {
			w.history = reread(t, next)
		}
		return
	}
	switch {
	case o.State != "hung" && o.State != "unreachable" && (o.State != "busy" || w.history.Trouble != string(heal.Hung)):
		t.Errorf("restarts a daemon that is %s", o.State)
	case !w.alive && !w.pidFile && !w.history.Ours && o.State == "unreachable":
		t.Errorf("restarts a daemon that was stopped cleanly")
	case w.now.Sub(w.since) < minDuration(p, o):
		t.Errorf("restarts a daemon that is %s after %s", o.State, w.now.Sub(w.since))
	case w.history.GaveUp && next.GaveUp:
		t.Errorf("restarts after it gave up")
	}
	w.attempts = append(w.attempts, w.now)
	hour, sixHours := 0, 0
	for _, at := range w.attempts {
		if w.now.Sub(at) < time.Hour {
			hour++
		}
		if w.now.Sub(at) < 6*time.Hour {
			sixHours++
		}
	}
	if hour > min(p.Attempts, 3) || sixHours > p.Attempts {
		t.Errorf("%d restarts within an hour, %d within 6, of %d allowed", hour, sixHours, p.Attempts)
	}
	w.history = reread(t, next.Begin(w.clock()))
	w.now = w.now.Add(time.Duration(w.IntN(300)) * time.Second)
	if w.Float64() < w.helps {
		w.ready = time.Time{}
		w.state, w.alive, w.pidFile, w.until = "warming_up", true, true, w.now.Add(5*time.Minute)
	} else {
		w.until = w.now.Add(12 * time.Hour)
	}
	if w.IntN(4) > 0 { // otherwise heal was killed during the attempt
		w.history = reread(t, w.history.End(w.clock(), "started by x"))
	}
}

// reread returns the history as the next run reads it.
func reread(t *testing.T, h history.History) (again history.History) {
	t.Helper()
	text, err := json.Marshal(h)
	if err != nil || len(text) > 4000 {
		t.Fatal(err, len(text))
	}
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	return again
}

// TestAlwaysGivesUp: if no restart helps, heal finally gives up for good.
func TestAlwaysGivesUp(t *testing.T) {
	t.Parallel()
	for seed := range 500 {
		w := &world{Rand: rand.New(rand.NewPCG(uint64(seed), 9)), now: began}
		w.state, w.alive = []string{"hung", "unreachable"}[w.IntN(2)], w.IntN(2) == 0
		w.until = began.Add(1000 * time.Hour)
		w.history.LastReady = began
		c := heal.Policy{Attempts: 1 + w.IntN(5)}
		for range 60 * 20 {
			w.now = w.now.Add(time.Minute)
			d, next := heal.Decide(c, w.history, heal.Observation{At: w.now, State: w.state, Alive: known(w.alive), PidFile: known(true)})
			if d.Action == heal.Restart {
				next = next.Begin(w.now).End(w.now.Add(10*time.Second), "started by x")
			}
			w.history = next
		}
		if !w.history.GaveUp || w.history.Restarts != c.Attempts {
			t.Fatalf("seed %d: %s, %d of %d attempts, gave up %t", seed, w.state, w.history.Restarts, c.Attempts, w.history.GaveUp)
		}
	}
}

// TestAlwaysRestarts: a daemon that is hung or has crashed is restarted, whatever happens to heal and to the clock.
func TestAlwaysRestarts(t *testing.T) {
	t.Parallel()
	for seed := range 1000 {
		w := &world{Rand: rand.New(rand.NewPCG(uint64(seed), 11)), now: began}
		w.state, w.alive, w.pidFile = []string{"hung", "unreachable"}[w.IntN(2)], w.IntN(2) == 0, true
		w.share, w.blocked = []float64{0, 0.5}[w.IntN(2)], w.IntN(2)
		w.history.LastReady = began
		var reason string
		for w.history.Restarts == 0 && w.now.Sub(began) < 12*time.Hour {
			w.pass()
			d, next := heal.Decide(heal.Policy{}, w.history, w.observe())
			if reason = d.Reason; d.Action == heal.Restart {
				next = next.Begin(w.clock())
			}
			if w.IntN(50) > 0 || d.Action == heal.Restart {
				w.history = next
			}
		}
		if w.history.Restarts == 0 {
			t.Fatalf("seed %d: %s, process %t, share %g: not restarted in 12 hours: %s", seed, w.state, w.alive, w.share, reason)
		}
	}
}
