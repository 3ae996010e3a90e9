package setup

import (
	"context"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"
)

// ask asks a question and returns the answer; with --yes, and at the end of the input, otherwise.
func (c *command) ask(ctx context.Context, question, otherwise string) (string, error) {
	if c.Yes || c.DryRun {
		return otherwise, nil
	}
	answer, err := c.answer(ctx, question, func() (string, error) { return c.answers.ReadString('\n') })
	if answer == "" {
		answer = otherwise
	}
	return answer, err
}

// askSecret asks for a secret, which a terminal does not show.
func (c *command) askSecret(ctx context.Context, question string) (string, error) {
	file, ok := c.Stdin.(*os.File)
	if c.Yes || c.DryRun || !ok || !term.IsTerminal(int(file.Fd())) {
		return c.ask(ctx, question, "")
	}
	terminal := int(file.Fd())
	before, err := term.GetState(terminal)
	if err != nil {
		return "", err
	}
	answer, err := c.answer(ctx, question, func() (string, error) {
		secret, err := term.ReadPassword(terminal)
		return string(secret), err
	})
	if err != nil { // the read goes on, but the terminal must show what is typed after the end of the program
		_ = term.Restore(terminal, before)
		return "", err
	}
	fmt.Fprintln(c) // it did not show Enter
	return answer, nil
}

// answer prints a question and returns what read returns; ErrInterrupted if ctx is done before. A read of a terminal
// cannot be cancelled, so it goes on until the program ends.
func (c *command) answer(ctx context.Context, question string, read func() (string, error)) (string, error) {
	if ctx.Err() != nil {
		return "", ErrInterrupted
	}
	fmt.Fprintf(c, "%s ", question)
	type line struct {
		text string
		err  error
	}
	lines := make(chan line, 1)
	go func() {
		text, err := read()
		lines <- line{text, err}
	}()
	var got line
	select {
	case <-ctx.Done():
	case got = <-lines:
	}
	if ctx.Err() != nil || got.err != nil {
		fmt.Fprintln(c)
	}
	if ctx.Err() != nil { // also if both are ready
		return "", ErrInterrupted
	}
	return strings.TrimSpace(got.text), nil
}
