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
	defaultStopTimeout = 10 * time.Minute
	supervisorTimeout  = 5 * time.Second // in which a supervisor starts a daemon that has exited
	killTimeout        = 30 * time.Second
	commandTimeout     = 20 * time.Minute // systemctl restart waits for the daemon to write its databases
	pollInterval       = 500 * time.Millisecond
	maxOutput          = 200 // bytes of the command's output that are reported
)

// Restarter restarts a daemon. Command and Find are required.
type Restarter struct {
	Command []string // program and arguments; no shell
	// Find returns our raptoreumd; its error wraps host.ErrNotRunning when there is none.
	Find func() (host.Process, error)
	// StopTimeout is how long a daemon may take to exit after SIGTERM; 0 is 10 minutes. After KillAfter a
	// hung one, and no other, gets SIGKILL; 0 is never.
	StopTimeout, KillAfter time.Duration
	SupervisorTimeout      time.Duration // in which a supervisor may start it by itself; 0 is 5 seconds
	Log                    func(msg string, keyvals ...any)
}

// ErrNotRestarted means that an attempt failed.
var ErrNotRestarted = errors.New("not restarted")

var errStopped = fmt.Errorf("%w: heal was stopped", ErrNotRestarted)

// Restart stops the daemon gracefully, if it is running, and starts it again. The outcome says what was
// done, for the history; the error wraps ErrNotRestarted.
func (r *Restarter) Restart(ctx context.Context, trouble Trouble) (outcome string, err error) {
	found, err := r.Find()
	switch {
	case errors.Is(err, host.ErrNotRunning):
		return r.start(ctx)
	case err != nil: // hidden, or several: the command knows which
		r.Log("the process is unknown, so only the command can stop it", "reason", err)
		return r.start(ctx)
	case trouble == Gone:
		return "started by another program", nil
	}
	kill := r.KillAfter
	if trouble != Hung {
		kill = 0 // it may be writing its databases
	}
	done, err := r.stop(ctx, found.PID, kill)
	switch {
	case errors.Is(err, fs.ErrPermission):
		r.Log("its process belongs to another user, so only the command can stop it", "pid", found.PID)
		return r.start(ctx)
	case err != nil:
		return err.Error(), err
	case !done:
		return "started by another program", nil
	}
	if r.startedAgain(found.PID) {
		return "stopped, then started by its supervisor", nil
	}
	return r.start(context.WithoutCancel(ctx)) // it is stopped: now it has to be started
}

// stop ends a process; false: it had ended before, and another one is running.
func (r *Restarter) stop(ctx context.Context, pid int, kill time.Duration) (bool, error) {
	process, err := os.FindProcess(pid) // a pidfd: from here on it is this process and no other
	if err != nil {
		return true, nil
	}
	defer process.Release() //nolint:errcheck // it only closes
	again, err := r.Find()
	switch {
	case errors.Is(err, host.ErrNotRunning): // the pid was given to another process
		return true, nil
	case err != nil:
		return false, fmt.Errorf("%w: its process was not found again: %w", ErrNotRestarted, err)
	case again.PID != pid:
		return false, nil
	}
	limit := cmp.Or(kill, r.StopTimeout, defaultStopTimeout)
	if ctx.Err() != nil {
		return false, errStopped
	}
	r.Log("SIGTERM", "pid", pid, "timeout", limit)
	if err := process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return false, err
	}
	_ = process.Signal(syscall.SIGCONT) // a stopped one would never see SIGTERM; if it has exited, that shows below
	// From here on nothing aborts the restart: an incomplete one is worse than a late one.
	if r.exits(process, pid, limit) {
		return true, nil
	}
	if kill == 0 {
		return false, fmt.Errorf("%w: raptoreumd has not exited %s after SIGTERM; check debug.log for what it is doing", ErrNotRestarted, limit)
	}
	r.Log("SIGKILL, because it has not exited", "pid", pid, "after", limit)
	if err := process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return false, err
	}
	if !r.exits(process, pid, killTimeout) {
		return false, fmt.Errorf("%w: raptoreumd has not exited after SIGKILL: its disk hangs", ErrNotRestarted)
	}
	return true, nil
}

// exits waits for the end of a process. A zombie has no command line any more, so it is not found.
func (r *Restarter) exits(process *os.Process, pid int, limit time.Duration) bool {
	for deadline := time.Now().Add(limit); ; time.Sleep(pollInterval) {
		if errors.Is(process.Signal(syscall.Signal(0)), os.ErrProcessDone) {
			return true
		}
		if found, err := r.Find(); errors.Is(err, host.ErrNotRunning) || err == nil && found.PID != pid {
			return true
		}
		if time.Now().After(deadline) {
			return false
		}
	}
}

// startedAgain reports whether a supervisor starts the daemon by itself.
func (r *Restarter) startedAgain(before int) bool {
	for deadline := time.Now().Add(cmp.Or(r.SupervisorTimeout, supervisorTimeout)); time.Now().Before(deadline); time.Sleep(pollInterval) {
		if found, err := r.Find(); err == nil && found.PID != before {
			return true
		}
	}
	return false
}

// start runs the owner's command.
func (r *Restarter) start(ctx context.Context) (outcome string, err error) {
	if ctx.Err() != nil {
		return errStopped.Error(), errStopped
	}
	command := strings.Join(r.Command, " ")
	r.Log("running the command", "command", command)
	// It continues when heal receives a stop signal: an incomplete restart is worse than a late one.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, r.Command[0], r.Command[1:]...) //nolint:gosec // the owner's, from the flag
	cmd.WaitDelay = 5 * time.Second
	// SIGTERM ends it when it takes too long, and when this process ends in whatever way: that signal comes
	// when the thread ends that started it.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var output head
	cmd.Stdout, cmd.Stderr = &output, &output
	// What it left in the background may keep its output open: it succeeded all the same.
	if err := cmd.Run(); err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		err = fmt.Errorf("%w: %s: %w: %s", ErrNotRestarted, command, err, text.Clip(strings.TrimSpace(output.kept.String()), maxOutput))
		return err.Error(), err
	}
	return "succeeded: " + command, nil
}

// head keeps the first bytes that are written, however many follow.
type head struct{ kept bytes.Buffer }

// Write implements io.Writer.
func (h *head) Write(p []byte) (int, error) {
	h.kept.Write(p[:min(len(p), maxOutput+1-h.kept.Len())]) // one more, so that a cut shows
	return len(p), nil
}
