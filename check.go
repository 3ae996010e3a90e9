package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"golang.org/x/term"

	"raptoreum_exporter/alerts"
	"raptoreum_exporter/check"
	"raptoreum_exporter/collector"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/internal/text"
)

const (
	checkTime  = 15 * time.Second // for one look: a daemon that takes longer is hung
	checkRest  = 5 * time.Second  // for what a silent daemon has nothing to do with
	watchEvery = 5 * time.Second
)

// errInterrupted ends a look that was cut off: what it did not learn says nothing of the daemon.
var errInterrupted = errors.New("interrupted before the look had ended")

// checkOptions are the flags of the check command.
type checkOptions struct {
	json, quiet, watch bool
	target, runbook    string
}

// validate tells of flags that exclude each other.
func (c *checkOptions) validate(o *options) error {
	switch {
	case c.watch && (c.json || c.quiet || c.target != ""):
		return errors.New("--watch: goes without --json, --quiet and --target")
	case c.json && c.quiet:
		return errors.New("--json, --quiet: give one of them")
	case c.target != "" && o.fleet.config == "":
		return errors.New("--target: give the file that names it with --fleet.config")
	}
	return nil
}

// runCheck is the check command. An error is a wrong flag or file.
func runCheck(ctx context.Context, o *options, stdout, stderr io.Writer) (int, error) {
	c := &o.check
	if c.runbook != "" {
		return 0, printRunbook(stdout, c.runbook)
	}
	if err := c.validate(o); err != nil {
		return 0, err
	}
	logger, err := newLogger(o, stderr)
	if err != nil {
		return 0, err
	}
	least := level.AllowWarn() // of the start only what is wrong: the rest is in the findings
	if c.quiet {
		least = level.AllowError()
	}
	sources, err := connect(ctx, o, level.NewFilter(dated(logger), least))
	if err != nil {
		return 0, err
	}
	if c.watch {
		return watch(ctx, sources, o, stdout)
	}
	done := progress(stderr, "asking raptoreumd, the explorers and the port")
	look, err := lookOnce(ctx, sources, o)
	done()
	if err != nil {
		return 0, err
	}
	report := check.Judge(look)
	if c.json {
		encoder := json.NewEncoder(stdout)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(report)
	} else {
		report.Print(stdout, check.Style{Color: isTerminal(stdout) && os.Getenv("NO_COLOR") == "", Quiet: c.quiet, Program: name})
	}
	return int(report.Verdict), err
}

func printRunbook(w io.Writer, alert string) error {
	runbook, ok := alerts.Runbook(alert)
	if !ok {
		return fmt.Errorf("--runbook: there is none of %q; --runbook=README lists them", text.Clip(alert, 64))
	}
	_, err := w.Write(runbook)
	return err
}

// lookOnce gathers what is judged, of this machine's node or of one of the fleet.
func lookOnce(ctx context.Context, s collector.Sources, o *options) (look check.Look, err error) {
	if o.check.target != "" {
		late, cancel := context.WithTimeout(ctx, checkTime)
		defer cancel()
		look, err = lookOutside(late, s, o)
	} else {
		look, err = lookHere(ctx, s, o)
	}
	if err == nil && ctx.Err() != nil {
		err = errInterrupted
	}
	return look, err
}

// lookHere first learns which smartnode this is, for a banned one is found in the list only, and which
// blocks the explorers have, to compare with; then it gathers all. Each has its own time: what the first
// took says nothing of the daemon.
func lookHere(ctx context.Context, s collector.Sources, o *options) (check.Look, error) {
	why := &reasons{of: map[string]string{}}
	look := check.Look{Datadir: s.Datadir, Conf: s.Process.Conf, ProTx: o.protx}
	limit := checkTime
	if s.Daemon != nil {
		first := collector.New(collector.Config{Sources: s, Disabled: allBut(o.disabled, "daemon", "smartnode", "network", "explorer")})
		families, err := gatherFor(ctx, first.Bind, poll.Wait, checkTime)
		if err != nil {
			return look, err
		}
		if !check.Ready(families) {
			limit = checkRest
		}
	}
	set := collector.New(collector.Config{Sources: s, Disabled: o.disabled, Logger: why})
	families, err := gatherFor(ctx, set.Bind, poll.Wait, limit)
	look.Families, look.At, look.Reasons = families, time.Now(), why.of
	return look, err
}

