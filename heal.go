package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"raptoreum_exporter/collector"
	"raptoreum_exporter/heal"
	"raptoreum_exporter/host"
	"raptoreum_exporter/internal/poll"
)

// healOptions are the flags of the heal command, and where its history is.
type healOptions struct {
	command, history, after, attempts, stopTimeout, killAfter string
	dryRun                                                    bool
}

// healing is what they mean.
type healing struct {
	config  heal.Config
	surgeon heal.Surgeon
}

func (o *healOptions) read() (h healing, err error) {
	h.surgeon.Command = strings.Fields(o.command)
	switch {
	case len(h.surgeon.Command) == 0 && !o.dryRun:
		return h, errors.New("--heal.command: say what starts raptoreumd anew, like --heal.command=\"systemctl restart raptoreumd\"")
	case strings.ContainsAny(o.command, "'\"`\\|&;<>$(){}*?~\n"):
		return h, fmt.Errorf("--heal.command: %q has quotes or other signs of a shell, and no shell is asked; put them into a script and name that", o.command)
	}
	for _, d := range []struct {
		flag, text string
		into       *time.Duration
		least      time.Duration
	}{
		{"after", o.after, &h.config.After, time.Second},
		{"stop-timeout", o.stopTimeout, &h.surgeon.StopTimeout, time.Second},
		{"kill-after", o.killAfter, &h.surgeon.KillAfter, 0},
	} {
		if *d.into, err = time.ParseDuration(d.text); err != nil || *d.into < d.least {
			return h, fmt.Errorf("--heal.%s: %q is not a time of at least %s, like 10m", d.flag, d.text, d.least)
		}
	}
	if h.config.Attempts, err = strconv.Atoi(o.attempts); err != nil || h.config.Attempts < 1 || h.config.Attempts > heal.AttemptsMost {
		return h, fmt.Errorf("--heal.attempts: %q is no number of 1 to %d", o.attempts, heal.AttemptsMost)
	}
	return h, nil
}

// runHeal is the heal command. An error is a wrong flag or file.
func runHeal(ctx context.Context, o *options, stderr io.Writer) (code int, err error) {
	h, err := o.heal.read()
	if err != nil {
		return 0, err
	}
	logger, err := newLogger(o, stderr)
	if err != nil {
		return 0, err
	}
	logger = dated(logger)
	for _, name := range []string{"payments", "network", "explorer", "fleet", "heal", "release"} {
		o.disabled[name] = true // nothing of it is a reason
	}
	for _, name := range []string{"daemon", "process"} {
		if o.disabled[name] {
			return 0, fmt.Errorf("--no-collector.%s: heal decides by it", name)
		}
	}
	sources, err := connect(ctx, o, level.NewFilter(logger, level.AllowWarn()))
	if err != nil {
		return 0, err
	}
	if sources.Daemon == nil {
		return 0, errors.New("no daemon is configured; give --daemon.conf or --daemon.url")
	}
	h.surgeon.Find = func() (host.Process, error) { return surely(&sources) }
	h.surgeon.Log = func(msg string, keyvals ...any) {
		level.Info(logger).Log(append([]any{"msg", msg}, keyvals...)...)
	}
	if o.heal.dryRun {
		history, err := heal.ReadOrEmpty(o.heal.history)
		if err != nil {
			return 0, fmt.Errorf("--heal.history: %w", err)
		}
		decision, _, err := h.decide(ctx, sources, o, history)
		if err != nil {
			return 0, err
		}
		level.Info(logger).Log("msg", "would "+string(decision.Action), "why", decision.Reason, "command", strings.Join(h.surgeon.Command, " "))
		return 0, nil
	}
	store, err := heal.Open(o.heal.history)
	if errors.Is(err, heal.ErrLocked) {
		level.Info(logger).Log("msg", "leave", "why", err)
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("--heal.history: %w", err)
	}
	defer store.Close()
	return h.run(ctx, sources, o, store, logger)
}

// run looks once, and does what is due. Whatever is done is written down before.
func (h healing) run(ctx context.Context, s collector.Sources, o *options, store *heal.Store, logger log.Logger) (code int, err error) {
	history, err := store.Read()
	if err != nil {
		return 0, fmt.Errorf("--heal.history: %w", err)
	}
	decision, history, err := h.decide(ctx, s, o, history)
	if err != nil {
		return 0, err
	}
	level.Info(logger).Log("msg", string(decision.Action), "why", decision.Reason)
	if ctx.Err() != nil {
		return 0, nil
	}
	if decision.Action != heal.Restart {
		if decision.Action == heal.GiveUp {
			code = 1
		}
		return code, store.Write(history)
	}
	history = history.Begin(time.Now())
	if err := store.Write(history); err != nil {
		return 0, err
	}
	outcome, failed := h.surgeon.Operate(ctx, decision.Trouble)
	if failed != nil {
		code = 1
		level.Error(logger).Log("msg", "not restarted", "why", failed)
	} else {
		level.Info(logger).Log("msg", "attempt ended", "how", outcome)
	}
	return code, store.Write(history.End(time.Now(), outcome))
}

// errUnsure means that a process may be another node's.
var errUnsure = errors.New("which raptoreumd is ours is not known; give --daemon.conf")

// surely finds our raptoreumd, as one that may be signalled: by its data directory or conf, and not by a
// pid file alone, which may be old; and by the /proc of this very machine.
func surely(s *collector.Sources) (host.Process, error) {
	q := s.Process
	if q.Datadir == "" && q.Conf == "" || !s.RealProcfs {
		return host.Process{}, errUnsure
	}
	found, err := s.Host.Daemon(q)
	if err != nil || q.PidFile == "" {
		return found, err
	}
	q.PidFile = ""
	if again, err := s.Host.Daemon(q); err != nil || again.PID != found.PID {
		return host.Process{}, errUnsure
	}
	return found, nil
}

// decide takes one look, of the same metrics as a scrape.
func (h healing) decide(ctx context.Context, s collector.Sources, o *options, history heal.History) (heal.Decision, heal.History, error) {
	set := collector.New(collector.Config{Sources: s, Disabled: o.disabled})
	families, err := gatherFor(ctx, set.Bind, poll.Wait, checkTime)
	if err != nil {
		return heal.Decision{}, history, err
	}
	if ctx.Err() != nil { // what was cut off says nothing
		return heal.Decision{Action: heal.Leave, Reason: "heal was stopped"}, history, nil
	}
	seen := heal.LookAt(families, time.Now())
	if _, err := surely(&s); err != nil && !errors.Is(err, host.ErrNotRunning) {
		seen.Alive, seen.CPU = nil, nil
	} else {
		seen.Another = errors.Is(err, host.ErrAnother)
	}
	if file := s.Process.PidFile; file != "" {
		_, err := os.Stat(file)
		there := err == nil
		if there || errors.Is(err, fs.ErrNotExist) {
			seen.PidFile = &there
		}
	}
	decision, history := heal.Decide(h.config, history, seen)
	return decision, history, nil
}
