package check

import (
	"testing"
	"time"
)

// TestTimeouts: the other tests shorten them.
func TestTimeouts(t *testing.T) {
	if got := (Timeouts{}).withDefaults(); got != (Timeouts{Gather: 15 * time.Second, Slow: time.Minute, Rest: 5 * time.Second}) {
		t.Errorf("%+v", got)
	}
}
