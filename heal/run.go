package heal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"raptoreum_exporter/collector"
	"raptoreum_exporter/config"
	"raptoreum_exporter/daemon"
	"raptoreum_exporter/host"
	"raptoreum_exporter/internal/history"
	"raptoreum_exporter/internal/poll"
)

// Config is what the command needs. All fields but RealProcfs and the timeouts are required.
type Config struct {
	config.Heal
	Sources    collector.Sources
	Collectors []string // names of those that are enabled
	History    string   // file
	RealProcfs bool     // Sources.Host reads the /proc of this machine: only then may a process be signalled
	Logger     log.Logger

	CheckTimeout time.Duration // of a check, because a hung daemon does not answer; 0: 15 seconds
	SlowTimeout  time.Duration // of the additional wait for a daemon that has not answered; 0: a minute
}

// timeouts returns CheckTimeout and SlowTimeout.
func (c *Config) timeouts() (check, slow time.Duration) {
	return cmp.Or(c.CheckTimeout, 15*time.Second), cmp.Or(c.SlowTimeout, time.Minute)
}

// Run checks once and restarts raptoreumd if that is due. The exit code is 1 when heal has given up or the
// restart failed. The error is about a wrong flag or file.
func Run(ctx context.Context, c Config) (code int, err error) {
	if c.Sources.Daemon == nil {
		return 0, errors.New("no daemon is configured; give --daemon.conf or --daemon.url")
	}
	if c.DryRun {
		return 0, c.dryRun(ctx)
	}
	store, err := history.Open(c.History)
	if errors.Is(err, history.ErrLocked) {
		level.Info(c.Logger).Log("msg", Leave, "reason", err)
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("--heal.history: %w", err)
	}
	defer store.Close()
	past, err := store.Read()
	if err != nil {
		return 0, fmt.Errorf("--heal.history: %w", err)
	}
	decision, now := c.decide(ctx, past)
	level.Info(c.Logger).Log("msg", decision.Action, "reason", decision.Reason)
	if ctx.Err() != nil {
		return 0, nil
	}
	switch decision.Action {
	case Restart:
		return c.restart(ctx, store, now, decision.Trouble)
	case GiveUp:
		code = 1
	}
	return code, store.Write(now)
}

// restart records the attempt, makes it, and records how it ended.
func (c *Config) restart(ctx context.Context, store *history.Store, h history.History, trouble Trouble) (code int, err error) {
	h = h.Begin(time.Now())
	if err := store.Write(h); err != nil {
		return 0, err
	}
	restarter := Restarter{
		Command: c.command(), Find: c.findProcess, StopTimeout: c.StopTimeout, KillAfter: c.KillAfter,
		Log: func(msg string, keyvals ...any) {
			level.Info(c.Logger).Log(append([]any{"msg", msg}, keyvals...)...)
		},
	}
	outcome, failed := restarter.Restart(ctx, trouble)
	if failed != nil {
		code = 1
		level.Error(c.Logger).Log("msg", "not restarted", "reason", failed)
	} else {
		level.Info(c.Logger).Log("msg", "attempt finished", "outcome", outcome)
	}
	return code, store.Write(h.End(time.Now(), outcome))
}

// dryRun logs what would be done, and changes nothing.
func (c *Config) dryRun(ctx context.Context) error {
	past, err := history.ReadOrEmpty(c.History)
	if err != nil {
		return fmt.Errorf("--heal.history: %w", err)
	}
	decision, _ := c.decide(ctx, past)
	level.Info(c.Logger).Log("msg", "would "+string(decision.Action), "reason", decision.Reason, "command", strings.Join(c.command(), " "))
	return nil
}

func (c *Config) command() []string { return strings.Fields(c.Command) }

// decide checks once, with the same metrics as a scrape.
func (c *Config) decide(ctx context.Context, past history.History) (Decision, history.History) {
	o := c.observe(ctx, past)
	if ctx.Err() != nil { // an aborted check says nothing
		return Decision{Action: Leave, Reason: "heal was stopped"}, past
	}
	return Decide(Policy{After: c.After, Attempts: c.Attempts}, past, o)
}

