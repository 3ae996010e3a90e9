package check

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// waitLine shows on a terminal what the command waits for, and for how long.
type waitLine struct {
	what          chan string
	stop, stopped chan struct{}
}

// showWait starts a waitLine. Off a terminal it shows nothing.
func showWait(w io.Writer, what string) *waitLine {
	l := &waitLine{what: make(chan string), stop: make(chan struct{}), stopped: make(chan struct{})}
	go l.run(w, what, isTerminal(w))
	return l
}

func (l *waitLine) run(w io.Writer, what string, visible bool) {
	defer close(l.stopped)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for seconds := 0; ; {
		select {
		case <-l.stop:
			if visible {
				fmt.Fprintf(w, "\r\x1b[K")
			}
			return
		case what = <-l.what:
		case <-tick.C:
			if seconds++; visible {
				fmt.Fprintf(w, "\r\x1b[K%s: %d s", what, seconds)
			}
		}
	}
}

// say changes what is shown.
func (l *waitLine) say(what string) { l.what <- what }

// end removes the line.
func (l *waitLine) end() { close(l.stop); <-l.stopped }

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
