package daemon

import (
	"errors"
	"testing"
	"time"
)

// TestSilenceOfTheMainLock checks from when a daemon counts as silent: any answer, a full work queue too,
// ends the silence, and a request that was canceled after 15 minutes does not.
func TestSilenceOfTheMainLock(t *testing.T) {
	for state, silent := range map[State]bool{
		"": false, Hung: true, Busy: false, WarmingUp: false, Unauthorized: false, Forbidden: false, Failed: false, Unreachable: false,
	} {
		c, err := NewClient(t.Context(), Config{URL: "http://127.0.0.1:1"})
		if err != nil {
			t.Fatal(err)
		}
		c.recordRequest(c.main)
		began := c.kept.requested
		var outcome error
		if state != "" {
			outcome = &Error{state, errors.New("x")}
		}
		c.recordOutcome(c.lockfree, nil) // says nothing about the main lock
		c.recordOutcome(c.main, outcome)
		want := time.Time{}
		if silent {
			want = began
		}
		if !c.kept.requested.Equal(want) {
			t.Errorf("after %q: silent since %s, want %s", state, c.kept.requested, want)
		}
	}
}
