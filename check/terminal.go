package check

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// showProgress shows on a terminal that the command is waiting. The returned function ends that.
func showProgress(w io.Writer, what string) (done func()) {
	if !isTerminal(w) {
		return func() {}
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for seconds := 1; ; seconds++ {
			select {
			case <-stop:
				fmt.Fprintf(w, "\r\x1b[K")
				return
			case <-tick.C:
				fmt.Fprintf(w, "\r\x1b[K%s: %d s of at most %.0f", what, seconds, GatherTimeout.Seconds())
			}
		}
	}()
	return func() { close(stop); <-stopped }
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// clip cuts a line to the width of the terminal, because a wrapped line cannot be overwritten.
func clip(line string, w io.Writer) string {
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && 0 < width && width <= len(line) {
			return line[:width-1]
		}
	}
	return line
}
