// Package child runs other programs for development tools and tests and leaves none running.
package child

import (
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// stopWithin is the time from SIGTERM to SIGKILL.
const stopWithin = 10 * time.Second

// Start starts a command created by exec.CommandContext. It runs until its context is done (SIGTERM, then
// SIGKILL) or this process ends for any reason. The channel is closed when the command has ended. Its
// ProcessState then has the exit status.
func Start(command *exec.Cmd) (<-chan struct{}, error) {
	// A separate process group does not receive Ctrl-C from the terminal, so programs stop in order.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = stopWithin
	started, ended := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread() // Pdeathsig is sent when the thread that started the child ends
		defer runtime.UnlockOSThread()
		err := command.Start()
		started <- err
		if err == nil {
			_ = command.Wait() // ProcessState has the result
		}
		close(ended)
	}()
	return ended, <-started
}
