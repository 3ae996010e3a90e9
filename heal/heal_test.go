package heal_test

import (
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"go.uber.org/goleak"

	"raptoreum_exporter/heal"
	"raptoreum_exporter/heal/history"
)

func TestMain(m *testing.M) {
	if fakeDaemon() {
		return
	}
	goleak.VerifyTestMain(m)
}

var began = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func known[T any](value T) *T { return &value }

// row makes looks a minute apart.
func row(n int, l heal.Observation) (looks []heal.Observation) {
	for range n {
		looks = append(looks, l)
	}
	return looks
}

var (
	ready   = heal.Observation{State: "ready", Alive: known(true), Safe: known(true)}
	hung    = heal.Observation{State: "hung", Alive: known(true)}
	gone    = heal.Observation{State: "unreachable", Alive: known(false)}
	silent  = heal.Observation{State: "unreachable", Alive: known(true)}
	working = heal.Observation{State: "unreachable", Alive: known(true), Port: known(true)}
	hidden  = heal.Observation{State: "unreachable"}
	warming = heal.Observation{State: "warming_up", Alive: known(true)}
)

func with(l heal.Observation, change func(*heal.Observation)) heal.Observation {
	change(&l)
	return l
}

func pid(l heal.Observation, there bool) heal.Observation { l.PidFile = &there; return l }

// TestDecide: the first restart of a row of looks, by its minute; -1 is none.
func TestDecide(t *testing.T) {
	for _, test := range []struct {
		name  string
		looks []heal.Observation
		want  int
	}{
		{"ready", row(60, ready), -1},
		{"hung", row(60, hung), 5},
		{"gone", row(60, gone), 2},
		{"gone, by a crash", append(row(3, pid(ready, true)), row(60, pid(gone, true))...), 5},
		{"gone, stopped in good order", append(row(3, pid(ready, true)), row(60, pid(gone, false))...), -1},
		{"gone, and no pid file ever", append(row(3, pid(ready, false)), row(60, pid(gone, false))...), 5},
		{"silent, ready before", append(row(3, ready), row(60, silent)...), 33},
		{"silent, never ready", row(60, silent), -1},
		{"silent, its port works", append(row(3, ready), row(60, working)...), -1},
		{"processes are hidden", append(row(3, ready), row(60, hidden)...), 33},
		{"hung, then its queue is full", append(row(3, hung), row(60, heal.Observation{State: "busy"})...), 5},
		{"silent, then hung", append(row(3, ready), append(row(20, silent), row(60, hung)...)...), 28},
		{"its port worked, and then not", append(row(3, ready), append(row(60, working), row(60, silent)...)...), 93},
		{"warms up", row(600, warming), -1},
		{"busy", row(60, heal.Observation{State: "busy", Alive: known(true)}), -1},
		{"refuses us", row(60, heal.Observation{State: "unauthorized", Alive: known(true)}), -1},
		{"forbids us", row(60, heal.Observation{State: "forbidden", Alive: known(true)}), -1},
		{"not understood", row(60, heal.Observation{State: "error", Alive: known(true)}), -1},
		{"nothing known", row(60, heal.Observation{}), -1},
		{"hung now and then", []heal.Observation{hung, hung, hung, ready, hung, hung, hung, hung, ready, hung, hung, hung, hung, hung}, -1},
		{"hung, then gone", append(row(2, hung), row(10, gone)...), 2},
		{"key generation, hung all the same", row(60, with(hung, func(l *heal.Observation) { l.Safe = known(false) })), 5},
		{"key generation", row(60, with(gone, func(l *heal.Observation) { l.Safe = known(false) })), -1},
	} {
		if got := firstRestart(heal.Policy{}, test.looks); got != test.want {
			t.Errorf("%s: restart at minute %d, want %d", test.name, got, test.want)
		}
	}
	busy := row(60, hung)
	for i := range busy {
		busy[i].CPU = known(float64(i) * 6) // a tenth of a core
	}
	if got := firstRestart(heal.Policy{}, busy); got != 30 {
		t.Errorf("hung and at work: restart at minute %d, want 30", got)
	}
}

func firstRestart(c heal.Policy, looks []heal.Observation) int {
	var h history.History
	for i, l := range looks {
		l.At = began.Add(time.Duration(i) * time.Minute)
		var d heal.Decision
		if d, h = heal.Decide(c, h, l); d.Action == heal.Restart {
			return i
		}
	}
	return -1
}

// TestGaps: looks far apart, or of a clock that is put back, are not in a row, and cannot block the next restart.
func TestGaps(t *testing.T) {
	var h history.History
	var d heal.Decision
	at := began
	step := func(passes time.Duration) heal.Action {
		at = at.Add(passes)
		l := hung
		l.At = at
		d, h = heal.Decide(heal.Policy{}, h, l)
		return d.Action
	}
	for range 10 {
		if a := step(11 * time.Minute); a != heal.Wait {
			t.Fatalf("%s after looks 11 minutes apart", a)
		}
	}
	if a := step(9 * time.Minute); a != heal.Wait {
		t.Fatalf("%s after two looks", a)
	}
	if a := step(time.Minute); a != heal.Restart {
		t.Fatalf("%s after three looks in a row", a)
	}
	h = h.Begin(at).End(at.Add(time.Minute), "x")
	step(-10 * 24 * time.Hour) // the attempt is in the future now
	for range 12 {
		if step(time.Minute) == heal.Restart {
			return
		}
	}
	t.Errorf("no restart after the clock was put back: %s", d.Reason)
}

