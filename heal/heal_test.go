package heal_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"go.uber.org/goleak"

	"raptoreum_exporter/heal"
	"raptoreum_exporter/host"
	"raptoreum_exporter/internal/history"
)

func TestMain(m *testing.M) {
	if fakeDaemon() {
		return
	}
	goleak.VerifyTestMain(m)
}

var began = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func known[T any](value T) *T { return &value }

// repeat returns the same observation n times.
func repeat(n int, o heal.Observation) []heal.Observation {
	return slices.Repeat([]heal.Observation{o}, n)
}

var (
	ready   = heal.Observation{State: "ready", Alive: known(true)}
	hung    = heal.Observation{State: "hung", Alive: known(true), CPU: known(7.0), Disk: &host.Disk{}}
	gone    = heal.Observation{State: "unreachable", Alive: known(false)}
	crashed = pid(gone, true)
	silent  = heal.Observation{State: "unreachable", Alive: known(true)}
	working = heal.Observation{State: "unreachable", Alive: known(true), Port: known(true)}
	hidden  = heal.Observation{State: "unreachable"}
	warming = heal.Observation{State: "warming_up", Alive: known(true)}
)

func with(o heal.Observation, change func(*heal.Observation)) heal.Observation {
	change(&o)
	return o
}

func pid(o heal.Observation, exists bool) heal.Observation { o.PidFile = &exists; return o }

// TestDecide checks the minute of the first restart in a sequence of observations, one a minute; -1 is none.
func TestDecide(t *testing.T) {
	for _, test := range []struct {
		name         string
		observations []heal.Observation
		want         int
	}{
		{"ready", repeat(60, ready), -1},
		{"hung", repeat(60, hung), 5},
		{"silent, ready before", append(repeat(3, ready), repeat(60, silent)...), 33},
		{"silent, never ready", repeat(60, silent), -1},
		{"silent, but its port works", append(repeat(3, ready), repeat(60, working)...), -1},
		{"hung, then its queue is full", append(repeat(3, hung), repeat(60, with(hung, func(o *heal.Observation) { o.State = "busy" }))...), 5},
		{"silent, then hung", append(repeat(3, ready), append(repeat(20, silent), repeat(60, hung)...)...), 28},
		{"its port worked at first", append(repeat(3, ready), append(repeat(60, working), repeat(60, silent)...)...), 93},
		{"warming up", repeat(600, warming), -1},
		{"busy", repeat(60, heal.Observation{State: "busy", Alive: known(true)}), -1},
		{"unauthorized", repeat(60, heal.Observation{State: "unauthorized", Alive: known(true)}), -1},
		{"forbidden", repeat(60, heal.Observation{State: "forbidden", Alive: known(true)}), -1},
		{"unexpected reply", repeat(60, heal.Observation{State: "error", Alive: known(true)}), -1},
		{"unknown", repeat(60, heal.Observation{}), -1},
		{"hung at times", []heal.Observation{hung, hung, hung, ready, hung, hung, hung, hung, ready, hung, hung, hung, hung, hung}, -1},
		{"hung, then gone", append(repeat(2, hung), repeat(10, crashed)...), 2},
	} {
		if got := firstRestart(heal.Policy{}, test.observations); got != test.want {
			t.Errorf("%s: restart at minute %d, want %d", test.name, got, test.want)
		}
	}
	unanswered := heal.Observation{State: "slow", Alive: known(true), CPU: known(7.0), Disk: &host.Disk{}}
	slow := with(unanswered, func(o *heal.Observation) { o.Answered = true })
	for _, test := range []struct {
		name         string
		observations []heal.Observation
		tip          time.Duration // age of the last new tip in debug.log; 0: not readable
		want         int
	}{
		{"slow", repeat(600, slow), 0, -1},
		{"no answer within a minute", repeat(60, unanswered), 0, 5},
		{"no answer within a minute, an old tip", repeat(60, unanswered), 10 * time.Minute, 5},
		{"no answer within a minute, new tips", repeat(600, unanswered), 2 * time.Minute, -1},
		{"hung, new tips", repeat(600, hung), 2 * time.Minute, -1},
		{"its process has died after a new tip", repeat(60, crashed), time.Minute, 2},
		{"answers one minute in four", slices.Repeat([]heal.Observation{slow, unanswered, unanswered, unanswered}, 100), 0, -1},
	} {
		if test.tip > 0 {
			for i := range test.observations {
				test.observations[i].Tip = known(began.Add(time.Duration(i)*time.Minute - test.tip))
			}
		}
		if got := firstRestart(heal.Policy{}, test.observations); got != test.want {
			t.Errorf("%s: restart at minute %d, want %d", test.name, got, test.want)
		}
	}
}

func firstRestart(p heal.Policy, observations []heal.Observation) int {
	var h history.History
	for i, o := range observations {
		o.At = began.Add(time.Duration(i) * time.Minute)
		var d heal.Decision
		if d, h = heal.Decide(p, h, o); d.Action == heal.Restart {
			return i
		}
	}
	return -1
}

