package heal_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"raptoreum_exporter/heal"
	"raptoreum_exporter/internal/history"
	"raptoreum_exporter/internal/simnet"
)

// goneFor returns the history of a daemon that has been gone for an hour.
func goneFor(h history.History) history.History {
	now := time.Now()
	h.LastCheck, h.Since, h.Checks, h.Trouble = now.Add(-time.Minute), now.Add(-time.Hour), 30, string(heal.Gone)
	return h
}

// TestRunStoppedCleanly: a daemon whose pid file is not left behind stays stopped.
func TestRunStoppedCleanly(t *testing.T) {
	t.Parallel()
	f := newFixture(t, false)
	if err := os.Remove(filepath.Join(f.dir, "regtest/raptoreumd.pid")); err != nil {
		t.Fatal(err)
	}
	if code, err := heal.Run(t.Context(), f.config); code != 0 || err != nil || !strings.Contains(f.log.String(), "msg=leave reason=\"raptoreumd may have been stopped on purpose") || f.commandLog() != "" {
		t.Errorf("code %d, %v\n%s", code, err, f.log)
	}
}

// TestRunPidOption: the command line of the daemon, while it runs, says where its pid file is.
func TestRunPidOption(t *testing.T) {
	t.Parallel()
	f := newFixture(t, false, func(s *simnet.State) { s.Daemon = simnet.DaemonOK })
	if err := os.Remove(filepath.Join(f.dir, "regtest/raptoreumd.pid")); err != nil {
		t.Fatal(err)
	}
	f.write("regtest/other.pid", "1")
	f.startDaemon("-pid=other.pid")
	run := func() {
		t.Helper()
		if code, err := heal.Run(t.Context(), f.config); code != 0 || err != nil {
			t.Fatalf("code %d, %v\n%s", code, err, f.log)
		}
	}
	run()
	h := f.recorded()
	if !h.PidFile || h.PidPath != filepath.Join(f.dir, "regtest/other.pid") {
		t.Fatalf("%+v", h)
	}
	f.network.Set(func(s *simnet.State) { s.Daemon = simnet.DaemonRefused })
	f.stopDaemon()
	f.record(goneFor(h))
	if err := os.Rename(h.PidPath, h.PidPath+".moved"); err != nil {
		t.Fatal(err)
	}
	if run(); !strings.Contains(f.log.String(), "removed its pid file") || f.commandLog() != "" {
		t.Fatalf("stopped cleanly:\n%s", f.log)
	}
	f.write("regtest/other.pid", "1")
	f.record(goneFor(h))
	if run(); f.commandLog() != "begun\ndone\n" {
		t.Errorf("a crash:\n%s", f.log)
	}
}

// TestRunDebugLog: debug.log shows that the daemon was told to stop, or why it stopped by itself.
func TestRunDebugLog(t *testing.T) {
	t.Parallel()
	f := newFixture(t, false)
	stamp := time.Now().UTC().Format(time.RFC3339) + " "
	for line, want := range map[string]string{
		"Shutdown: done":                     "raptoreumd was told to stop",
		"*** Disk space is low!":             "raptoreumd stopped by itself because less than 50 MiB",
		"Fatal LevelDB error: Corruption: x": "raptoreumd stopped by itself because a database is corrupt",
	} {
		f.write("regtest/debug.log", stamp+line+"\n")
		f.record(goneFor(f.recorded()))
		if code, err := heal.Run(t.Context(), f.config); code != 0 || err != nil || !strings.Contains(f.log.String(), want) || f.commandLog() != "" {
			t.Errorf("%s: code %d, %v\n%s", line, code, err, f.log)
		}
	}
}

// TestRunHistory: an unknown history file is an error that names the flag.
func TestRunHistory(t *testing.T) {
	t.Parallel()
	f := newFixture(t, false)
	f.write("history.json", `{"version":7}`)
	for _, dry := range []bool{false, true} {
		f.config.DryRun = dry
		if _, err := heal.Run(t.Context(), f.config); err == nil || !strings.HasPrefix(err.Error(), "--heal.history: ") {
			t.Error(err)
		}
	}
}
