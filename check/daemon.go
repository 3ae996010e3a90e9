package check

import (
	"fmt"
	"slices"
	"strings"

	"raptoreum_exporter/internal/text"
)

const (
	stuckWarmup = 30 * 60 // seconds
	youngDaemon = 10 * 60
)

// judgeDaemon: whatever the state is called, a daemon that is not ready is one outage.
func judgeDaemon(f *facts) *Finding {
	if f.outside() {
		return nil
	}
	state := f.state("daemon_state", "state")
	status := "systemctl status 'raptoreum*' --no-pager"
	switch state {
	case "ready":
		up, _ := f.age("daemon_start_time_seconds")
		return healthy("ready, version %s, up for %s", f.state("daemon_info", "version"), span(up))
	case "":
		return &Finding{
			Verdict: Unknown, Text: "no daemon is configured, or its raptoreum.conf cannot be read",
			Next: []string{"raptoreum_exporter check --daemon.conf=FILE   # or --daemon.url, --daemon.user and --daemon.password-file"},
		}
	case "warming_up":
		text := "is starting: " + f.state("daemon_warmup_info", "message")
		if age, known := f.age("process_start_time_seconds"); known && age > stuckWarmup {
			return critical("DaemonStuckWarmingUp", text+", for "+span(age), f.debugLog())
		}
		return warning("DaemonStuckWarmingUp", text+"; wait, a restart begins anew", f.debugLog())
	case "unauthorized", "forbidden":
		return warning("DaemonRefusesUs", "refuses this program's user and password or its address ("+state+"): nothing is known of it", status,
			"sudo grep -n -E '^ *(rpcuser|rpcallowip|rpcport) *=' "+f.conf()+"   # were they changed without a restart?")
	case "busy":
		return critical("DaemonDown", "turns calls away: its work queue is full", "raptoreum-cli getrpcinfo", f.debugLog()).muting("DaemonBusy")
	case "hung":
		return critical("DaemonDown", "is hung: it accepts connections and does not answer"+f.process()+"; look again in 5 minutes, it may only be slow",
			f.debugLog(), "top -b -n 1 | head -n 12").muting("DaemonHung")
	case "unreachable":
		return critical("DaemonDown", "does not answer"+f.process(), status, f.debugLog())
	}
	return critical("DaemonDown", "answers what is not understood: is this the RPC port of raptoreumd?", status, f.debugLog())
}

// process says whether the process is there, which tells a dead daemon from one that starts or stops.
func (f *facts) process() string {
	switch up, known := f.value("process_up"); {
	case !known:
		return ""
	case up == 1:
		return "; its process is alive"
	}
	return "; its process is gone"
}

// judgeRestarts: one look cannot count restarts, but sees a daemon that is young, and what killed it.
func judgeRestarts(f *facts) *Finding {
	up, known := f.age("daemon_start_time_seconds")
	if !known {
		return nil
	}
	kills, told := f.value("daemon_oom_kills_total")
	switch {
	case up < youngDaemon && told && kills > 0:
		return warning("DaemonOOMKilled", fmt.Sprintf("raptoreumd started %s ago, and the kernel has killed it for want of memory: %.0f times", span(up), kills),
			"journalctl _TRANSPORT=kernel --since -2d | grep -i 'killed process'").muting("DaemonRestarting")
	case up < youngDaemon:
		return warning("DaemonRestarting", fmt.Sprintf("raptoreumd started %s ago: was that you?", span(up)),
			"journalctl -u 'raptoreum*' --since -2h --no-pager | tail -n 50", f.debugLog())
	case told && kills > 0:
		return healthy("none within %s; the kernel has killed it %.0f times for want of memory before", span(up), kills)
	}
	return healthy("none within %s", span(up))
}

func judgeWarnings(f *facts) *Finding {
	switch warns, known := f.value("daemon_warnings"); {
	case !known:
		return nil
	case warns == 1:
		return warning("DaemonWarns", "raptoreumd warns of something", "raptoreum-cli getnetworkinfo | grep warnings")
	}
	return healthy("none")
}

func judgeHeal(f *facts) *Finding {
	if f.is(1, "heal_gave_up") {
		return critical("HealGaveUp", "heal has restarted raptoreumd in vain and has given up", "journalctl -u raptoreum_heal -n 50 --no-pager", f.debugLog())
	}
	if looked, known := f.age("heal_last_look_timestamp_seconds"); known {
		if _, decides := f.value("heal_gave_up"); !decides { // the exporter no longer takes its word
			return healthy("has not looked for %s: its timer is off", span(looked))
		}
		return healthy("looked %s ago", span(looked))
	}
	return nil
}

// maxErrorText bounds the text of one error, in bytes.
const maxErrorText = 200

// judgeCollectors reports what was not learned although the daemon is ready.
func judgeCollectors(f *facts) *Finding {
	if !f.outside() && !f.ready() {
		return nil
	}
	var failing []string
	for _, s := range f.samples["scrape_collector_success"] {
		if name := s.labels["collector"]; s.value == 0 && name != "explorer" {
			if err := f.Errors[name]; err != nil {
				name += " (" + text.Clip(err.Error(), maxErrorText) + ")"
			}
			failing = append(failing, name)
		}
	}
	slices.Sort(failing)
	switch {
	case len(failing) > 0:
		return warning("CollectorFailing", "not all could be learned: "+strings.Join(failing, "; "))
	case f.outside():
		return nil
	}
	return healthy("all learned what they should")
}
