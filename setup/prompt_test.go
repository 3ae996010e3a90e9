package setup_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"raptoreum_exporter/setup"
)

// interrupted is an output that cancels when it gets a text, as Ctrl-C at that question does.
type interrupted struct {
	out    bytes.Buffer
	at     string
	cancel func()
}

func (w *interrupted) Write(text []byte) (int, error) {
	n, err := w.out.Write(text)
	if w.at != "" && strings.Contains(w.out.String(), w.at) {
		w.at = ""
		w.cancel()
	}
	return n, err
}

// interrupt runs setup until it asks a question, and fails unless it ends then and has changed nothing.
func (w *watcher) interrupt(t *testing.T, at string, input io.Reader) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &interrupted{at: at, cancel: cancel}
	c := setup.Config{Watch: &setup.Watch{Nodes: []string{"paris=" + hash}}, Stdin: input, Stdout: out, System: w.system()}
	c.Watch.Receivers.TelegramChat = "42"
	if strings.Contains(at, "[y/N]") {
		c.Watch.Receivers.TelegramTokenFile = secretFile(t, token)
	}
	c.System.Exec = func(ctx context.Context, name string, args ...string) (string, error) {
		if ctx.Err() != nil { // as exec.CommandContext
			return "", ctx.Err()
		}
		return w.exec(ctx, name, args...)
	}
	before := w.files()
	w.calls = nil
	if code, err := setup.Run(ctx, c); code == 0 || !errors.Is(err, setup.ErrInterrupted) {
		t.Errorf("%d, %v\n%s", code, err, out.out.String())
	}
	w.same(before, "interrupted")
	if calls := strings.Join(w.calls, "\n"); strings.Contains(calls, "systemctl") {
		t.Errorf("it called %s", calls)
	}
}

// TestInterrupted: Ctrl-C at a question ends setup at once, whatever is typed after it.
func TestInterrupted(t *testing.T) {
	for _, question := range []string{"Make these changes? [y/N]", "Token of the Telegram bot:"} {
		t.Run(question, func(t *testing.T) {
			w := newWatcher(t, "0.25.0")
			silent, end := io.Pipe()
			defer end.Close()
			w.interrupt(t, question, silent)
			w.interrupt(t, question, strings.NewReader("y\n"))
		})
	}
}

// terminal returns both ends of a pseudo terminal.
func terminal(t *testing.T) (user, program *os.File) {
	t.Helper()
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = user.Close() })
	if err := unix.IoctlSetPointerInt(int(user.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(user.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = program.Close() })
	return user, program
}

// TestInterruptedTerminal: the terminal shows what is typed again after Ctrl-C at the question for a secret.
func TestInterruptedTerminal(t *testing.T) {
	w := newWatcher(t, "0.25.0")
	user, program := terminal(t)
	var seen bool // that the echo was off
	echoes := func() bool {
		state, err := unix.IoctlGetTermios(int(program.Fd()), unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		return state.Lflag&unix.ECHO != 0
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		for seen = !echoes(); !seen && ctx.Err() == nil; seen = !echoes() {
		}
		cancel()
	}()
	c := setup.Config{Watch: &setup.Watch{Nodes: []string{"paris=" + hash}}, Stdin: program, Stdout: io.Discard, System: w.system()}
	c.System.Exec, c.Watch.Receivers.TelegramChat = w.exec, "42"
	if _, err := setup.Run(ctx, c); !errors.Is(err, setup.ErrInterrupted) {
		t.Error(err)
	}
	cancel()
	if <-stop; !seen || !echoes() {
		t.Errorf("echo was off: %v, is on: %v", seen, echoes())
	}
	if _, err := user.WriteString("\n"); err != nil { // ends the read
		t.Error(err)
	}
	goleak.VerifyNone(t) // before the terminal is closed
}

// TestUnknownUnit: a unit whose state systemctl does not report could not be put back, so nothing is changed.
func TestUnknownUnit(t *testing.T) {
	w := newWatcher(t, "0.25.0")
	before := w.files()
	out, _, err := w.watch(func(c *setup.Config) {
		c.Watch.Receivers.TelegramTokenFile = secretFile(t, token)
		c.System.Exec = func(ctx context.Context, name string, args ...string) (string, error) {
			if name == "systemctl" && args[0] == "is-enabled" && args[1] == "prometheus.service" {
				return "Failed to connect to bus: Connection refused\n", errors.New("exit status 1")
			}
			return w.exec(ctx, name, args...)
		}
	})
	if err == nil {
		t.Error("no error")
	}
	w.has(out, "the state of prometheus.service is unknown")
	w.same(before, "unknown")
}
