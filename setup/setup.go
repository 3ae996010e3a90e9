// Package setup installs the exporter beside the raptoreumd of this machine, and Prometheus and Alertmanager on the
// machine that watches.
//
// Each command makes a plan, which lists the files and the units that it wants, and compares it with the machine. It
// shows the differences, asks once, and applies them in one transaction. A record in /var/lib has what was there
// before, so the same transaction undoes everything: it applies an empty plan.
package setup

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// Config configures both commands.
type Config struct {
	Yes, DryRun, Undo bool
	Node              Node
	Watch             *Watch // nil: set up the exporter beside raptoreumd
	Stdin             io.Reader
	Stdout            io.Writer
	System            System
}

const (
	exitOK     = 0
	exitPartly = 1 // something was kept that a person has to merge, or a check failed
)

var (
	// ErrNotRoot means that the user may not change the machine.
	ErrNotRoot = errors.New("setup changes files of root; run it with sudo")
	// ErrDeclined means that the answer to the question was no.
	ErrDeclined = errors.New("nothing was changed")
	// ErrInterrupted means that the context was done before a question was answered.
	ErrInterrupted = errors.New("interrupted; nothing was changed")
)

// command is one run.
type command struct {
	Config
	System
	answers *bufio.Reader // of Stdin
	secrets []string      // which are never printed

	placing   []placed           // exporters of this run
	tests     map[string]float64 // how many test messages each integration of Alertmanager is to send
	keptFiles []string           // that a person changed
	reloading []string           // units whose files this run changes
	began     time.Time          // of the changes
}

// Write prints text without the secrets.
func (c *command) Write(text []byte) (int, error) {
	if _, err := io.WriteString(c.Stdout, c.shown(string(text))); err != nil {
		return 0, err
	}
	return len(text), nil
}

// shown is a text without the secrets.
func (c *command) shown(text string) string {
	for _, secret := range c.secrets {
		text = strings.ReplaceAll(text, secret, "<secret>")
	}
	return text
}

// hide makes sure that a secret is not printed.
func (c *command) hide(secret string) {
	if len(secret) > 3 { // else it would hide parts of words
		c.secrets = append(c.secrets, secret)
	}
}

// Run sets the machine up and returns the exit code: 0 if everything is as wanted, 1 if a file was kept because a
// person changed it, or if something does not work yet. After an error the machine is as before, unless the error
// says otherwise.
func Run(ctx context.Context, c Config) (int, error) {
	run := &command{Config: c, System: c.System.withDefaults(), answers: bufio.NewReader(c.Stdin)}
	code, err := run.run(ctx)
	if err != nil && run.shown(err.Error()) != err.Error() { // of another program
		err = errors.New(run.shown(err.Error()))
	}
	return code, err
}

func (c *command) run(ctx context.Context) (int, error) {
	if os.Geteuid() != 0 && c.Root == "" {
		return exitPartly, ErrNotRoot
	}
	if !c.DryRun {
		unlock, err := c.lock()
		if err != nil {
			return exitPartly, err
		}
		defer unlock()
	}
	name := "node"
	if c.Watch != nil {
		name = "watch"
	}
	past, err := c.load(name)
	if err != nil {
		return exitPartly, err
	}
	for path, w := range past.Files { // a diff may show one that is replaced
		if f, err := c.read(path); w.Secret && err == nil && f != nil {
			c.hide(strings.TrimSpace(f.content))
		}
	}
	if past.Unfinished {
		c.print("The last run was interrupted. This one completes it or, with --undo, takes it back.")
	}
	switch {
	case c.Undo:
		return c.takeAllBack(ctx, past)
	case c.Watch != nil:
		return c.watch(ctx, past)
	}
	return c.nodes(ctx, past)
}

func (c *command) print(format string, args ...any) {
	fmt.Fprintf(c, strings.TrimSuffix(format, "\n")+"\n", args...)
}

// perform shows the differences, asks, and applies them. kept: a file of a person differs from what is wanted.
func (c *command) perform(ctx context.Context, p plan, past record) (done, kept bool, err error) {
	steps, err := c.compare(p, past)
	if err != nil {
		return false, false, err
	}
	t := &transaction{System: c.System, plan: p, steps: steps, past: past, nodes: c.placing}
	if err := t.readUnits(ctx); err != nil {
		return false, false, err
	}
	switch {
	case c.Undo: // the record goes too
	case c.Watch != nil:
		t.watch, t.verify = c.Watch, c.reloaded
	default:
		t.node, t.verify = &c.Node, c.answering
	}
	for _, o := range steps {
		switch {
		case o.action == edited:
			kept, c.keptFiles = true, append(c.keptFiles, o.path)
		case o.changes():
			c.reloading = append(c.reloading, o.units...)
		}
	}
	c.show(t)
	if forgotten := c.Undo && !kept; !t.changes() && !forgotten { // an undo also removes the record
		c.print(map[bool]string{false: "Nothing to change.", true: "Nothing else to change."}[kept])
		return false, kept, nil
	}
	if c.DryRun {
		c.print("This was a dry run. Nothing was changed.")
		return false, kept, nil
	}
	answer, err := c.ask(ctx, "Make these changes? [y/N]", "n")
	if err != nil {
		return false, kept, err
	}
	if !c.Yes && !slices.Contains([]string{"y", "yes"}, strings.ToLower(answer)) {
		return false, kept, ErrDeclined
	}
	c.began = time.Now()
	if err := t.run(ctx); err != nil {
		return false, kept, err
	}
	return true, kept, nil
}

// longDiff is the number of lines of a diff from which on only --dry-run shows it: the question must stay visible.
const longDiff = 40

// show prints what is to be done.
func (c *command) show(t *transaction) {
	for _, o := range t.steps {
		if o.action == keep {
			continue
		}
		c.print("%s", o.describe(c.System))
		if o.action != restore && o.new.mode != 0 {
			text := o.text()
			if lines := strings.Count(text, "\n"); lines > longDiff && !c.DryRun && o.action != edited {
				text = fmt.Sprintf("(%d lines; --dry-run shows them)\n", lines)
			}
			fmt.Fprintf(c, "%s", indent(text))
		}
		if o.old != nil && (o.action == create || o.action == replace) {
			c.print("  backup: %s", t.past.backup(o.path))
		}
		switch {
		case o.action == edited && o.add != "":
			c.print("  %s", merge(o.add, o.old.content))
		case o.action == edited:
			c.print("  Merge the difference by hand, or remove the file and run setup again.")
		}
	}
	for _, u := range t.plan.units {
		switch have := t.units[u.name]; {
		case u.running && have != unitState{true, true}:
			c.print("enable and start %s", u.name)
		case !u.running && have != unitState{}:
			c.print("stop and disable %s", u.name)
		}
	}
	for _, name := range t.unitsBack() {
		c.print("put %s back to its state before setup", name)
	}
}

func indent(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		b.WriteString("  " + strings.TrimSuffix(line, "\n") + "\n")
	}
	return b.String()
}

// takeAllBack undoes everything that the command has done.
func (c *command) takeAllBack(ctx context.Context, past record) (int, error) {
	if past.empty() && !past.Unfinished {
		c.print("There is nothing to undo.")
		if c.DryRun {
			return exitOK, nil
		}
		return exitOK, c.dropRecord(past) // of a run that was killed before its first change
	}
	_, kept, err := c.perform(ctx, plan{}, past)
	if err != nil {
		return exitPartly, err
	}
	if kept {
		c.print("Files that were changed by hand were kept. What was there before is in %s.", past.dir())
		return exitPartly, nil
	}
	c.print("Everything is as it was before setup.")
	return exitOK, nil
}
