package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// awaitClosed returns when nobody can read the file any more: the reader of a pipe has ended, or a terminal is gone.
// Nothing else would show that, because the demo is silent after its welcome.
func awaitClosed(f *os.File) {
	for {
		fds := []unix.PollFd{{Fd: int32(f.Fd())}} // no events: only errors and hang-ups
		if _, err := unix.Poll(fds, -1); err != unix.EINTR {
			return
		}
	}
}
