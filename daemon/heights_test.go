package daemon

import (
	"testing"
	"time"
)

// TestHeightDifference: a block that comes between a handshake and an answer of the daemon is no difference.
func TestHeightDifference(t *testing.T) {
	start := time.Unix(1_800_000_000, 0)
	var p pastHeights
	for minute, height := range []int64{100, 100, 101, 101, 102} {
		p.note(height, start.Add(time.Duration(minute)*time.Minute))
	}
	for _, test := range []struct {
		name   string
		height int64
		after  time.Duration
		want   int64
		known  bool
	}{
		{"the same", 100, 30 * time.Second, 0, true},
		{"before the block", 100, 90 * time.Second, 0, true},
		{"after the block", 101, 90 * time.Second, 0, true},
		{"2 behind", 98, 90 * time.Second, -2, true},
		{"2 ahead", 103, 90 * time.Second, 2, true},
		{"behind, before the next answer", 99, 250 * time.Second, -3, true},
		{"as we were, before the next answer", 102, 250 * time.Second, 0, true},
		{"perhaps a new block", 103, 250 * time.Second, 0, false},
		{"ahead, before the first answer", 103, -time.Second, 3, true},
		{"behind, before the first answer", 99, -time.Second, 0, false},
		{"long after the last answer", 102, 10 * time.Minute, 0, false},
	} {
		if got, known := p.difference(test.height, start.Add(test.after)); got != test.want || known != test.known {
			t.Errorf("%s: %d, %t, want %d, %t", test.name, got, known, test.want, test.known)
		}
	}
	p.note(110, start.Add(time.Hour))
	if len(p) != 1 {
		t.Errorf("%d heights are kept", len(p))
	}
}
