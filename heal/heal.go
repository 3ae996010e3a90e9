// Package heal decides whether a restart would help raptoreumd, and restarts it: the heal command.
//
// A restart interrupts what is running, a key generation perhaps, and a kill can damage the databases. So
// only a missing answer is a reason, observed in several consecutive checks:
//
//	raptoreumd is                       restart after
//	gone: it refuses connections and    2 minutes, if it has crashed: its pid file is left behind, or debug.log has no
//	has no process                      end. Otherwise never, because it may have been stopped on purpose
//	hung: it accepts connections but    --heal.after if the process is known to be idle: it could use the CPU, but does
//	does not answer, or for a minute    not, and does not wait for the disk or the swap. Otherwise six times that. A full
//	no call that takes its main lock    work queue after that still counts as hung. Never while debug.log has new tips,
//	                                    or any answer comes late: it is slow
//	silent: it refuses connections,     six times --heal.after, because it may be starting or writing its
//	but its process is running, or      databases; never if the P2P handshake succeeds or it was never
//	that is unknown                     ready at that address, because then the address is wrong; never if it is
//	                                    stopping, or its process is unknown and it may have been stopped on purpose
//	anything else                       never: ready, slow, starting, busy, rejecting us, not understood
//
// PoSe, explorers and heights play no role. An attempt is recorded before it is made, so that a crash
// counts as one; after each, the next has to wait twice as long, and after --heal.attempts of them within
// 6 hours heal gives up until raptoreumd has been ready for an hour.
package heal

import (
	"cmp"
	"fmt"
	"time"

	"raptoreum_exporter/config"
	"raptoreum_exporter/internal/history"
)

// Trouble is a state of the daemon in which a restart may help.
type Trouble string

// The troubles, as defined in the package comment.
const (
	None   Trouble = ""
	Gone   Trouble = "gone"
	Hung   Trouble = "hung"
	Silent Trouble = "silent"
)

const (
	minChecks  = 3
	goneAfter  = 2 * time.Minute  // gives a supervisor time to restart it
	maxGap     = 10 * time.Minute // between consecutive checks
	busyFactor = 6                // times --heal.after for a daemon that works or may be starting
	backOff    = 10 * time.Minute // after the first attempt; doubled after each
	recovered  = time.Hour        // ready for that long, attempts are forgotten
)

// Policy says when a restart is due.
type Policy struct {
	After    time.Duration // that a daemon has to be hung; 0 is 5 minutes
	Attempts int           // within 6 hours; 0 is 3
}

func (p Policy) withDefaults() Policy {
	return Policy{cmp.Or(p.After, 5*time.Minute), min(cmp.Or(p.Attempts, 3), config.MaxAttempts)}
}

// Action is what to do after a check.
type Action string

// The actions.
const (
	Leave   Action = "leave"   // nothing is wrong that a restart would fix
	Wait    Action = "wait"    // a restart may help, but is not due yet
	Restart Action = "restart" // now
	GiveUp  Action = "give_up" // restarts did not help
)

// Decision is an action and its reason in a sentence.
type Decision struct {
	Action  Action
	Trouble Trouble
	Reason  string
}

// Decide returns what to do after an observation, and the history with it. It has no side effects.
func Decide(p Policy, h history.History, o Observation) (Decision, history.History) {
	p = p.withDefaults()
	h = after(h, o)
	trouble := Trouble(h.Trouble)
	decide := func(a Action, format string, args ...any) (Decision, history.History) {
		return Decision{a, trouble, fmt.Sprintf(format, args...)}, h
	}
	leave := func(reason string) (Decision, history.History) { // the next trouble starts a new sequence
		h.Since, h.Checks = time.Time{}, 0
		return decide(Leave, "%s", reason)
	}
	switch {
	case trouble == None && o.moving() && o.State != "ready":
		return decide(Leave, "raptoreumd is %s, and debug.log has a new tip: it is working", cmp.Or(o.State, "unknown"))
	case trouble == None:
		return decide(Leave, "raptoreumd is %s", cmp.Or(o.State, "unknown"))
	}
	needs, lasts := p.minDuration(trouble), o.At.Sub(h.Since)
	idle := lasts
	if trouble == Hung && h.BusyAt.After(h.Since) {
		idle = o.At.Sub(h.BusyAt)
	}
	if h.GaveUp {
		return decide(GiveUp, "raptoreumd is %s, and heal has given up: its restarts did not help; check debug.log", trouble)
	}
	unknown := trouble == Silent && o.Alive == nil
	switch {
	case trouble == Gone && o.Another && h.LastReady.IsZero():
		return leave("another raptoreumd is running, and ours was never ready at the configured address; is --daemon.conf right?")
	case trouble == Silent && o.Port != nil && *o.Port:
		return leave("the P2P handshake succeeds, so only RPC does not answer; is the address right?")
	case trouble == Silent && h.LastReady.IsZero():
		return leave("raptoreumd was never ready at the configured address; is it running, and is the address right?")
	case trouble == Silent && !unknown && stopping(h, o):
		return leave("raptoreumd was told to stop (debug.log), and is stopping")
	case trouble == Gone || unknown:
		if reason := stays(h, o); reason != "" {
			return leave(reason)
		}
	}
	if h.Checks < minChecks || idle < needs && lasts < max(needs, busyFactor*p.After) {
		return decide(Wait, "%s", p.wait(h, lasts))
	}
	switch attempts := len(h.Attempts); {
	case attempts >= p.Attempts:
		h.GaveUp = true
		return decide(GiveUp, "raptoreumd is %s after %d restarts: they do not help; check debug.log", trouble, attempts)
	case attempts > 0:
		if next := h.Attempts[attempts-1].Over().Add(pause(attempts)); o.At.Before(next) {
			return decide(Wait, "raptoreumd is %s; the next attempt is due at %s", trouble, next.UTC().Format(time.RFC3339))
		}
	}
	return decide(Restart, "raptoreumd has been %s for %s in %d checks", trouble, lasts.Round(time.Second), h.Checks)
}

// minDuration returns how long a trouble has to last.
func (p Policy) minDuration(t Trouble) time.Duration {
	switch t {
	case Gone:
		return min(goneAfter, p.After)
	case Silent:
		return busyFactor * p.After
	}
	return p.After
}

// pause returns how long to wait after so many attempts.
func pause(attempts int) time.Duration {
	p := backOff
	for range attempts - 1 {
		if p *= 2; p > history.Retention {
			return history.Retention
		}
	}
	return p
}
