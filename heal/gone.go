package heal

import (
	"fmt"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/internal/history"
)

// seen returns the history with what the observation of a running daemon shows about its end, when that comes.
func seen(h history.History, o Observation) history.History {
	if o.State != "" && o.State != "unreachable" || o.Alive != nil && *o.Alive {
		h.LastAlive, h.PidFile = o.At, o.PidFile != nil && *o.PidFile
	}
	if o.PidPath != "" {
		h.PidPath = o.PidPath
	}
	// After an attempt the process that was told to stop may run on for a while, and then it is ours to start. One that
	// was started since is not: if it is stopped, its owner did that.
	n := len(h.Attempts)
	restarted := n > 0 && o.Started != nil && o.Started.After(h.Attempts[n-1].Started)
	if restarted || o.State == "ready" || o.State == "warming_up" {
		h.Ours = false
	}
	return h
}

// stays returns why a daemon that may not be running must not be started; empty: it must. Its owner may have stopped it,
// so only evidence of a crash is a reason to start it: a clean exit removes the pid file and ends debug.log.
func stays(h history.History, o Observation) string {
	log := o.Log
	// A debug.log to which the daemon did not write while it was seen running is that of an earlier time.
	if log != nil && log.Written.Before(h.LastAlive.Add(-maxGap)) {
		log = nil
	}
	switch {
	case log != nil && log.Abort != daemon.NoAbort:
		return fmt.Sprintf("raptoreumd stopped by itself because %s (debug.log), which a restart does not fix; fix it, then start raptoreumd", log.Abort)
	case h.Ours:
		return ""
	case log != nil && log.Stopped:
		return "raptoreumd was told to stop (debug.log); start it when you want it to run"
	case o.PidFile != nil && *o.PidFile:
		return ""
	case o.PidFile != nil && h.PidFile:
		return "raptoreumd exited and removed its pid file, so it was stopped; start it when you want it to run"
	case log != nil && !h.LastAlive.IsZero():
		return ""
	}
	if o.PidFile == nil && log == nil {
		return "raptoreumd may have been stopped on purpose: its pid file and debug.log, which would show a crash, are unknown; start it, and give --daemon.conf"
	}
	return "raptoreumd may have been stopped on purpose: it left no pid file behind, as a crash does; start it when you want it to run"
}

// stopping reports whether a process that refuses connections was told to stop by someone else.
func stopping(h history.History, o Observation) bool {
	return !h.Ours && o.Log != nil && o.Log.Stopped && (o.Started == nil || o.Log.Written.After(*o.Started))
}
