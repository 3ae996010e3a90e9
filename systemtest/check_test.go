package systemtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"raptoreum_exporter/internal/harness"
	"raptoreum_exporter/internal/simnet"
)

// TestExitCodes: the exit code of check is its verdict.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	for want, fault := range []func(*simnet.State){
		func(*simnet.State) {},
		func(s *simnet.State) { s.Daemon = simnet.DaemonUnauthorized },
		func(s *simnet.State) { s.Penalty = 66 },
	} {
		_, o := harness.Command(t, "healthy", fault)
		if r := run(t, append(o.Flags(), "check")...); r.code != want || r.stderr != "" {
			t.Errorf("exit %d, want %d\n%s%s", r.code, want, r.stdout, r.stderr)
		}
	}
}

// TestWatchTerminal records a terminal session: the progress of a sync is one line that changes.
func TestWatchTerminal(t *testing.T) {
	if testing.Short() {
		t.Skip("a check each 5 seconds")
	}
	t.Parallel()
	script, err := exec.LookPath("script")
	if err != nil {
		t.Skip("script of util-linux, which records a terminal, is missing")
	}
	n, o := harness.Command(t, "healthy", func(s *simnet.State) {
		s.InitialBlockDownload, s.SyncFinished = true, false
		s.NetworkHeight, s.Headers, s.PeersHeight, s.Height = 1000, 1000, 1000, 600
	})
	go func() {
		for height := 600; height < 1000; height += 20 {
			time.Sleep(500 * time.Millisecond)
			n.Set(func(s *simnet.State) { s.Height = height })
		}
		n.Set(func(s *simnet.State) { s.Height, s.InitialBlockDownload, s.SyncFinished = 1000, false, true })
	}()
	record := filepath.Join(t.TempDir(), "terminal")
	command := fmt.Sprintf("stty cols 80; '%s' check --watch '%s'", binary, strings.Join(o.Flags(), "' '"))
	if out, err := exec.CommandContext(t.Context(), script, "-qec", command, record).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	recorded, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	var frames []string
	for frame := range strings.SplitSeq(string(recorded), "\r\x1b[K") {
		frames = append(frames, strings.TrimSpace(frame))
	}
	t.Logf("%q", frames)
	all := strings.Join(frames[1:], "\n") // the first one is from script
	if !regexp.MustCompile(`^\[#+\.*\] +\d+\.\d %  measuring  \d+/1000\n(\[#+\.*\] +\d+\.\d %  \d+ s left, \d+ blocks/s  \d+/1000\n)+synced at block 1000`).MatchString(all) {
		t.Errorf("recorded\n%s", all)
	}
}
