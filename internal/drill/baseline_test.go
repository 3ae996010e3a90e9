package drill

import "testing"

func TestScript(t *testing.T) {
	healthy := Observation{Score: 0, Network: 1000, Local: 1000}
	for _, test := range []struct {
		name   string
		checks []Observation
		want   []Action
	}{
		{"healthy", []Observation{healthy, {0, 1007, 1007}}, []Action{Nothing, Nothing}},
		{"the score rises", []Observation{healthy, {66, 1007, 1007}}, []Action{Nothing, Restart}},
		{"the score falls", []Observation{{66, 1000, 1000}, {60, 1007, 900}}, []Action{Restart, Nothing}},
		{"behind and not growing", []Observation{healthy, {0, 1007, 1000}, {0, 1014, 1000}}, []Action{Nothing, Restart, Resync}},
		{"behind and growing", []Observation{healthy, {0, 1100, 1001}}, []Action{Nothing, Nothing}},
		{"3 blocks behind are tolerated", []Observation{healthy, {0, 1003, 1000}}, []Action{Nothing, Nothing}},
		{"the daemon does not answer", []Observation{healthy, {0, 1007, -1}, {0, 1014, -1}}, []Action{Nothing, Restart, Resync}},
		{"no explorer answers", []Observation{healthy, {-1, -1, 1007}, {-1, -1, 1014}}, []Action{Nothing, Nothing, Nothing}},
		{"no explorer answers and the height does not grow", []Observation{{-1, -1, 1000}, {-1, -1, 1000}}, []Action{Nothing, Restart}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var script Script
			for i, seen := range test.checks {
				if got := script.Check(seen); got != test.want[i] {
					t.Errorf("check %d, %+v: %q, want %q", i+1, seen, got, test.want[i])
				}
			}
		})
	}
}
