// Package heal decides whether a restart would help raptoreumd, and makes it.
//
// A restart costs what runs, a key generation perhaps, and a kill can damage the databases. So only
// silence is a reason, seen on several looks in a row:
//
//	raptoreumd is                       restart after
//	gone: refuses, and has no process   2 minutes; never when it ended in good order, which takes its
//	                                    pid file away: whoever stopped it starts it
//	hung: accepts and does not answer   --heal.after without CPU time, six times that with; a full work
//	                                    queue after it is the same
//	silent: refuses, with a process     six times that: it may be starting or writing its databases; never
//	                                    while its port shakes hands, or when it was never seen ready
//	                                    at that address: then the address is wrong
//	anything else                       never: ready, starting, busy, refusing us, not understood
//
// PoSe, explorers and heights are not asked. An attempt is written down before it is made, so
// that a crash counts as one; after each the next has to wait twice as long, and after --heal.attempts
// of them within 6 hours heal gives up until raptoreumd has been ready for an hour.
package heal

import (
	"fmt"
	"time"

	dto "github.com/prometheus/client_model/go"
)

// Trouble is what is wrong with a daemon that a restart may help.
type Trouble string

// The troubles; see the package.
const (
	None   Trouble = ""
	Gone   Trouble = "gone"
	Hung   Trouble = "hung"
	Silent Trouble = "silent"
)

const (
	looksLeast = 3
	gone       = 2 * time.Minute  // a supervisor has had its chance
	rowGap     = 10 * time.Minute // looks that are further apart are not in a row
	busyShare  = 0.05             // of a core
	patient    = 6                // times --heal.after
	backOff    = 10 * time.Minute // after the first attempt; doubled after each
	remembered = 6 * time.Hour    // attempts
	recovered  = time.Hour        // ready that long, attempts are forgotten
)

// AttemptsMost can be made within 6 hours: the pauses between more of them are longer.
const AttemptsMost = 6

// Config says how patient heal is.
type Config struct {
	After    time.Duration // that a daemon has to be hung; 0 is 5 minutes
	Attempts int           // within 6 hours; 0 is 3
}

func (c Config) withDefaults() Config {
	if c.After == 0 {
		c.After = 5 * time.Minute
	}
	if c.Attempts == 0 {
		c.Attempts = 3
	}
	c.Attempts = min(c.Attempts, AttemptsMost)
	return c
}

// Look is what one look learned. Nil is unknown.
type Look struct {
	At    time.Time
	State string   // of raptoreumd, as raptoreum_daemon_state has it; empty: unknown
	Alive *bool    // its process
	CPU   *float64 // seconds that the process has used
	Safe  *bool    // raptoreum_safe_to_restart
	Port  *bool    // raptoreum_port_reachable
	// PidFile tells whether raptoreumd.pid is there, which a crash or a kill leaves behind. No metric
	// tells it: whoever makes the Look adds it.
	PidFile *bool
	// Another tells that a raptoreumd with another data directory runs: then the conf may be wrong.
	Another bool
}

// LookAt reads a look off gathered metrics.
func LookAt(families []*dto.MetricFamily, at time.Time) Look {
	l := Look{At: at}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			value := m.GetGauge().GetValue() + m.GetCounter().GetValue()
			switch holds := value == 1; family.GetName() {
			case "raptoreum_daemon_state":
				if holds {
					l.State = m.GetLabel()[0].GetValue()
				}
			case "raptoreum_process_up":
				l.Alive = &holds
			case "raptoreum_process_cpu_seconds_total":
				l.CPU = &value
			case "raptoreum_safe_to_restart":
				l.Safe = &holds
			case "raptoreum_port_reachable":
				l.Port = &holds
			}
		}
	}
	return l
}

// trouble names what is wrong. A process that is not known is taken to be there.
func (l Look) trouble() Trouble {
	switch {
	case l.State == "hung":
		return Hung
	case l.State == "unreachable" && l.Alive != nil && !*l.Alive:
		return Gone
	case l.State == "unreachable":
		return Silent
	}
	return None
}