func (c *Config) observe(ctx context.Context, past history.History) Observation {
	check, slow := c.timeouts()
	o := c.gather(ctx, check, c.Collectors)
	if o.unanswered() {
		o = o.waited(c.gather(ctx, slow, collector.Only(c.Collectors, "daemon", "debuglog", "process", "host")))
	}
	found, err := c.findProcess()
	switch {
	case err == nil:
		o.PidPath = c.pidPath(found.PID)
		o.Disk = c.disk(found, o.trouble() == Hung)
	case errors.Is(err, host.ErrNotRunning):
		o.Another = errors.Is(err, host.ErrAnother)
	default:
		o.Alive, o.CPU, o.Started = nil, nil, nil
	}
	if file := cmp.Or(o.PidPath, past.PidPath, c.Sources.Process.PidFile); file != "" {
		_, err := os.Stat(file)
		exists := err == nil
		if exists || errors.Is(err, fs.ErrNotExist) {
			o.PidFile = &exists
		}
	}
	if log, err := daemon.ReadDebugLog(c.Sources.DebugLog, nil); err == nil {
		o.Log = &log
	}
	return o
}

// disk reads how a process uses the disk; nil: unknown. It looks for a blocked thread for 2 seconds if patient: one that
// writes and flushes all the time was in state D in a fifth of the samples.
func (c *Config) disk(p host.Process, patient bool) *host.Disk {
	for sample := 1; ; sample++ {
		d, err := c.Sources.Host.Disk(p)
		switch {
		case err != nil:
			return nil
		case d.Blocked > 0 || !patient || sample == 20:
			return &d
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// pidPath returns where our running raptoreumd has its pid file; empty: unknown. Its command line takes precedence over
// raptoreum.conf.
func (c *Config) pidPath(pid int) string {
	configured := c.Sources.Process.PidFile
	running, err := c.Sources.Host.Running()
	if err != nil {
		return ""
	}
	for _, r := range running {
		file := r.Options["pid"]
		switch {
		case r.PID != pid || file == "":
		case filepath.IsAbs(file):
			return file
		case configured == "":
			return ""
		default: // relative to the folder of the network
			return filepath.Join(filepath.Dir(configured), file)
		}
	}
	return configured
}

func (c *Config) gather(ctx context.Context, timeout time.Duration, collectors []string) Observation {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	set := collector.New(collector.Config{Sources: c.Sources, Enabled: collectors})
	return Observe(set.Gather(ctx, poll.Wait).Families, time.Now())
}

// Relevant returns the collectors that a decision depends on. None but those: quorum dkgstatus, for example, can hang a
// daemon in a small network, and only a process that has watched the network for a while knows that it is large enough.
func Relevant(enabled []string) []string {
	return collector.Only(enabled, "daemon", "debuglog", "host", "port", "process")
}

// errUnsure means that a process may belong to another node.
var errUnsure = errors.New("it is unknown which raptoreumd is ours; give --daemon.conf")

// findProcess finds our raptoreumd so that it may be signalled: one that is certain to be ours, and not by a
// pid file alone, which may be stale, and in the /proc of this very machine.
func (c *Config) findProcess() (host.Process, error) {
	q := c.Sources.Process
	if q.Datadir == "" && q.Conf == "" || !c.RealProcfs {
		return host.Process{}, errUnsure
	}
	found, err := c.Sources.Host.Daemon(q)
	switch {
	case err != nil:
		return found, err
	case !found.Certain:
		return host.Process{}, errUnsure
	case q.PidFile == "":
		return found, nil
	}
	q.PidFile = ""
	if again, err := c.Sources.Host.Daemon(q); err != nil || again.PID != found.PID {
		return host.Process{}, errUnsure
	}
	return found, nil
}
