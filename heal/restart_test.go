package heal_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"raptoreum_exporter/heal"
	"raptoreum_exporter/host"
)

// fakeDaemon runs this test binary as the daemon. The stubborn one ignores SIGTERM.
func fakeDaemon() bool {
	switch os.Getenv("HEAL_FAKE_DAEMON") {
	case "":
		return false
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
	}
	fmt.Println("started")
	time.Sleep(time.Minute)
	return true
}

// process is a running daemon as heal finds it.
type process struct {
	*testing.T
	pid    atomic.Int64 // 0: not running
	dir    string
	logged []string
	ended  chan struct{}
}

func startProcess(t *testing.T, how string) *process {
	t.Helper()
	w := &process{T: t, dir: t.TempDir(), ended: make(chan struct{})}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), self)
	cmd.Env = append(os.Environ(), "HEAL_FAKE_DAEMON="+how)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	w.pid.Store(int64(cmd.Process.Pid))
	go func() {
		_ = cmd.Wait()
		w.pid.Store(0)
		close(w.ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-w.ended
	})
	return w
}

func (w *process) find() (host.Process, error) {
	if pid := w.pid.Load(); pid > 0 {
		return host.Process{PID: int(pid)}, nil
	}
	return host.Process{}, host.ErrNotRunning
}

// restarter starts the daemon with a command that leaves a file.
func (w *process) restarter() *heal.Restarter {
	return &heal.Restarter{
		Command: []string{"touch", filepath.Join(w.dir, "started")}, Find: w.find, StopTimeout: time.Second, SupervisorTimeout: 300 * time.Millisecond,
		Log: func(msg string, _ ...any) { w.logged = append(w.logged, msg) },
	}
}

func (w *process) wasStarted() bool {
	_, err := os.Stat(filepath.Join(w.dir, "started"))
	return err == nil
}

func TestStopsGently(t *testing.T) {
	t.Parallel()
	w := startProcess(t, "gentle")
	outcome, err := w.restarter().Restart(t.Context(), heal.Hung)
	if err != nil || !strings.HasPrefix(outcome, "succeeded: touch ") || !w.wasStarted() || w.pid.Load() != 0 {
		t.Errorf("%q, %v, %q", outcome, err, w.logged)
	}
	if all := strings.Join(w.logged, ", "); all != "SIGTERM, running the command" {
		t.Error(all)
	}
}

// TestNoKill: without --heal.kill-after, a daemon that does not exit is neither killed nor started twice.
func TestNoKill(t *testing.T) {
	t.Parallel()
	w := startProcess(t, "stubborn")
	outcome, err := w.restarter().Restart(t.Context(), heal.Hung)
	if !errors.Is(err, heal.ErrNotRestarted) || !strings.Contains(outcome, "has not exited 1s after SIGTERM") || w.wasStarted() || w.pid.Load() == 0 {
		t.Errorf("%q, %v, %q", outcome, err, w.logged)
	}
}

func TestKillsWhenAllowed(t *testing.T) {
	t.Parallel()
	w := startProcess(t, "stubborn")
	s := w.restarter()
	s.KillAfter = 2 * time.Second
	asked := time.Now()
	outcome, err := s.Restart(t.Context(), heal.Hung)
	if err != nil || !w.wasStarted() || w.pid.Load() != 0 {
		t.Errorf("%q, %v, %q", outcome, err, w.logged)
	}
	if time.Since(asked) < s.KillAfter {
		t.Errorf("killed after %s", time.Since(asked))
	}
}

// TestCancelRestart: heal does nothing when it is cancelled before it begins, and completes the restart when it is
// cancelled later.
func TestCancelRestart(t *testing.T) {
	t.Parallel()
	w := startProcess(t, "stubborn")
	s := w.restarter()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Restart(ctx, heal.Hung); !errors.Is(err, heal.ErrNotRestarted) || w.wasStarted() || len(w.logged) > 0 {
		t.Errorf("%v, %q", err, w.logged)
	}
	s.KillAfter = 2 * time.Second
	ctx, cancel = context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := s.Restart(ctx, heal.Hung); err != nil || !w.wasStarted() {
		t.Errorf("%v, %q", err, w.logged)
	}
}

// TestGone: there is no process to stop, and one that a supervisor has started is left alone.
func TestGone(t *testing.T) {
	t.Parallel()
	w := startProcess(t, "gentle")
	if outcome, err := w.restarter().Restart(t.Context(), heal.Gone); err != nil || outcome != "started by another program" || w.wasStarted() || w.pid.Load() == 0 {
		t.Errorf("%q, %v", outcome, err)
	}
	s := w.restarter()
	s.Find = func() (host.Process, error) { return host.Process{}, host.ErrNotRunning }
	if outcome, err := s.Restart(t.Context(), heal.Gone); err != nil || !w.wasStarted() || w.pid.Load() == 0 {
		t.Errorf("%q, %v", outcome, err)
	}
}

// TestPidReused: the process has exited, and its pid belongs to another program.
func TestPidReused(t *testing.T) {
	t.Parallel()
	other := startProcess(t, "gentle")
	s, calls := other.restarter(), 0
	s.Find = func() (host.Process, error) {
		if calls++; calls == 1 {
			return other.find()
		}
		return host.Process{}, host.ErrNotRunning // it is not a raptoreumd
	}
	if outcome, err := s.Restart(t.Context(), heal.Hung); err != nil || !other.wasStarted() {
		t.Errorf("%q, %v", outcome, err)
	}
	if other.pid.Load() == 0 {
		t.Error("another program was stopped")
	}
}

// TestSupervisorTimeout: a daemon that a supervisor starts by itself is not started again.
func TestSupervised(t *testing.T) {
	t.Parallel()
	w := startProcess(t, "gentle")
	s := w.restarter()
	s.Find = func() (host.Process, error) {
		found, err := w.find()
		if err != nil {
			return host.Process{PID: os.Getpid()}, nil // the next one
		}
		return found, nil
	}
	outcome, err := s.Restart(t.Context(), heal.Hung)
	if err != nil || outcome != "stopped, then started by its supervisor" || w.wasStarted() {
		t.Errorf("%q, %v", outcome, err)
	}
}

func TestCommandFails(t *testing.T) {
	t.Parallel()
	w := &process{T: t, dir: t.TempDir()}
	s := w.restarter()
	s.Command = []string{"ls", "/nosuch"}
	outcome, err := s.Restart(t.Context(), heal.Gone)
	if !errors.Is(err, heal.ErrNotRestarted) || !strings.Contains(outcome, "ls /nosuch: exit status 2: ls: ") {
		t.Errorf("%q, %v", outcome, err)
	}
	s.Command = []string{"/nosuch/command"}
	if _, err = s.Restart(t.Context(), heal.Gone); !errors.Is(err, heal.ErrNotRestarted) {
		t.Errorf("%v", err)
	}
	// The processes are hidden: only the command knows which one to stop.
	s = w.restarter()
	s.Find = func() (host.Process, error) { return host.Process{}, os.ErrPermission }
	if outcome, err = s.Restart(t.Context(), heal.Hung); err != nil || !w.wasStarted() {
		t.Errorf("%q, %v", outcome, err)
	}
}
