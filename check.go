package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
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
	"raptoreum_exporter/internal/text"
)

const (
	checkTime  = 15 * time.Second // for one look: a daemon that takes longer is hung
	watchEvery = 5 * time.Second
	// Who is asked whom depends on what an earlier answer says: a banned smartnode is found in the list.
	looksMost = 3
)

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
	// Of the start only what is wrong: the rest is in the findings.
	sources, err := connect(ctx, o, level.NewFilter(dated(logger), level.AllowWarn()))
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
func lookOnce(ctx context.Context, s collector.Sources, o *options) (check.Look, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	if o.check.target != "" {
		return lookOutside(ctx, s, o)
	}
	why := &reasons{of: map[string]string{}}
	set := collector.New(collector.Config{Sources: s, Disabled: o.disabled, Logger: why})
	look := check.Look{Datadir: s.Datadir, Conf: s.Process.Conf}
	for range looksMost {
		before := known(s)
		families, err := gatherer(set.Bind(ctx, true)).Gather()
		if err != nil {
			return look, err
		}
		look.Families, look.At = families, time.Now()
		if !check.Ready(families) || known(s) == before {
			break
		}
	}
	look.Reasons = why.of
	return look, nil
}

// known is what the daemon's client remembers of the node.
func known(s collector.Sources) any {
	if s.Daemon == nil {
		return nil
	}
	return s.Daemon.Known()
}

// lookOutside judges a node of the fleet as /probe does, but waits for what it needs.
func lookOutside(ctx context.Context, s collector.Sources, o *options) (check.Look, error) {
	p := &prober{fleet: s.Fleet, port: s.Port, allowPrivate: o.fleet.allowPrivate}
	snapshot := s.Fleet.Snapshot(ctx, true)
	node, ok := snapshot.Find(o.check.target)
	if !ok {
		return check.Look{}, fmt.Errorf("--target: no smartnode of %s has the name or proTxHash %q", o.fleet.config, text.Clip(o.check.target, 64))
	}
	began := time.Now()
	look, _ := p.look(ctx, snapshot, node, true)
	look.Took = time.Since(began)
	families, err := gatherer(collector.NewProbe().Bind(look)).Gather()
	return check.Look{Families: families, At: time.Now(), Node: node.Name}, err
}

// watch shows the progress of a sync until it is finished.
func watch(ctx context.Context, s collector.Sources, o *options, stdout io.Writer) (int, error) {
	if s.Daemon == nil {
		return 0, errors.New("--watch: no daemon is configured; give --daemon.conf or --daemon.url")
	}
	off := map[string]bool{}
	for _, c := range collector.Names() {
		off[c.Name] = o.disabled[c.Name]
	}
	for _, name := range []string{"smartnode", "payments", "quorum", "network", "port", "process", "host", "datadir", "fleet", "heal", "release"} {
		off[name] = true
	}
	set := collector.New(collector.Config{Sources: s, Disabled: off})
	begin, end := "", "\n"
	if isTerminal(stdout) {
		begin, end = "\r\x1b[K", ""
	}
	var p check.Progress
	for {
		families, err := gatherFor(ctx, set.Bind)
		if err != nil {
			return 0, err
		}
		line, finished := p.Line(families, time.Now())
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

func gatherFor(ctx context.Context, bind func(context.Context, bool) prometheus.Collector) ([]*dto.MetricFamily, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	return gatherer(bind(ctx, false)).Gather()
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
