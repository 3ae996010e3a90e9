package judge

import (
	"fmt"
	"slices"
	"strings"

	"raptoreum_exporter/alerts"
	"raptoreum_exporter/daemon"
	"raptoreum_exporter/internal/text"
)

// youngDaemon is the uptime in seconds up to which a start is reported.
const youngDaemon = 10 * 60

// judgeDaemon reports a daemon that is not ready as one outage, whatever its state.
func judgeDaemon(f *facts) *Finding {
	if f.outside() {
		return nil
	}
	state := f.state("daemon_state", "state")
	status := "systemctl status 'raptoreum*' --no-pager"
	switch state {
	case "ready":
		up, _ := f.age("daemon_start_time_seconds")
		return healthy("ready, version %s, up for %s", f.state("daemon_info", "version"), FormatDuration(up))
	case "":
		if f.fleetOnly() {
			return healthy("none is configured; this exporter watches a fleet")
		}
		return &Finding{
			Verdict: Unknown, Text: "no daemon is configured, or its raptoreum.conf cannot be read",
			Next: []string{"raptoreum_exporter check --daemon.conf=FILE   # or --daemon.url, --daemon.user and --daemon.password-file"},
		}
	case "warming_up":
		text := "is starting: " + f.state("daemon_warmup_info", "message") + f.logged()
		if age, known := f.age("process_start_time_seconds"); known && age > alerts.MaxWarmup {
			return critical("DaemonStuckWarmingUp", text+", for "+FormatDuration(age), f.debugLog())
		}
		return warning("DaemonStuckWarmingUp", text+"; wait, because a restart begins the warm-up again", f.debugLog())
	case "unauthorized", "forbidden":
		return warning("DaemonRefusesUs", "rejects the exporter's credentials or address ("+state+"), so its state is unknown", status,
			"sudo grep -n -o -E '^ *((rpcuser|rpcallowip|rpcport) *=.*|rpcauth *= *[^:]*)' "+f.conf()+"   # were they changed or added without a restart?")
	case "busy":
		return warning("DaemonBusy", "rejects calls: its work queue is full", "raptoreum-cli getrpcinfo", f.debugLog())
	case "slow":
		return judgeSlow(f)
	case "hung":
		text := "is hung: it accepts connections but does not answer" + f.process() + f.logged()
		if f.validates() {
			text += "; it still validates blocks: wait before you restart it"
		}
		return critical("DaemonDown", text,
			f.debugLog(), "top -b -n 1 | head -n 12").implies("DaemonHung")
	case "unreachable":
		return critical("DaemonDown", "does not answer"+f.process(), status, f.debugLog())
	}
	return critical("DaemonDown", "sends an unexpected reply: is this the RPC port of raptoreumd?", status, f.debugLog())
}

// fleetOnly reports whether no daemon is configured, because the exporter watches a fleet.
func (f *facts) fleetOnly() bool {
	_, fleet := f.value("fleet_config_reload_success")
	return fleet && f.state("daemon_state", "state") == ""
}

// judgeSlow does not know how long the daemon has been silent before this check: without a late answer or a
// new tip it may be hung.
func judgeSlow(f *facts) *Finding {
	top := "top -b -n 1 | head -n 12   # catching up, a reindex, too little CPU, or a miner?"
	age, answered := f.value("daemon_answer_age_seconds", "batch", "mainlock")
	switch {
	case answered:
		return warning("DaemonSlow", fmt.Sprintf("is slow, not hung: it answered a call that takes its main lock %s ago%s; do not restart it, because it would begin that work again",
			FormatDuration(age), f.logged()), top, f.debugLog(), "raptoreum_exporter check --watch")
	case f.validates():
		return warning("DaemonSlow", "is slow, not hung"+f.logged()+"; do not restart it, because it would begin that work again",
			top, f.debugLog(), "raptoreum_exporter check --watch")
	}
	text := "is slow or hung: it has not answered calls that take its main lock"
	if f.Waited > 0 {
		text += " for " + FormatDuration(f.Waited.Seconds())
	}
	return warning("DaemonSlow", text+f.logged()+"; check again in 3 minutes before you do anything", top, f.debugLog())
}

