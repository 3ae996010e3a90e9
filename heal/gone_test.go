package heal_test

import (
	"strings"
	"testing"
	"time"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/heal"
	"raptoreum_exporter/internal/history"
)

// logged returns the observation with a debug.log whose last line is as old as the check.
func logged(o heal.Observation, log daemon.DebugLog) heal.Observation { o.Log = &log; return o }

// TestEnd: a daemon that is gone is only restarted if something shows that it has crashed: its owner may have stopped it.
func TestEnd(t *testing.T) {
	var (
		ends     = daemon.DebugLog{Stopped: true}
		noEnd    = daemon.DebugLog{}
		diskFull = daemon.DebugLog{Stopped: true, Abort: daemon.DiskSpaceLow}
		corrupt  = daemon.DebugLog{Abort: daemon.Corruption}
	)
	for _, test := range []struct {
		name         string
		observations []heal.Observation
		want         int
		reason       string
	}{
		{"a crash", append(repeat(3, pid(ready, true)), repeat(60, crashed)...), 5, ""},
		{"a crash before the first check", repeat(60, crashed), 2, ""},
		{"a crash of a daemon that never was ready", append(repeat(3, pid(warming, true)), repeat(60, crashed)...), 5, ""},
		{"stopped cleanly", append(repeat(3, pid(ready, true)), repeat(60, pid(gone, false))...), -1, "removed its pid file"},
		{"stopped cleanly while starting", append(repeat(3, pid(warming, true)), repeat(60, pid(gone, false))...), -1, "removed its pid file"},
		{"the first check finds it stopped", repeat(60, pid(gone, false)), -1, "left no pid file behind"},
		{"nothing is known about its end", append(repeat(3, ready), repeat(60, gone)...), -1, "give --daemon.conf"},
		{"its pid file is elsewhere", append(repeat(3, pid(ready, false)), repeat(60, pid(gone, false))...), -1, "left no pid file behind"},
		{"its pid file is elsewhere, debug.log has no end", append(repeat(3, pid(ready, false)), repeat(60, logged(pid(gone, false), noEnd))...), 5, ""},
		{"its pid file is unknown, debug.log has no end", append(repeat(3, ready), repeat(60, logged(gone, noEnd))...), 5, ""},
		{"its pid file is elsewhere, debug.log ends", append(repeat(3, pid(ready, false)), repeat(60, logged(pid(gone, false), ends))...), -1, "was told to stop (debug.log)"},
		{"killed during its stop", append(repeat(3, pid(ready, true)), repeat(60, logged(crashed, ends))...), -1, "was told to stop (debug.log)"},
		{"the first check, debug.log has no end, no pid file", repeat(60, logged(pid(gone, false), noEnd)), -1, "left no pid file behind"},
		{"disk space is low", append(repeat(3, pid(ready, true)), repeat(60, logged(pid(gone, false), diskFull))...), -1, "stopped by itself because less than 50 MiB"},
		{"a database is corrupt", append(repeat(3, pid(ready, true)), repeat(60, logged(crashed, corrupt))...), -1, "stopped by itself because a database is corrupt"},
		{"processes are hidden", append(repeat(3, ready), repeat(60, hidden)...), -1, "give --daemon.conf"},
		{"processes are hidden, stopped cleanly", append(repeat(3, pid(ready, true)), repeat(60, pid(hidden, false))...), -1, "removed its pid file"},
		{"processes are hidden, a crash", append(repeat(3, pid(ready, true)), repeat(60, pid(hidden, true))...), 33, ""},
		{"it is stopping", append(repeat(3, ready), repeat(60, logged(silent, ends))...), -1, "is stopping"},
		{"silent, debug.log has no end", append(repeat(3, ready), repeat(60, logged(silent, noEnd))...), 33, ""},
		{"the log is older than the last ready state", append(repeat(3, pid(ready, true)), repeat(60, with(logged(crashed, ends), func(o *heal.Observation) { o.Log.Written = began.Add(-time.Hour) }))...), 5, ""},
	} {
		var h history.History
		var d heal.Decision
		got := -1
		for i, o := range test.observations {
			o.At = began.Add(time.Duration(i) * time.Minute)
			if o.Log != nil && o.Log.Written.IsZero() {
				log := *o.Log
				log.Written = o.At
				o.Log = &log
			}
			if d, h = heal.Decide(heal.Policy{}, h, o); d.Action == heal.Restart {
				got = i
				break
			}
		}
		if got != test.want || test.want < 0 && (d.Action != heal.Leave || !strings.Contains(d.Reason, test.reason)) {
			t.Errorf("%s: restart at minute %d, want %d; %+v", test.name, got, test.want, d)
		}
	}
}

// TestStoppedByUs: a daemon that an attempt of ours stopped is started again, although it exited cleanly. One that its owner
// has stopped since is not, also when it was not ready in between.
func TestStoppedByUs(t *testing.T) {
	between := heal.Observation{State: "unreachable", Alive: known(true)}
	for _, test := range []struct {
		name    string
		between []heal.Observation
		want    bool
	}{
		{"the command to start it failed", nil, true},
		{"it exited late", []heal.Observation{with(between, func(o *heal.Observation) { o.Started = known(began.Add(-time.Hour)) })}, true},
		{"its owner stopped the new process", []heal.Observation{with(between, func(o *heal.Observation) { o.Started = known(began.Add(3*time.Minute + time.Second)) })}, false},
		{"its owner stopped it during its warm-up", []heal.Observation{pid(warming, true)}, false},
		{"its owner stopped it once it was ready", []heal.Observation{pid(ready, true)}, false},
	} {
		var h history.History
		restarted := false
		at := began
		check := func(o heal.Observation) {
			o.At = at
			var d heal.Decision
			d, h = heal.Decide(heal.Policy{}, h, o)
			restarted = restarted || d.Action == heal.Restart
			at = at.Add(time.Minute)
		}
		for _, o := range append(repeat(3, pid(ready, true)), hung) {
			check(o)
		}
		h = h.Begin(began.Add(3*time.Minute)).End(at, "not restarted")
		for _, o := range append(test.between, repeat(60, pid(gone, false))...) {
			check(o)
		}
		if restarted != test.want {
			t.Errorf("%s: restarted: %t, want %t", test.name, restarted, test.want)
		}
	}
}
