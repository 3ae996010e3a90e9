package heal

import (
	"time"

	dto "github.com/prometheus/client_model/go"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/heal/history"
)

// Observation is what one check learned. Nil is unknown.
type Observation struct {
	At    time.Time
	State string   // of raptoreumd, as raptoreum_daemon_state has it; empty: unknown
	Alive *bool    // its process
	CPU   *float64 // seconds that the process has used
	Safe  *bool    // raptoreum_safe_to_restart
	Port  *bool    // raptoreum_port_reachable
	// Answered reports whether a call that takes the main lock was answered in this check, however late.
	Answered bool
	Tip      *time.Time // when debug.log was last extended by a new tip
	// PidFile reports whether raptoreumd.pid is there, which a crash or a kill leaves behind. No metric
	// reports it: the caller adds it.
	PidFile *bool
	// Another reports that a raptoreumd with another data directory runs: then the conf may be wrong.
	Another bool
}

// Observe reads an observation from gathered metrics.
func Observe(families []*dto.MetricFamily, at time.Time) Observation {
	o := Observation{At: at}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			value := m.GetGauge().GetValue() + m.GetCounter().GetValue()
			switch holds := value == 1; family.GetName() {
			case "raptoreum_daemon_state":
				if holds {
					o.State = m.GetLabel()[0].GetValue()
				}
			case "raptoreum_process_up":
				o.Alive = &holds
			case "raptoreum_process_cpu_seconds_total":
				o.CPU = &value
			case "raptoreum_safe_to_restart":
				o.Safe = &holds
			case "raptoreum_port_reachable":
				o.Port = &holds
			case "raptoreum_daemon_answer_age_seconds":
				o.Answered = o.Answered || m.GetLabel()[0].GetValue() == "mainlock"
			case "raptoreum_debuglog_tip_timestamp_seconds":
				tip := time.UnixMilli(int64(value * 1000))
				o.Tip = &tip
			}
		}
	}
	return o
}

// waited returns the observation of a slow daemon with what a longer wait for its main lock has shown.
func (o Observation) waited(later Observation) Observation {
	o.At, o.State, o.Answered = later.At, later.State, later.Answered
	if later.Tip != nil { // it may have logged a new one during the wait
		o.Tip = later.Tip
	}
	if o.State == "ready" { // late
		o.State = "slow"
	}
	return o
}

// trouble returns what is wrong. An unknown process counts as running. A daemon whose chain moves has no
// trouble that a restart would fix.
func (o Observation) trouble() Trouble {
	switch {
	case o.moving():
		return None
	case o.State == "hung", o.State == "slow" && !o.Answered: // heal waited longer than a scrape does
		return Hung
	case o.State == "unreachable" && o.Alive != nil && !*o.Alive:
		return Gone
	case o.State == "unreachable":
		return Silent
	}
	return None
}

// moving reports whether debug.log has a new tip: a daemon that validates blocks may not answer. One that
// accepts connections runs, also when its process is not visible from here.
func (o Observation) moving() bool {
	runs := o.Alive == nil || *o.Alive || o.State == "slow" || o.State == "hung"
	return runs && o.Tip != nil && o.At.Sub(*o.Tip).Abs() < daemon.HungAfter
}

// busy reports whether the process used the CPU since the last check: such a daemon is only slow.
func busy(h history.History, o Observation) bool {
	passed := o.At.Sub(h.LastCheck).Seconds()
	return h.CPU != nil && o.CPU != nil && passed > 0 && (*o.CPU-*h.CPU)/passed > minBusyShare
}

// stopped reports whether the daemon exited cleanly, and not because of an attempt of ours.
func stopped(h history.History, o Observation) bool {
	return h.PidFile && o.PidFile != nil && !*o.PidFile && !h.Ours
}

// after returns the history with another observation in it.
func after(h history.History, o Observation) history.History {
	gap := o.At.Sub(h.LastCheck)
	inRow := !h.LastCheck.IsZero() && gap >= 0 && gap <= maxGap
	h.Attempts = h.Recent(o.At)
	if busy(h, o) || h.BusyAt.After(o.At) { // the clock may have been put back
		h.BusyAt = o.At
	}
	trouble := o.trouble()
	if o.State == "busy" && h.Trouble == string(Hung) && h.Checks > 0 && inRow {
		trouble = Hung // the requests that hang have filled its queue
	}
	if goesOn := string(trouble) == h.Trouble || trouble == Gone && h.Trouble == string(Hung); !inRow || !goesOn || trouble == None {
		h.Since, h.Checks = time.Time{}, 0
	}
	if trouble != None {
		if h.Checks == 0 {
			h.Since = o.At
		}
		h.Checks++
	}
	h.Trouble = string(trouble)
	if o.State == "ready" {
		h.LastReady, h.PidFile, h.Ours = o.At, o.PidFile != nil && *o.PidFile, false
	}
	switch {
	case o.State != "ready":
		h.ReadySince = time.Time{}
	case h.ReadySince.IsZero() || !inRow:
		h.ReadySince = o.At
	case o.At.Sub(h.ReadySince) >= recovered:
		h.Attempts, h.GaveUp = nil, false
	}
	h.LastCheck, h.CPU = o.At, o.CPU
	return h
}