// validates reports whether debug.log has a new tip: raptoreumd is at work, whatever it answers.
func (f *facts) validates() bool {
	tip, logged := f.age("debuglog_tip_timestamp_seconds")
	return logged && tip < daemon.HungAfter.Seconds()
}

// logged returns the last new tip in debug.log, where that is readable.
func (f *facts) logged() string {
	height, known := f.value("debuglog_block_height")
	age, dated := f.age("debuglog_tip_timestamp_seconds")
	if !known || !dated {
		return ""
	}
	progress, _ := f.value("debuglog_progress_ratio")
	return fmt.Sprintf("; debug.log has block %.0f, %.1f %%, from %s ago", height, 100*progress, FormatDuration(age))
}

// process returns words about the process, which distinguish a dead daemon from one that starts or stops.
func (f *facts) process() string {
	switch up, known := f.value("process_up"); {
	case !known:
		return ""
	case up == 1:
		return "; its process is running"
	}
	return "; its process is not running"
}

// judgeRestarts cannot count restarts from one sample, but reports a recent start and OOM kills.
func judgeRestarts(f *facts) *Finding {
	up, known := f.age("daemon_start_time_seconds")
	if !known {
		return nil
	}
	kills, counted := f.value("daemon_oom_kills_total")
	switch {
	case up < youngDaemon && counted && kills > 0:
		return warning("DaemonOOMKilled", fmt.Sprintf("raptoreumd started %s ago, after memory ran out: the kernel has killed processes of its cgroup (OOM kills: %.0f)", FormatDuration(up), kills),
			"sudo journalctl _TRANSPORT=kernel --since -2d | grep -i 'killed process'").implies("DaemonRestarting")
	case up < youngDaemon:
		return warning("DaemonRestarting", fmt.Sprintf("raptoreumd started %s ago; if you did not restart it, read why", FormatDuration(up)),
			"sudo journalctl -u 'raptoreum*' --since -2h --no-pager | tail -n 50", f.debugLog())
	case counted && kills > 0:
		return healthy("none in the last %s; OOM kills before that: %.0f", FormatDuration(up), kills)
	}
	return healthy("none in the last %s", FormatDuration(up))
}

func judgeWarnings(f *facts) *Finding {
	switch warns, known := f.value("daemon_warnings"); {
	case !known:
		return nil
	case warns == 1:
		return warning("DaemonWarns", "raptoreumd reports a warning", "raptoreum-cli getnetworkinfo | grep warnings")
	}
	return healthy("none")
}

func judgeHeal(f *facts) *Finding {
	if f.is(1, "heal_gave_up") {
		return critical("HealGaveUp", "heal has given up: its restarts of raptoreumd did not help", "sudo journalctl -u raptoreum_heal -n 50 --no-pager", f.debugLog())
	}
	if age, known := f.age("heal_last_check_timestamp_seconds"); known {
		if _, decides := f.value("heal_gave_up"); !decides { // its last decision is too old
			return healthy("last check %s ago: its timer is not running", FormatDuration(age))
		}
		return healthy("last check %s ago", FormatDuration(age))
	}
	return nil
}

// maxErrorText bounds the text of one error, in bytes.
const maxErrorText = 200

// judgeCollectors reports collectors that failed although the daemon is ready.
func judgeCollectors(f *facts) *Finding {
	if !f.outside() && !f.fleetOnly() && (!f.answers() || f.slow()) {
		return nil
	}
	var failing []string
	for _, s := range f.samples("scrape_collector_success") {
		if name := labelOf(s, "collector"); valueOf(s) == 0 && name != "explorer" {
			if err := f.Errors[name]; err != nil {
				name += " (" + text.Clip(err.Error(), maxErrorText) + ")"
			}
			failing = append(failing, name)
		}
	}
	slices.Sort(failing)
	switch {
	case len(failing) > 0:
		return warning("CollectorFailing", "metrics are missing because collectors failed: "+strings.Join(failing, "; "))
	case f.outside():
		return nil
	}
	return healthy("all succeeded")
}
