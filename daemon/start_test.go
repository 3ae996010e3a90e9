package daemon

import (
	"testing"
	"time"
)

// TestStartOfDelayedAnswer checks that an answer that was long under way does not look like a restart.
func TestStartOfDelayedAnswer(t *testing.T) {
	begin := time.Unix(1e9, 0)
	now := begin.Add(time.Hour)
	c, err := NewClient(t.Context(), Config{URL: "http://127.0.0.1:1", Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		name            string
		after, underway time.Duration
		counted         time.Duration // after the request was sent
		start           time.Time
	}{
		{"at once", 0, 0, 0, begin},
		{"we were stopped for a minute", time.Minute, time.Minute, 0, begin},
		{"the daemon was stopped for a minute", time.Minute, time.Minute, time.Minute, begin},
		{"at once again", time.Minute, 0, 0, begin},
		{"restarted", time.Minute, 0, 0, begin.Add(time.Hour)},
		{"and an answer under way", time.Minute, 10 * time.Second, 5 * time.Second, begin.Add(time.Hour)},
	} {
		sent := now.Add(step.after)
		now = sent.Add(step.underway)
		got := c.startOf(sent.Add(step.counted).Sub(step.start), sent)
		if got.Sub(step.start).Abs() > 5*time.Second {
			t.Errorf("%s: start %s, want %s", step.name, got, step.start)
		}
	}
}

// TestStartOfNextProcess checks that the next process of this program, beside the same daemon, gets the same start: a
// start that moves counts as a restart of the daemon.
func TestStartOfNextProcess(t *testing.T) {
	start := time.Unix(1e9, 0)
	for _, after := range []time.Duration{time.Hour, time.Hour + 300*time.Millisecond, 2*time.Hour + 999*time.Millisecond} {
		sent := start.Add(after)
		c, err := NewClient(t.Context(), Config{URL: "http://127.0.0.1:1", Now: func() time.Time { return sent.Add(500 * time.Microsecond) }})
		if err != nil {
			t.Fatal(err)
		}
		if got := c.startOf(after.Truncate(time.Second), sent); !got.Equal(start) {
			t.Errorf("after %s: start %s, want %s", after, got, start)
		}
	}
}
