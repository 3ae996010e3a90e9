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
}
