package drill

import "testing"

func TestScript(t *testing.T) {
	well := Seen{Score: 0, Network: 1000, Local: 1000}
	for _, test := range []struct {
		name  string
		looks []Seen
		want  []Action
	}{
		{"all is well", []Seen{well, {0, 1007, 1007}}, []Action{Nothing, Nothing}},
		{"the score rises", []Seen{well, {66, 1007, 1007}}, []Action{Nothing, Restart}},
		{"the score falls", []Seen{{66, 1000, 1000}, {60, 1007, 900}}, []Action{Restart, Nothing}},
		{"behind and still", []Seen{well, {0, 1007, 1000}, {0, 1014, 1000}}, []Action{Nothing, Restart, Resync}},
		{"behind and growing", []Seen{well, {0, 1100, 1001}}, []Action{Nothing, Nothing}},
		{"3 blocks are slippage", []Seen{well, {0, 1003, 1000}}, []Action{Nothing, Nothing}},
		{"the daemon does not answer", []Seen{well, {0, 1007, -1}, {0, 1014, -1}}, []Action{Nothing, Restart, Resync}},
		{"no explorer answers", []Seen{well, {-1, -1, 1007}, {-1, -1, 1014}}, []Action{Nothing, Nothing, Nothing}},
		{"no explorer answers and no block comes", []Seen{{-1, -1, 1000}, {-1, -1, 1000}}, []Action{Nothing, Restart}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var script Script
			for i, seen := range test.looks {
				if got := script.Look(seen); got != test.want[i] {
					t.Errorf("look %d, %+v: %q, want %q", i+1, seen, got, test.want[i])
				}
			}
		})
	}
}
