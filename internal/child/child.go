// Package child runs other programs for the development tools and tests, and leaves none behind.
package child

import (
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// stopWithin is how long a program may take to end after SIGTERM.
const stopWithin = 10 * time.Second

// Start starts a command of exec.CommandContext, which runs until its context is done (SIGTERM, in
// the end SIGKILL) or this process has ended, however that comes about. The channel is closed when
// the command has ended; its ProcessState then says how.
func Start(command *exec.Cmd) (<-chan struct{}, error) {
	// Away from the Ctrl-C of the terminal: the end has an order.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = stopWithin
	started, ended := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread() // the child gets its signal when the thread that started it ends
		defer runtime.UnlockOSThread()
		err := command.Start()
		started <- err
		if err == nil {
			_ = command.Wait() // ProcessState says it, success too
		}
		close(ended)
	}()
	return ended, <-started
}