// Action is what to do after a look.
type Action string

// The actions.
const (
	Leave   Action = "leave"   // nothing is wrong that a restart would mend
	Wait    Action = "wait"    // it may be, but not for long enough
	Restart Action = "restart" // now
	GiveUp  Action = "give_up" // restarts did not help
)

// Decision is an action and its reason in a sentence.
type Decision struct {
	Action  Action
	Trouble Trouble
	Reason  string
}

// Decide tells what to do after a look, and what to remember of it. It asks nothing.
func Decide(c Config, h History, l Look) (Decision, History) {
	c = c.withDefaults()
	h = h.after(l)
	trouble := h.Trouble
	decide := func(a Action, format string, args ...any) (Decision, History) {
		return Decision{a, trouble, fmt.Sprintf(format, args...)}, h
	}
	leave := func(reason string) (Decision, History) { // another row begins when that is over
		h.Since, h.Looks = time.Time{}, 0
		return decide(Leave, "%s", reason)
	}
	if trouble == None {
		return decide(Leave, "raptoreumd is %s", orUnknown(l.State))
	}
	needs, lasts := c.patience(trouble), l.At.Sub(h.Since)
	idle := lasts
	if h.BusyAt.After(h.Since) { // whoever uses the CPU may only be slow
		idle = l.At.Sub(h.BusyAt)
	}
	if h.GaveUp {
		return decide(GiveUp, "raptoreumd is %s, and heal has given up: its restarts did not help, look at debug.log", trouble)
	}
	switch {
	case l.State != "hung" && l.Safe != nil && !*l.Safe:
		return decide(Wait, "raptoreumd is %s, and a key generation runs", trouble)
	case trouble == Gone && l.Another && h.LastReady.IsZero():
		return leave("another raptoreumd runs, and ours was never ready where it is asked; is its conf right?")
	case trouble == Gone && h.stopped(l):
		return leave("raptoreumd has ended and taken its pid file away: whoever stopped it starts it")
	case trouble == Silent && l.Port != nil && *l.Port:
		return leave("its port shakes hands, so only its RPC is silent; is its address right?")
	case trouble == Silent && h.LastReady.IsZero():
		return leave("raptoreumd runs and was never ready where it is asked; is its address right?")
	}
	if h.Looks < looksLeast || idle < needs && lasts < max(needs, patient*c.After) {
		return decide(Wait, "raptoreumd is %s for %s on %d looks; a restart comes after %s and %d looks", trouble, lasts.Round(time.Second), h.Looks, needs, looksLeast)
	}
	recent := h.Attempts
	switch {
	case len(recent) >= c.Attempts:
		h.GaveUp = true
		return decide(GiveUp, "raptoreumd is %s after %d restarts: they do not help, look at debug.log", trouble, len(recent))
	case len(recent) > 0:
		last := recent[len(recent)-1]
		if next := last.over().Add(pause(len(recent))); l.At.Before(next) {
			return decide(Wait, "raptoreumd is %s; the next attempt comes after %s", trouble, next.UTC().Format(time.RFC3339))
		}
	}
	return decide(Restart, "raptoreumd is %s for %s on %d looks", trouble, lasts.Round(time.Second), h.Looks)
}

func orUnknown(state string) string {
	if state == "" {
		return "not known"
	}
	return state
}

// patience is how long a trouble has to last.
func (c Config) patience(t Trouble) time.Duration {
	switch t {
	case Gone:
		return min(gone, c.After)
	case Silent:
		return patient * c.After
	}
	return c.After
}

// pause is how long to wait after so many attempts.
func pause(attempts int) time.Duration {
	p := backOff
	for range attempts - 1 {
		if p *= 2; p > remembered {
			return remembered
		}
	}
	return p
}