// TestGiveUp: attempts wait longer and longer, end, and are forgotten only after an hour of a ready daemon.
func TestGiveUp(t *testing.T) {
	var h history.History
	var minutes []int
	act := func(minute int, l heal.Observation) heal.Action {
		l.At = began.Add(time.Duration(minute) * time.Minute)
		var d heal.Decision
		if d, h = heal.Decide(heal.Policy{}, h, l); d.Action == heal.Restart {
			minutes = append(minutes, minute)
			h = h.Begin(l.At) // and it dies: the attempt has no end
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
		t.Error("it began anew before an hour")
	}
	if act(m, ready); h.GaveUp {
		t.Error("an hour of a ready daemon does not count")
	}
	for range 7 {
		m++
		act(m, hung)
	}
	if len(minutes) != 4 {
		t.Errorf("no attempt after it was well again: %d", minutes)
	}
}

// TestRow: it is both looks and time, and begins anew when the clock is put back and after an attempt.
func TestRow(t *testing.T) {
	var h history.History
	at := began
	restarts := func(c heal.Policy, l heal.Observation, every time.Duration) time.Duration {
		for from := at; at.Sub(from) < 5*time.Hour; at = at.Add(every) {
			l.At = at
			var d heal.Decision
			if d, h = heal.Decide(c, h, l); d.Action == heal.Restart {
				h = h.Begin(at)
				return at.Sub(from)
			}
		}
		return -1
	}
	if got := restarts(heal.Policy{}, gone, 20*time.Second); got != 2*time.Minute {
		t.Errorf("gone, looks often: restart after %s", got)
	}
	h = history.History{}
	if got := restarts(heal.Policy{}, gone, 9*time.Minute); got != 18*time.Minute {
		t.Errorf("gone, looks seldom: restart after %s", got)
	}
	h = history.History{LastCheck: at.Add(10 * time.Hour), Since: at.Add(10 * time.Hour), Checks: 2}
	if got := restarts(heal.Policy{}, hung, time.Minute); got != 5*time.Minute {
		t.Errorf("the clock was put back: restart after %s", got)
	}
	daemon := heal.Policy{After: 30 * time.Minute}
	h = history.History{}
	restarts(daemon, hung, time.Minute)
	at = at.Add(time.Minute)
	if got := restarts(daemon, hung, time.Minute); got != 30*time.Minute {
		t.Errorf("the next restart after %s", got)
	}
}

// TestGaveUpSaysSo: from the first look at trouble on, and not that a restart comes.
func TestGaveUpSaysSo(t *testing.T) {
	h := history.History{GaveUp: true} // its attempts are older than 6 hours
	for i, l := range []heal.Observation{hung, hung, warming, gone} {
		l.At = began.Add(time.Duration(i) * time.Minute)
		var d heal.Decision
		d, h = heal.Decide(heal.Policy{}, h, l)
		if warms := l.State == "warming_up"; !h.GaveUp || warms != (d.Action == heal.Leave) || warms == strings.Contains(d.Reason, "has given up") {
			t.Errorf("look %d: %+v", i, d)
		}
	}
}

// TestStoppedByUs: what an attempt of ours has stopped is started, though it ended in good order.
func TestStoppedByUs(t *testing.T) {
	var h history.History
	for i, l := range append(row(3, pid(ready, true)), row(40, pid(gone, false))...) {
		l.At = began.Add(time.Duration(i) * time.Minute)
		var d heal.Decision
		if d, h = heal.Decide(heal.Policy{}, h, l); d.Action == heal.Restart {
			return
		}
		if i == 3 { // it was hung a moment ago, and the command that was to start it failed
			h = h.Begin(l.At).End(l.At, "not restarted")
		}
	}
	t.Error("it is left alone")
}

func TestLookAt(t *testing.T) {
	const text = `raptoreum_daemon_state{state="ready"} 0
raptoreum_daemon_state{state="hung"} 1
raptoreum_process_up 1
raptoreum_process_cpu_seconds_total 12.5
raptoreum_safe_to_restart 0
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
	l := heal.Observe(list, began)
	if l.State != "hung" || !*l.Alive || *l.CPU != 12.5 || *l.Safe || *l.Port || !l.At.Equal(began) {
		t.Errorf("%+v", l)
	}
	if l = heal.Observe(nil, began); l.State != "" || l.Alive != nil || l.CPU != nil || l.Safe != nil || l.Port != nil {
		t.Errorf("of nothing: %+v", l)
	}
}
