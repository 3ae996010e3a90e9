package poll_test

import (
	"testing"
	"time"

	"raptoreum_exporter/internal/poll"
)

// TestFresh: a reading is shown for MaxAge, and not before the first fetch.
func TestFresh(t *testing.T) {
	for age, want := range map[time.Duration]bool{0: true, poll.MaxAge - time.Minute: true, poll.MaxAge + time.Second: false} {
		if got := (poll.Reading[int]{At: time.Now().Add(-age)}).Fresh(); got != want {
			t.Errorf("%s old: %t", age, got)
		}
	}
	if (poll.Reading[int]{}).Fresh() {
		t.Error("fresh before the first fetch")
	}
}