// allBut disables all collectors but these, and those that are disabled already.
func allBut(disabled map[string]bool, names ...string) map[string]bool {
	off := map[string]bool{}
	for _, c := range collector.Names() {
		off[c.Name] = disabled[c.Name] || !slices.Contains(names, c.Name)
	}
	return off
}

// lookOutside judges a node of the fleet as /probe does, but waits for what it needs.
func lookOutside(ctx context.Context, s collector.Sources, o *options) (check.Look, error) {
	p := &prober{fleet: s.Fleet, port: s.Port, allowPrivate: o.fleet.allowPrivate}
	snapshot := s.Fleet.Snapshot(ctx, poll.Wait)
	node, ok := snapshot.Find(o.check.target)
	if !ok {
		return check.Look{}, fmt.Errorf("--target: no smartnode of %s has the name or proTxHash %q", o.fleet.config, text.Clip(o.check.target, 64))
	}
	began := time.Now()
	look, _ := p.look(ctx, snapshot, node, poll.Wait)
	look.Took = time.Since(began)
	families, err := gatherer(collector.NewProbe().Bind(look)).Gather()
	return check.Look{Families: families, At: time.Now(), Node: node.Name}, err
}

// watch shows the progress of a sync until it is finished.
func watch(ctx context.Context, s collector.Sources, o *options, stdout io.Writer) (int, error) {
	if s.Daemon == nil {
		return 0, errors.New("--watch: no daemon is configured; give --daemon.conf or --daemon.url")
	}
	set := collector.New(collector.Config{Sources: s, Disabled: allBut(o.disabled, "daemon", "chain", "sync", "peers", "explorer")})
	begin, end := "", "\n"
	if isTerminal(stdout) {
		begin, end = "\r\x1b[K", ""
	}
	var p check.Progress
	for {
		families, err := gatherFor(ctx, set.Bind, poll.NoWait, checkTime)
		if err != nil {
			return 0, err
		}
		line, finished := p.Line(families, time.Now())
		if ctx.Err() != nil {
			line = "" // what was cut off says nothing
		}
		fmt.Fprintf(stdout, "%s%s%s", begin, clip(line, stdout), end)
		if !finished {
			select {
			case <-time.After(watchEvery):
				continue
			case <-ctx.Done():
			}
		}
		if end == "" {
			fmt.Fprintln(stdout)
		}
		if !finished {
			return int(check.Warning), nil
		}
		return 0, nil
	}
}

func gatherFor(ctx context.Context, bind func(context.Context, poll.Mode) prometheus.Collector, mode poll.Mode, limit time.Duration) ([]*dto.MetricFamily, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return gatherer(bind(ctx, mode)).Gather()
}

// progress shows on a terminal that something is waited for, until the function that it returns is called.
func progress(w io.Writer, what string) (done func()) {
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
				fmt.Fprintf(w, "\r\x1b[K%s: %d s of at most %.0f", what, seconds, checkTime.Seconds())
			}
		}
	}()
	return func() { close(stop); <-stopped }
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// clip cuts a line to the width of the terminal: what wraps cannot be written over.
func clip(line string, w io.Writer) string {
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && 0 < width && width <= len(line) {
			return line[:width-1]
		}
	}
	return line
}

// reasons keeps what the log would say of collectors that fail.
type reasons struct {
	mu sync.Mutex
	of map[string]string
}

var _ log.Logger = (*reasons)(nil)

// Log implements log.Logger.
func (r *reasons) Log(keyvals ...any) error {
	words := map[string]string{}
	for i := 0; i+1 < len(keyvals); i += 2 {
		words[fmt.Sprint(keyvals[i])] = fmt.Sprint(keyvals[i+1])
	}
	if collector, ok := strings.CutPrefix(words["source"], "collector "); ok {
		r.mu.Lock()
		defer r.mu.Unlock()
		if err := words["err"]; err != "" {
			r.of[collector] = text.Clip(err, 200)
		} else {
			delete(r.of, collector)
		}
	}
	return nil
}