// TestGaps: checks far apart, or with a clock that was set back, are not consecutive and do not prevent the next
// restart.
func TestGaps(t *testing.T) {
	var h history.History
	var d heal.Decision
	at := began
	step := func(passed time.Duration) heal.Action {
		at = at.Add(passed)
		o := hung
		o.At = at
		d, h = heal.Decide(heal.Policy{}, h, o)
		return d.Action
	}
	for range 10 {
		if a := step(11 * time.Minute); a != heal.Wait {
			t.Fatalf("%s after checks 11 minutes apart", a)
		}
	}
	if a := step(9 * time.Minute); a != heal.Wait {
		t.Fatalf("%s after two checks", a)
	}
	if a := step(time.Minute); a != heal.Restart {
		t.Fatalf("%s after three consecutive checks", a)
	}
	h = h.Begin(at).End(at.Add(time.Minute), "x")
	step(-10 * 24 * time.Hour) // the attempt is in the future now
	for range 12 {
		if step(time.Minute) == heal.Restart {
			return
		}
	}
	t.Errorf("no restart after the clock was set back: %s", d.Reason)
}

// TestGiveUp: attempts are farther and farther apart, then stop. They are forgotten once the daemon has been
// ready for an hour.
func TestGiveUp(t *testing.T) {
	var h history.History
	var minutes []int
	act := func(minute int, o heal.Observation) heal.Action {
		o.At = began.Add(time.Duration(minute) * time.Minute)
		var d heal.Decision
		if d, h = heal.Decide(heal.Policy{}, h, o); d.Action == heal.Restart {
			minutes = append(minutes, minute)
			h = h.Begin(o.At) // and heal dies: the attempt has no end
		}
		return d.Action
	}
	for m := range 24 * 60 {
		act(m, hung)
	}
	if len(minutes) != 3 || minutes[1]-minutes[0] < 10 || minutes[2]-minutes[1] < 20 || !h.GaveUp || h.Restarts != 3 {
		t.Errorf("attempts in minutes %d, gave up %t", minutes, h.GaveUp)
	}
	m := 24 * 60
	for range 60 { // not yet an hour
		act(m, ready)
		m++
	}
	if !h.GaveUp {
		t.Error("it resumed before an hour had passed")
	}
	if act(m, ready); h.GaveUp {
		t.Error("it did not resume after the daemon was ready for an hour")
	}
	for range 7 {
		m++
		act(m, hung)
	}
	if len(minutes) != 4 {
		t.Errorf("no attempt after the daemon had recovered: %d", minutes)
	}
}

// TestSequence: a restart needs both a number of checks and time. The sequence starts again when the clock is set
// back and after an attempt.
func TestSequence(t *testing.T) {
	var h history.History
	at := began
	restarts := func(p heal.Policy, o heal.Observation, every time.Duration) time.Duration {
		for from := at; at.Sub(from) < 5*time.Hour; at = at.Add(every) {
			o.At = at
			var d heal.Decision
			if d, h = heal.Decide(p, h, o); d.Action == heal.Restart {
				h = h.Begin(at)
				return at.Sub(from)
			}
		}
		return -1
	}
	if got := restarts(heal.Policy{}, crashed, 20*time.Second); got != 2*time.Minute {
		t.Errorf("gone, frequent checks: restart after %s", got)
	}
	h = history.History{}
	if got := restarts(heal.Policy{}, crashed, 9*time.Minute); got != 18*time.Minute {
		t.Errorf("gone, rare checks: restart after %s", got)
	}
	h = history.History{LastCheck: at.Add(10 * time.Hour), Since: at.Add(10 * time.Hour), Checks: 2}
	if got := restarts(heal.Policy{}, hung, time.Minute); got != 5*time.Minute {
		t.Errorf("the clock was set back: restart after %s", got)
	}
	policy := heal.Policy{After: 30 * time.Minute}
	h = history.History{}
	restarts(policy, hung, time.Minute)
	at = at.Add(time.Minute)
	if got := restarts(policy, hung, time.Minute); got != 30*time.Minute {
		t.Errorf("the next restart after %s", got)
	}
}

// TestGaveUpReason: the reason says from the first check on that heal has given up, not that a restart is due.
func TestGaveUpReason(t *testing.T) {
	h := history.History{GaveUp: true} // its attempts are older than 6 hours
	for i, o := range []heal.Observation{hung, hung, warming, gone} {
		o.At = began.Add(time.Duration(i) * time.Minute)
		var d heal.Decision
		d, h = heal.Decide(heal.Policy{}, h, o)
		if warms := o.State == "warming_up"; !h.GaveUp || warms != (d.Action == heal.Leave) || warms == strings.Contains(d.Reason, "has given up") {
			t.Errorf("check %d: %+v", i, d)
		}
	}
}

func TestObserve(t *testing.T) {
	const text = `raptoreum_daemon_state{state="ready"} 0
raptoreum_daemon_state{state="hung"} 1
raptoreum_process_up 1
raptoreum_process_cpu_seconds_total 12.5
raptoreum_process_start_time_seconds 1e9
raptoreum_daemon_cpu_limit_cores 0.5
raptoreum_daemon_cpu_throttled_seconds_total 2
raptoreum_host_cpu_steal_seconds_total 3
raptoreum_port_reachable 0
`
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	var list []*dto.MetricFamily
	for _, family := range families {
		for _, m := range family.Metric {
			m.Gauge = &dto.Gauge{Value: m.Untyped.Value}
		}
		list = append(list, family)
	}
	o := heal.Observe(list, began)
	if o.State != "hung" || !*o.Alive || *o.CPU != 12.5 || *o.Limit != 0.5 || o.Withheld != 5 || o.Started.Unix() != 1e9 || *o.Port || !o.At.Equal(began) {
		t.Errorf("%+v", o)
	}
	if o = heal.Observe(nil, began); o.State != "" || o.Alive != nil || o.CPU != nil || o.Started != nil || o.Port != nil {
		t.Errorf("without metrics: %+v", o)
	}
}
