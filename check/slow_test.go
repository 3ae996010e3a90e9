package check_test

import (
	"strings"
	"testing"
	"time"

	"raptoreum_exporter/check"
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
		t.Skip("a main lock that is held for 4 s at a time")
	}
	t.Parallel()
	_, o := harness.Command(t, "healthy", func(s *simnet.State) { s.MainLockDelay = simnet.Duration(4 * time.Second) })
	began := time.Now()
	verdict, out, err := runWithin(t.Context(), t, o, config.Check{}, check.Timeouts{Gather: 3 * time.Second, Slow: 24 * time.Second, Rest: time.Second})
	if verdict != judge.Warning || err != nil || !strings.Contains(out, "is slow, not hung: it answered a call that takes its main lock") {
		t.Errorf("%s, %v\n%s", verdict, err, out)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
}

// TestRunSlowWithoutLocks: a daemon that answers everything, but later than a scrape, is slow.
func TestRunSlowWithoutLocks(t *testing.T) {
	if testing.Short() {
		t.Skip("answers after 11 s")
	}
	t.Parallel()
	_, o := harness.Command(t, "healthy", func(s *simnet.State) { s.RPCDelay = simnet.Duration(1800 * time.Millisecond) }) // of each of 6 calls
	verdict, out, err := runWithin(t.Context(), t, o, config.Check{}, check.Timeouts{Gather: 3 * time.Second})
	if verdict != judge.Warning || err != nil || !strings.Contains(out, "is slow, not hung: it answered a call that takes its main lock") {
		t.Errorf("%s, %v\n%s", verdict, err, out)
	}
}

// TestRunDKGStatus: check calls quorum dkgstatus, which never ends in a small network, only if the list shows that the
// network was large enough at the last key generation of any kind. smartnode count alone does not.
func TestRunDKGStatus(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault func(*simnet.State)
		says  string
		calls bool
	}{
		"4 registered, 12 counted": {func(s *simnet.State) { s.Enabled = 12 }, "whether a key generation is running is unknown: the network had too few smartnodes", false},
		"20 new ones":              {func(s *simnet.State) { s.ListSize = 20 }, "whether a key generation is running is unknown: the network had too few smartnodes", false},
		"20 for long": {func(s *simnet.State) {
			s.ListSize, s.Height, s.NetworkHeight, s.Headers, s.PeersHeight = 20, 2010, 2010, 2010, 2010
		}, "a restart is safe now", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, o := harness.Command(t, "healthy", test.fault)
			_, out, err := run(t.Context(), t, o, config.Check{})
			if calls := n.Calls().Methods["quorum dkgstatus"]; err != nil || !strings.Contains(out, test.says) || (calls > 0) != test.calls {
				t.Errorf("%d calls of quorum dkgstatus, %v, want %q\n%s", calls, err, test.says, out)
			}
		})
	}
}
