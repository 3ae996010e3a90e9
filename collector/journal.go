package collector

import (
	"cmp"
	"errors"
	"sync"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"raptoreum_exporter/daemon"
)

// journal logs transitions, not states: a daemon that is down for a day is two lines.
type journal struct {
	logger log.Logger
	mu     sync.Mutex
	last   map[string]string // source -> "failing" or ""; "state" -> state of the daemon
}

func newJournal(logger log.Logger) *journal {
	if logger == nil {
		logger = log.NewNopLogger()
	}
	return &journal{logger: logger, last: map[string]string{}}
}

// note logs when a collector or another source starts to fail and when it works again. Errors caused by the
// state of the daemon affect all collectors, so only the daemon's collector logs them.
func (j *journal) note(source string, err error) {
	if _, ok := errors.AsType[*daemon.Error](err); ok {
		return
	}
	if !j.changed(source, err != nil) {
		return
	}
	if err != nil {
		level.Warn(j.logger).Log("msg", "source fails", "source", source, "err", err)
	} else {
		level.Info(j.logger).Log("msg", "source works again", "source", source)
	}
}

func (j *journal) changed(source string, failing bool) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := ""
	if failing {
		now = "failing"
	}
	before := j.last[source]
	j.last[source] = now
	return before != now
}

// state logs the daemon's state when it changes.
func (j *journal) state(now daemon.State, err error) {
	j.mu.Lock()
	before := cmp.Or(j.last["state"], "unknown")
	j.last["state"] = string(now)
	j.mu.Unlock()
	switch {
	case before == string(now):
	case now == daemon.Ready:
		level.Info(j.logger).Log("msg", "daemon is ready", "before", before)
	default:
		level.Warn(j.logger).Log("msg", "daemon is not ready", "state", now, "before", before, "err", err)
	}
}
