package collector

import (
	"context"
	"errors"
	"fmt"
	"time"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/internal/text"
)

// maxLabel is the maximum length in bytes of foreign text in a label.
const maxLabel = 100

type daemonState struct {
	up, state, info, started, warnings, warmup, commands, longest *metric
}

func newDaemonState(c *catalog) updater {
	return &daemonState{
		up:       c.gauge("up", "1 if raptoreumd is ready: it answered in this scrape, including the calls that take its main lock."),
		state:    c.gauge("daemon_state", "State of raptoreumd; exactly one is 1. slow: it answers later than a scrape waits: what takes its main lock was answered within the last 3 minutes, or debug.log has a new tip, or what does not take it was answered late within the last 3 minutes; hung: it accepts connections and answers nothing (of one that has not answered since the exporter started: for a minute), or nothing that takes the main lock for 3 minutes; busy: its work queue is full.", "state"),
		info:     c.late("daemon_info", "Always 1; version of raptoreumd and its chain (getnetworkinfo, getblockchaininfo chain).", "version", "subversion", "protocol", "chain"),
		started:  c.gauge("daemon_start_time_seconds", "Unix time at which raptoreumd started (current time minus uptime); changes only when the daemon restarts."),
		warnings: c.late("daemon_warnings", "1 if raptoreumd reports a warning (getnetworkinfo warnings)."),
		warmup:   c.gauge("daemon_warmup_info", "Always 1; progress message of raptoreumd while it warms up (RPC error -28).", "message"),
		commands: c.gauge("daemon_rpc_commands", "Number of running RPC commands, without this getrpcinfo itself but with hung requests of this exporter (getrpcinfo active_commands)."),
		longest:  c.gauge("daemon_rpc_longest_command_seconds", "Duration of the longest running RPC command in seconds; a worker that never returns is lost until the daemon is killed (getrpcinfo active_commands)."),
	}
}

func (d *daemonState) update(ctx context.Context, in *scrape, out *samples) error {
	if in.session == nil {
		return errNotApplicable
	}
	state, reason := in.session.State(ctx)
	if !errors.Is(ctx.Err(), context.Canceled) { // the scraper disconnected: nothing was learned
		in.journal.state(in.began, state, reason)
	}
	sendEnum(out, d.state, daemon.States(), state)
	sendFlag(out, d.up, state == daemon.Ready)
	if e, ok := errors.AsType[*daemon.Error](reason); ok && state == daemon.WarmingUp {
		send(out, d.warmup, 1, text.Clip(e.Err.Error(), maxLabel))
	}
	var errs []error
	if state == daemon.Failed {
		errs = append(errs, fmt.Errorf("unexpected reply: %w", reason))
	}
	if lockfree, err := in.session.Lockfree(ctx); err == nil {
		if lockfree.Uptime.Err == nil {
			send(out, d.started, unix(lockfree.Started))
		}
		d.sendCommands(out, lockfree)
		errs = append(errs, lockfree.Uptime.Err, lockfree.RPC.Err)
	}
	if main, err := in.mainlock(ctx); err == nil {
		d.sendInfo(out, main)
		errs = append(errs, main.Network.Err, main.Chain.Err)
	}
	return errors.Join(errs...)
}

// sendCommands excludes our own getrpcinfo, which is always among the commands.
func (d *daemonState) sendCommands(out *samples, r *daemon.Lockfree) {
	if r.RPC.Err != nil {
		return
	}
	var longest time.Duration
	others := 0
	for _, command := range *r.RPC.Value.ActiveCommands {
		if *command.Method != "getrpcinfo" {
			others++
			longest = max(longest, time.Duration(*command.Duration)*time.Microsecond)
		}
	}
	send(out, d.commands, others)
	send(out, d.longest, longest.Seconds())
}

func (d *daemonState) sendInfo(out *samples, r *daemon.Mainlock) {
	if r.Network.Err != nil {
		return
	}
	network := r.Network.Value
	sendFlag(out, d.warnings, *network.Warnings != "")
	if r.Chain.Err == nil {
		send(out, d.info, 1,
			versionText(*network.Version),
			text.Clip(*network.Subversion, maxLabel),
			fmt.Sprint(*network.ProtocolVersion),
			text.Clip(*r.Chain.Value.Chain, maxLabel))
	}
}

// versionText formats 2000301 as 2.0.3.1 (clientversion.h).
func versionText(v int) string {
	return fmt.Sprintf("%d.%d.%d.%d", v/1000000, v/10000%100, v/100%100, v%100)
}
