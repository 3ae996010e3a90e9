package heal

import (
	"testing"
	"time"
)

// TestWaited checks what a longer wait for the main lock shows of a slow daemon.
func TestWaited(t *testing.T) {
	at := time.Unix(1e9, 0)
	ago := func(d time.Duration) *time.Time { tip := at.Add(-d); return &tip }
	first := Observation{At: at.Add(-time.Minute), State: "slow", Tip: ago(4 * time.Minute)}
	for _, test := range []struct {
		name  string
		later Observation
		state string
		want  Trouble
	}{
		{"no answer", Observation{At: at, State: "slow"}, "slow", Hung},
		{"late", Observation{At: at, State: "slow", Answered: true}, "slow", None},
		{"in time for the longer wait", Observation{At: at, State: "ready", Answered: true}, "slow", None},
		{"a new tip meanwhile", Observation{At: at, State: "slow", Tip: ago(time.Second)}, "slow", None},
		{"the same tip", Observation{At: at, State: "slow", Tip: first.Tip}, "slow", Hung},
		{"it died", Observation{At: at, State: "unreachable"}, "unreachable", Silent},
	} {
		if o := first.waited(test.later); o.State != test.state || o.trouble() != test.want {
			t.Errorf("%s: %s, %q, want %s, %q", test.name, o.State, o.trouble(), test.state, test.want)
		}
	}
	hung := Observation{At: at.Add(-time.Minute), State: "hung", Port: new(true)}
	for _, test := range []struct {
		later Observation
		want  Trouble
	}{
		{Observation{At: at, State: "hung"}, Hung},
		{Observation{At: at, State: "slow"}, None}, // an answer that takes no lock came late: so may those that take it
		{Observation{At: at, State: "slow", Answered: true}, None},
		{Observation{At: at, State: "ready", Answered: true}, None},
	} {
		if o := hung.waited(test.later); o.trouble() != test.want || o.Port == nil {
			t.Errorf("after no answer at all: %+v: %q, want %q", test.later, o.trouble(), test.want)
		}
	}
}

// TestMoving checks whether a recent tip in debug.log shows that the daemon runs: not when it has died since.
func TestMoving(t *testing.T) {
	at := time.Unix(1e9, 0)
	recent, old, future := at.Add(-time.Minute), at.Add(-4*time.Minute), at.Add(time.Hour)
	yes, no := true, false
	for _, test := range []struct {
		state string
		alive *bool
		tip   *time.Time
		want  bool
	}{
		{"slow", &yes, &recent, true},
		{"slow", nil, &recent, true},
		{"slow", &no, &recent, true}, // in a container, or on another machine
		{"hung", &no, &recent, true},
		{"unreachable", &yes, &recent, true},
		{"unreachable", nil, &recent, true},
		{"unreachable", &no, &recent, false},
		{"slow", &yes, &old, false},
		{"slow", &yes, &future, false},
		{"slow", &yes, nil, false},
	} {
		if got := (Observation{At: at, State: test.state, Alive: test.alive, Tip: test.tip}).moving(); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}

// TestTimeouts: the tests of Run shorten them.
func TestTimeouts(t *testing.T) {
	if check, slow := new(Config).timeouts(); check != 15*time.Second || slow != time.Minute {
		t.Errorf("a check takes up to %s, then %s", check, slow)
	}
}
