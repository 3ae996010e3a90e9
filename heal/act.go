package heal

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"raptoreum_exporter/host"
	"raptoreum_exporter/internal/text"
)

const (
	supervised  = 5 * time.Second // in which a supervisor starts a daemon that has ended
	afterKill   = 30 * time.Second
	commandTime = 20 * time.Minute // systemctl restart waits for the daemon to write its databases
	lookAgain   = 500 * time.Millisecond
	outputMost  = 200 // bytes of the command's output that are told of
)

// Surgeon restarts a daemon. Command is required, and Find.
type Surgeon struct {
	Command []string // program and arguments; no shell
	// Find returns our raptoreumd; its error wraps host.ErrNotRunning when there is none.
	Find func() (host.Process, error)
	// StopTimeout is how long a daemon may take to end after SIGTERM; 0 is 10 minutes. KillAfter is
	// after how long SIGKILL follows, of a hung one alone; 0 is never.
	StopTimeout, KillAfter time.Duration
	Supervised             time.Duration // in which a supervisor may start it by itself; 0 is 5 seconds
	Log                    func(msg string, keyvals ...any)
}

// ErrNotHealed means that an attempt did not come to its end.
var ErrNotHealed = errors.New("not restarted")

var errStopped = fmt.Errorf("%w: heal was stopped", ErrNotHealed)

// Operate ends the daemon gently, if it is there, and starts it again. The outcome says what was done,
// for the history; the error wraps ErrNotHealed when the daemon was not restarted.
func (s *Surgeon) Operate(ctx context.Context, trouble Trouble) (outcome string, err error) {
	found, err := s.Find()
	switch {
	case errors.Is(err, host.ErrNotRunning):
		return s.start(ctx)
	case err != nil: // hidden, or several: the command knows which
		s.Log("the process is not known; the command alone stops it", "why", err)
		return s.start(ctx)
	case trouble == Gone:
		return "it has started meanwhile", nil
	}
	kill := s.KillAfter
	if trouble != Hung {
		kill = 0 // it may be writing its databases
	}
	done, err := s.stop(ctx, found.PID, kill)
	switch {
	case errors.Is(err, fs.ErrPermission):
		s.Log("its process is another user's; the command alone stops it", "pid", found.PID)
		return s.start(ctx)
	case err != nil:
		return err.Error(), err
	case !done:
		return "another has started it", nil
	}
	if s.startedAgain(found.PID) {
		return "stopped; its supervisor has started it", nil
	}
	return s.start(context.WithoutCancel(ctx)) // it is stopped: now it has to be started
}

// stop ends a process; false: it was gone before, and another is there.
func (s *Surgeon) stop(ctx context.Context, pid int, kill time.Duration) (bool, error) {
	process, err := os.FindProcess(pid) // a pidfd: from here on it is this process and no other
	if err != nil {
		return true, nil
	}
	defer process.Release() //nolint:errcheck // it only closes
	again, err := s.Find()
	switch {
	case errors.Is(err, host.ErrNotRunning): // the pid was given to another meanwhile
		return true, nil
	case err != nil:
		return false, fmt.Errorf("%w: its process was not found again: %w", ErrNotHealed, err)
	case again.PID != pid:
		return false, nil
	}
	limit := s.StopTimeout
	if limit == 0 {
		limit = 10 * time.Minute
	}
	if kill > 0 {
		limit = kill
	}
	if ctx.Err() != nil {
		return false, errStopped
	}
	s.Log("SIGTERM", "pid", pid, "waits", limit)
	if err := process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return false, err
	}
	_ = process.Signal(syscall.SIGCONT) // one that was stopped would never see it; that it has ended is seen below
	// From here on half a restart would be worse than a late one: nothing cuts it short.
	if s.ends(process, pid, limit) {
		return true, nil
	}
	if kill == 0 {
		return false, fmt.Errorf("%w: raptoreumd has not ended %s after SIGTERM; look at it, or allow --heal.kill-after", ErrNotHealed, limit)
	}
	s.Log("SIGKILL: it has not ended", "pid", pid, "after", limit)
	if err := process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return false, err
	}
	if !s.ends(process, pid, afterKill) {
		return false, fmt.Errorf("%w: raptoreumd has not ended after SIGKILL: its disk hangs", ErrNotHealed)
	}
	return true, nil
}

// ends waits for the end of a process. A zombie has no command line any more, so it is not found.
func (s *Surgeon) ends(process *os.Process, pid int, limit time.Duration) bool {
	for deadline := time.Now().Add(limit); ; time.Sleep(lookAgain) {
		if errors.Is(process.Signal(syscall.Signal(0)), os.ErrProcessDone) {
			return true
		}
		if found, err := s.Find(); errors.Is(err, host.ErrNotRunning) || err == nil && found.PID != pid {
			return true
		}
		if time.Now().After(deadline) {
			return false
		}
	}
}

// startedAgain tells whether a supervisor starts the daemon by itself.
func (s *Surgeon) startedAgain(before int) bool {
	for deadline := time.Now().Add(cmp.Or(s.Supervised, supervised)); time.Now().Before(deadline); time.Sleep(lookAgain) {
		if found, err := s.Find(); err == nil && found.PID != before {
			return true
		}
	}
	return false
}

// start runs the owner's command.
func (s *Surgeon) start(ctx context.Context) (outcome string, err error) {
	if ctx.Err() != nil {
		return errStopped.Error(), errStopped
	}
	command := strings.Join(s.Command, " ")
	s.Log("runs the command", "command", command)
	// It goes on when heal is told to end: half a restart is worse than a late one.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commandTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.Command[0], s.Command[1:]...) //nolint:gosec // the owner's, from the flag
	cmd.WaitDelay = 5 * time.Second
	// It is asked to end when it takes too long, and when this process ends, however that comes about: that
	// signal comes when the thread ends that started it.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var said beginning
	cmd.Stdout, cmd.Stderr = &said, &said
	// What it left in the background may keep its output open: it ended well all the same.
	if err := cmd.Run(); err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		err = fmt.Errorf("%w: %s: %w: %s", ErrNotHealed, command, err, text.Clip(strings.TrimSpace(said.kept.String()), outputMost))
		return err.Error(), err
	}
	return "ended well: " + command, nil
}

// beginning keeps the first bytes that are written, however many come.
type beginning struct{ kept bytes.Buffer }

// Write implements io.Writer.
func (b *beginning) Write(p []byte) (int, error) {
	b.kept.Write(p[:min(len(p), outputMost+1-b.kept.Len())]) // one more, so that a cut is seen
	return len(p), nil
}
