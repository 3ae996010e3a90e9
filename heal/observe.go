package heal

import (
	"time"

	dto "github.com/prometheus/client_model/go"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/host"
	"raptoreum_exporter/internal/history"
)

// Observation is what one check learned. Nil is unknown.
type Observation struct {
	At      time.Time
	State   string     // of raptoreumd, as raptoreum_daemon_state has it; empty: unknown
	Alive   *bool      // its process
	Started *time.Time // its process
	CPU     *float64   // seconds that the process has used
	Limit   *float64   // of its CPU use, in cores; nil: none, or unknown
	// Withheld is for how many seconds it was throttled or the hypervisor withheld the CPU; 0: never, or unknown.
	Withheld float64
	Disk     *host.Disk // how its process uses it; no metric reports that: the caller adds it
	Port     *bool      // raptoreum_port_reachable
	// Answered reports whether a call that takes the main lock was answered in this check, however late.
	Answered bool
	Late     bool       // no call was answered in the time of a scrape, but then one was
	Tip      *time.Time // when debug.log was last extended by a new tip
	// PidFile reports whether raptoreumd.pid is there, which a crash or a kill leaves behind. No metric
	// reports it, nor PidPath and Log: the caller adds them.
	PidFile *bool
	PidPath string           // where the pid file of the running process is; empty: unknown, or it does not run
	Log     *daemon.DebugLog // nil: not readable
	// Another reports that a raptoreumd with another data directory runs: then the conf may be wrong.
	Another bool
}

// Observe reads an observation from gathered metrics.
func Observe(families []*dto.MetricFamily, at time.Time) Observation {
	o := Observation{At: at}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			o.take(family.GetName(), m)
		}
	}
	return o
}

// take reads one sample.
func (o *Observation) take(name string, m *dto.Metric) {
	value := m.GetGauge().GetValue() + m.GetCounter().GetValue()
	holds, at := value == 1, time.UnixMilli(int64(value*1000))
	switch name {
	case "raptoreum_daemon_state":
		if holds {
			o.State = m.GetLabel()[0].GetValue()
		}
	case "raptoreum_process_up":
		o.Alive = &holds
	case "raptoreum_process_start_time_seconds":
		o.Started = &at
	case "raptoreum_process_cpu_seconds_total":
		o.CPU = &value
	case "raptoreum_daemon_cpu_limit_cores":
		o.Limit = &value
	case "raptoreum_daemon_cpu_throttled_seconds_total", "raptoreum_host_cpu_steal_seconds_total":
		o.Withheld += value
	case "raptoreum_port_reachable":
		o.Port = &holds
	case "raptoreum_daemon_answer_age_seconds":
		o.Answered = o.Answered || m.GetLabel()[0].GetValue() == "mainlock"
	case "raptoreum_debuglog_tip_timestamp_seconds":
		o.Tip = &at
	}
}

// unanswered reports whether a longer wait may show that the daemon is slow. Each run is a process of its own: it does not
// know of answers that were late.
func (o Observation) unanswered() bool {
	return !o.moving() && (o.State == "hung" || o.State == "slow" && !o.Answered)
}

// waited returns the observation with what a longer wait has shown.
func (o Observation) waited(later Observation) Observation {
	later.Port, later.Late = o.Port, o.State == "hung" && (later.State == "slow" || later.State == "ready")
	if later.Tip == nil {
		later.Tip = o.Tip
	}
	if later.State == "ready" { // late
		later.State = "slow"
	}
	return later
}

// trouble returns what is wrong. An unknown process counts as running. A daemon whose chain moves has no
// trouble that a restart would fix.
func (o Observation) trouble() Trouble {
	switch {
	case o.moving():
		return None
	case o.State == "hung", o.State == "slow" && !o.Answered && !o.Late: // heal waited longer than a scrape does
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

// after returns the history with another observation in it.
func after(h history.History, o Observation) history.History {
	gap := o.At.Sub(h.LastCheck)
	inRow := !h.LastCheck.IsZero() && gap >= 0 && gap <= maxGap
	h.Attempts = h.Recent(o.At)
	if reason := busy(h, o); reason != "" {
		h.BusyAt, h.Busy = o.At, reason
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
		h.LastReady = o.At
	}
	h = seen(h, o)
	switch {
	case o.State != "ready":
		h.ReadySince = time.Time{}
	case h.ReadySince.IsZero() || !inRow:
		h.ReadySince = o.At
	case o.At.Sub(h.ReadySince) >= recovered:
		h.Attempts, h.GaveUp = nil, false
	}
	h.LastCheck, h.CPU, h.Withheld, h.Disk = o.At, o.CPU, o.Withheld, (*history.Disk)(o.Disk)
	return h
}
