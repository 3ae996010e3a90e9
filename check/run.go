// Package check is the check command: it gathers the metrics of a smartnode once, waits for what a scrape only
// starts in the background, and prints the findings of package judge.
package check

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"time"

	"raptoreum_exporter/collector"
	"raptoreum_exporter/config"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/judge"
)

// Timeouts bound the parts of a check.
type Timeouts struct {
	Gather time.Duration // one gathering; 0: 15 seconds
	Slow   time.Duration // the additional wait for a daemon that has not answered; 0: a minute
	Rest   time.Duration // the gathering of everything else when the daemon is not ready; 0: 5 seconds
}

func (t Timeouts) withDefaults() Timeouts {
	return Timeouts{cmp.Or(t.Gather, 15*time.Second), cmp.Or(t.Slow, time.Minute), cmp.Or(t.Rest, 5*time.Second)}
}

// ErrInterrupted means that a check was aborted: what is missing then says nothing about the daemon.
var ErrInterrupted = errors.New("interrupted before the check was complete")

// Config configures the command. All fields but ProTxHash, FleetFile and Timeouts are required.
type Config struct {
	config.Check
	Sources    collector.Sources
	Collectors []string // names of those that are enabled
	ProTxHash  string   // from the configuration; empty: found automatically
	FleetFile  string   // that contains Target
	Stdout     io.Writer
	Stderr     io.Writer // for the progress, on a terminal
	Timeouts   Timeouts
}

// Run checks once and prints the report, and those of the fleet if there is no daemon. With Watch it shows the progress
// of a sync instead. The error is ErrInterrupted or about a wrong flag.
func Run(ctx context.Context, c Config) (judge.Verdict, error) {
	c.Timeouts = c.Timeouts.withDefaults()
	if c.Watch {
		return watch(ctx, c)
	}
	wait := showWait(c.Stderr, "querying raptoreumd, the explorers and the port")
	in, err := c.gather(ctx, wait)
	wait.end()
	if err == nil && ctx.Err() != nil {
		err = ErrInterrupted
	}
	if err != nil {
		return judge.Unknown, err
	}
	report := judge.Judge(in)
	style := Style{Color: isTerminal(c.Stdout) && os.Getenv("NO_COLOR") == "", Quiet: c.Quiet, Program: config.Program}
	if c.JSON {
		encoder := json.NewEncoder(c.Stdout)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(report)
		return report.Verdict, err
	}
	Print(c.Stdout, &report, style)
	if c.watchesFleet() {
		worst, err := c.checkFleet(ctx, style)
		if err != nil || worst.Compare(report.Verdict) > 0 {
			return worst, err
		}
	}
	return report.Verdict, nil
}

// gather collects the metrics of this machine's node or of a node of the fleet.
func (c *Config) gather(ctx context.Context, wait *waitLine) (judge.Input, error) {
	if c.Target != "" {
		return c.gatherTarget(ctx)
	}
	return c.gatherOwn(ctx, wait), nil
}

// gatherOwn gathers twice. The first pass finds out which smartnode this is, because a banned one is only
// found in the list, and which blocks the explorers have, for the comparison. Each pass has its own timeout,
// because the duration of the first says nothing about the daemon.
func (c *Config) gatherOwn(ctx context.Context, wait *waitLine) judge.Input {
	limit, waited := c.Timeouts.Gather, time.Duration(0)
	if c.Sources.Daemon != nil {
		families := c.run(ctx, c.Timeouts.Gather, collector.Only(c.Collectors, "daemon", "smartnode", "network", "explorer")).Families
		first := judge.NewValues(families, time.Now())
		if first.Unanswered() {
			wait.say("raptoreumd is slow or hung; waiting up to a minute for an answer")
			began := time.Now()
			c.run(ctx, c.Timeouts.Slow, collector.Only(c.Collectors, "daemon"))
			if waited = c.Timeouts.Gather + time.Since(began).Round(time.Second); waited < c.Timeouts.Slow {
				waited = 0 // others wait already, so it did not ask
			}
		}
		if !first.Ready() {
			limit = c.Timeouts.Rest
		}
	}
	all := c.run(ctx, limit, c.Collectors)
	return judge.Input{
		Families: all.Families, At: time.Now(), Errors: all.Errors,
		Datadir: c.Sources.Datadir, DebugLog: c.Sources.DebugLog, Conf: c.Sources.Process.Conf, ProTx: c.ProTxHash,
		Waited: waited,
	}
}

// run gathers with these collectors and waits for what a scrape only starts in the background.
func (c *Config) run(ctx context.Context, limit time.Duration, collectors []string) collector.Result {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	set := collector.New(collector.Config{Sources: c.Sources, Enabled: collectors, Once: true})
	return set.Gather(ctx, poll.Wait)
}
