package heal_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"raptoreum_exporter/heal"
	"raptoreum_exporter/host"
)

// script writes a shell script and returns the command that runs it. The shell reads the file, because a file that another
// test's child holds open since its fork cannot be executed.
func script(t *testing.T, text string) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "start")
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return []string{"sh", path}
}

// TestBackgroundProcess: a command that leaves a process in the background, with its output open, succeeded.
func TestBackgroundProcess(t *testing.T) {
	t.Parallel()
	w := &process{T: t, dir: t.TempDir()}
	s := w.restarter()
	s.Command = script(t, "sleep 20 &\necho $! > "+w.dir+"/pid\n")
	outcome, err := s.Restart(t.Context(), heal.Gone)
	if err != nil || !strings.HasPrefix(outcome, "succeeded: ") {
		t.Errorf("%q, %v", outcome, err)
	}
	text, err := os.ReadFile(w.dir + "/pid")
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Sscan(string(text), &pid); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Errorf("the background process has exited: %v", err)
	}
}

// TestLongOutput: of a long output, only one short line is kept.
func TestLongOutput(t *testing.T) {
	t.Parallel()
	w := &process{T: t, dir: t.TempDir()}
	s := w.restarter()
	s.Command = script(t, "head -c 3000000 /dev/zero | tr '\\0' x\nexit 3\n")
	outcome, err := s.Restart(t.Context(), heal.Gone)
	if !errors.Is(err, heal.ErrNotRestarted) || !strings.Contains(outcome, ": exit status 3: xxx") || !strings.HasSuffix(outcome, "x...") || len(outcome) > 500 {
		t.Errorf("%d bytes, %.300q, %v", len(outcome), outcome, err)
	}
}

// TestForeignProcess: a process that heal may not signal is left to the command.
func TestForeignProcess(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to change its user")
	}
	t.Parallel()
	w := startProcess(t, "gentle")
	s := w.restarter()
	s.Command = []string{"true"}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: only this thread becomes nobody, and it ends with this function
		if _, _, err := syscall.RawSyscall(syscall.SYS_SETRESUID, 65534, 65534, 65534); err != 0 {
			t.Error(err)
			return
		}
		outcome, err := s.Restart(t.Context(), heal.Hung)
		if logged := strings.Join(w.logged, ", "); err != nil || outcome != "succeeded: true" || !strings.Contains(logged, "its process belongs to another user") {
			t.Errorf("%q, %v, %s", outcome, err, logged)
		}
	}()
	<-done
	if w.pid.Load() == 0 {
		t.Error("it was stopped anyway")
	}
}

// TestNotFoundAgain: a process that is no longer found is not signalled and not reported as restarted.
func TestNotFoundAgain(t *testing.T) {
	t.Parallel()
	w := startProcess(t, "gentle")
	s, calls := w.restarter(), 0
	s.Find = func() (host.Process, error) {
		if calls++; calls == 1 {
			return w.find()
		}
		return host.Process{}, host.ErrSeveral
	}
	if outcome, err := s.Restart(t.Context(), heal.Hung); !errors.Is(err, heal.ErrNotRestarted) || w.wasStarted() || w.pid.Load() == 0 {
		t.Errorf("%q, %v, %q", outcome, err, w.logged)
	}
}

// TestCancel: a restart that has begun is completed after a cancellation. Otherwise it does not begin.
func TestCancel(t *testing.T) {
	t.Parallel()
	w := &process{T: t, dir: t.TempDir()}
	s := w.restarter()
	ctx, cancel := context.WithCancel(t.Context())
	s.Log = func(string, ...any) { time.AfterFunc(100*time.Millisecond, cancel) } // it runs the command
	s.Command = script(t, "sleep 0.5\ntouch "+w.dir+"/started\n")
	if outcome, err := s.Restart(ctx, heal.Gone); err != nil || ctx.Err() == nil || !w.wasStarted() {
		t.Errorf("while it runs: %q, %v", outcome, err)
	}
	if err := os.Remove(w.dir + "/started"); err != nil {
		t.Fatal(err)
	}
	if outcome, err := s.Restart(ctx, heal.Gone); !errors.Is(err, heal.ErrNotRestarted) || w.wasStarted() {
		t.Errorf("before it runs: %q, %v", outcome, err)
	}
}
