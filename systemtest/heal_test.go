package systemtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"raptoreum_exporter/internal/harness"
	"raptoreum_exporter/internal/history"
	"raptoreum_exporter/internal/simnet"
)

// startCommand starts the daemon. It logs when it begins and ends, and when another one is running.
const startCommand = `#!/bin/sh
exec 9> "$0.lock"
flock -n 9 || echo twice >> "$0.log"
echo begun >> "$0.log"
sleep 0.3
echo done >> "$0.log"
`

// healFixture is a daemon that refuses connections and has been observed so for an hour, and the command line of
// heal.
type healFixture struct {
	dir     string
	history string
	flags   []string
	ended   chan struct{} // closed when the daemon's process has ended
}

func newHealFixture(t *testing.T, alive bool) *healFixture {
	t.Helper()
	_, o := harness.Command(t, "healthy", func(s *simnet.State) { s.Daemon, s.Port = simnet.DaemonRefused, simnet.PortClosed })
	h := &healFixture{dir: t.TempDir(), ended: make(chan struct{})}
	conf, err := os.ReadFile(o.Daemon.Conf)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, content string) string {
		path := filepath.Join(h.dir, name)
		if err := os.WriteFile(path, []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if err := os.Mkdir(filepath.Join(h.dir, "regtest"), 0o700); err != nil {
		t.Fatal(err)
	}
	write("regtest/raptoreumd.pid", "999999999\n") // left behind
	h.history = filepath.Join(h.dir, "history.json")
	h.flags = []string{
		"heal", "--daemon.conf=" + write("raptoreum.conf", string(conf)), "--heal.history=" + h.history,
		"--heal.command=" + write("start", startCommand), "--heal.stop-timeout=2s",
	}
	trouble := "gone"
	if alive {
		trouble = "silent"
		h.startDaemon(t)
	}
	now := time.Now()
	h.record(t, history.History{LastCheck: now.Add(-time.Minute), Since: now.Add(-time.Hour), Checks: 30, Trouble: trouble, LastReady: now.Add(-2 * time.Hour)})
	return h
}

// record writes the history file.
func (h *healFixture) record(t *testing.T, past history.History) {
	t.Helper()
	s, err := history.Open(h.history)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Write(past); err != nil {
		t.Fatal(err)
	}
}

func (h *healFixture) startDaemon(t *testing.T) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	daemon := exec.CommandContext(context.WithoutCancel(t.Context()), self, "-datadir="+h.dir)
	daemon.Args[0] = daemonName
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = daemon.Wait(); close(h.ended) }()
	t.Cleanup(func() { _ = daemon.Process.Kill(); <-h.ended })
}

func (h *healFixture) log(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(h.dir, "start.log"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(text)
}

func (h *healFixture) read(t *testing.T) history.History {
	t.Helper()
	past, err := history.Read(h.history)
	if err != nil {
		t.Fatal(err)
	}
	return past
}

// TestHealStopped: once heal has stopped the daemon it also starts it, even after a SIGTERM to heal.
func TestHealStopped(t *testing.T) {
	t.Parallel()
	h := newHealFixture(t, true)
	cmd := exec.CommandContext(t.Context(), binary, h.flags...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-h.ended // by heal's SIGTERM
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if _ = cmd.Wait(); cmd.ProcessState.ExitCode() != 0 || h.log(t) != "begun\ndone\n" {
		t.Errorf("%s, %q", cmd.ProcessState, h.log(t))
	}
	past := h.read(t)
	if n := len(past.Attempts); n != 1 || past.Attempts[0].Ended.IsZero() || !strings.HasPrefix(past.Attempts[0].Outcome, "succeeded: ") {
		t.Errorf("%+v", past)
	}
}

// TestHealKilled: when heal is killed at any moment, its history is readable and counts the restarts that began,
// and two commands never run at the same time, whatever runs next.
func TestHealKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("seconds for each kill")
	}
	t.Parallel()
	const kills = 14
	random := rand.New(rand.NewPCG(3, 4))
	var begun, counted atomic.Int64
	t.Run("kills", func(t *testing.T) {
		for i := range kills {
			alive, limit := i%2 == 0, 500
			if alive {
				limit = 6500 // it waits for a supervisor
			}
			after := time.Duration(random.IntN(limit)) * time.Millisecond
			t.Run(fmt.Sprintf("alive %t, after %s", alive, after), func(t *testing.T) {
				t.Parallel()
				commands, restarts := killHeal(t, alive, after)
				begun.Add(int64(commands))
				counted.Add(int64(restarts))
			})
		}
	})
	t.Logf("%d kills: %d commands begun, %d restarts counted", kills, begun.Load(), counted.Load())
	if begun.Load() == 0 || counted.Load() < kills/2 {
		t.Error("too few restarts began to be hit by a kill")
	}
}

// killHeal kills heal some time after its start, and returns how many commands began and how many restarts were counted.
func killHeal(t *testing.T, alive bool, after time.Duration) (commands, restarts int) {
	t.Helper()
	h := newHealFixture(t, alive)
	cmd := exec.CommandContext(t.Context(), binary, h.flags...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	other := make(chan result, 1)
	go func() { other <- run(t, h.flags...) }() // at the same time
	time.Sleep(after)
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil && !strings.Contains(err.Error(), "finished") {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	<-other
	run(t, h.flags...) // the next run of the timer
	log, past := h.log(t), h.read(t)
	if strings.Contains(log, "twice") {
		t.Fatalf("two commands at once:\n%s", log)
	}
	commands = strings.Count(log, "begun")
	if commands > past.Restarts || commands > 1 {
		t.Fatalf("%d commands, %d restarts in the history, log\n%s", commands, past.Restarts, log)
	}
	return commands, past.Restarts
}

// TestHealGaveUp: check reports that heal has given up.
func TestHealGaveUp(t *testing.T) {
	t.Parallel()
	h := newHealFixture(t, false)
	past := h.read(t)
	past.GaveUp, past.LastCheck = true, time.Now()
	h.record(t, past)
	args := []string{"check", "--quiet", h.flags[1], h.flags[2], "--no-collector.explorer", "--no-collector.release"}
	if r := run(t, args...); r.code != 2 || !strings.Contains(r.stdout, "has given up") {
		t.Errorf("check: exit %d\n%s", r.code, r.stdout)
	}
}
