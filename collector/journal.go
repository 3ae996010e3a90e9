package collector

import (
	"cmp"
	"errors"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"raptoreum_exporter/daemon"
)

// journal logs transitions, not states: a daemon that is down for a day is two lines. A transition counts
// once two observations in a row agree on it, so one that flaps does not fill the log. Several Prometheus
// servers, or short scrape intervals, agree on each phase of a flapping source: after a few transitions it
// has to hold for longer.
type journal struct {
	logger log.Logger
	mu     sync.Mutex
	states map[string]*settling // by source
}

// settling is the state of a source, and the one that it may be changing to.
type settling struct {
	settled, observed string
	at                time.Time             // of the last observation
	since             time.Time             // of the first one of observed
	changes           [maxChanges]time.Time // when it last settled, latest first
}

const (
	maxChanges   = 4 // within flapsWithin; from then on a state has to hold
	flapsWithin  = 10 * time.Minute
	flappingHold = 5 * time.Minute
)

// holds reports whether what is observed has lasted long enough to be logged.
func (s *settling) holds() bool {
	flapping := s.at.Sub(s.changes[maxChanges-1]) < flapsWithin
	return !flapping || s.at.Sub(s.since) >= flappingHold
}

func newJournal(logger log.Logger) *journal {
	if logger == nil {
		logger = log.NewNopLogger()
	}
	return &journal{logger: logger, states: map[string]*settling{}}
}

// The states of a source other than the daemon.
const (
	working = ""
	failing = "failing"
)

// note logs when a collector or another source starts to fail and when it works again. at identifies the
// observation, because several scrapes may have the same one. Errors caused by the state of the daemon affect all
// collectors, so only the daemon's collector logs them.
func (j *journal) note(source string, at time.Time, err error) {
	if _, ok := errors.AsType[*daemon.Error](err); ok {
		return
	}
	state := working
	if err != nil {
		state = failing
	}
	if _, changed := j.observe(source, at, state); !changed {
		return
	}
	if err != nil {
		level.Warn(j.logger).Log("msg", "source failed", "source", source, "err", err)
	} else {
		level.Info(j.logger).Log("msg", "source recovered", "source", source)
	}
}

// state logs the daemon's state when it changes.
func (j *journal) state(at time.Time, now daemon.State, err error) {
	before, changed := j.observe("daemon", at, string(now))
	before = cmp.Or(before, "unknown")
	switch {
	case !changed:
	case now == daemon.Ready:
		level.Info(j.logger).Log("msg", "daemon is ready", "before", before)
	default:
		level.Warn(j.logger).Log("msg", "daemon is not ready", "state", now, "before", before, "err", err)
	}
}

// observe returns the settled state before this observation, and whether it has changed.
func (j *journal) observe(source string, at time.Time, state string) (before string, changed bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := j.states[source]
	if s == nil {
		s = &settling{}
		j.states[source] = s
	}
	before = s.settled
	again := state == s.observed && !at.Equal(s.at) && !s.at.IsZero()
	if state != s.observed {
		s.since = at
	}
	s.observed, s.at = state, at
	if again && state != s.settled && s.holds() {
		copy(s.changes[1:], s.changes[:])
		s.settled, s.changes[0] = state, at
		return before, true
	}
	return before, false
}
