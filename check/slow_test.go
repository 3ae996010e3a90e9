package check_test

import (
	"strings"
	"testing"
	"time"

	"raptoreum_exporter/config"
	"raptoreum_exporter/internal/harness"
	"raptoreum_exporter/internal/simnet"
	"raptoreum_exporter/judge"
)

// TestDisabledCollectors: what is disabled is not judged and does not count.
func TestDisabledCollectors(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"port", "explorer", "smartnode", "quorum", "chain", "debuglog", "heal"} {
		_, o := harness.Command(t, "healthy")
		o.Collectors = harness.Collectors("process", "host", "datadir", name)
		verdict, out, err := run(t.Context(), t, o, config.Check{})
		if verdict != judge.OK || err != nil || strings.Contains(out, "\nunknown") {
			t.Errorf("without %s: %s, %v\n%s", name, verdict, err, out)
		}
	}
}

// TestRunSlowLock: check waits for the main lock longer than a scrape, and says slow.
func TestRunSlowLock(t *testing.T) {
	if testing.Short() {
		t.Skip("a main lock that is held for 20 s at a time")
	}
	t.Parallel()
	_, o := harness.Command(t, "healthy", func(s *simnet.State) { s.MainLockDelay = simnet.Duration(20 * time.Second) })
	began := time.Now()
	verdict, out, err := run(t.Context(), t, o, config.Check{})
	if verdict != judge.Warning || err != nil || !strings.Contains(out, "is slow, not hung: it answered a call that takes its main lock") {
		t.Errorf("%s, %v\n%s", verdict, err, out)
	}
	if took := time.Since(began); took > 40*time.Second {
		t.Errorf("it took %s", took)
	}
}
