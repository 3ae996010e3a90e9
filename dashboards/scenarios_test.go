package dashboards

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// sample is a query result: the value by labels in PromQL notation.
type sample map[string]float64

const (
	own    = `job="raptoreum",instance="a:1",node="n",vantage="self"`
	paris  = `job="raptoreum-fleet",instance="b:1",node="n",vantage="paris"`
	alert  = `alertname="%s",alertstate="firing",severity="%s",`
	runs   = `ALERTS{alertname="RaptoreumWatchdog",alertstate="firing",severity="info"}`
	second = `job="raptoreum-fleet",instance="b:1",node="m",vantage="paris"`
)

func series(name, labels string, more ...string) string {
	return metricName(name) + "{" + strings.Join(append(more, labels), ",") + "}"
}

func fires(name, severity, labels string) string {
	return "ALERTS{" + fmt.Sprintf(alert, name, severity) + labels + "}"
}

// healthy returns the series of the exporter beside a healthy node and of a fleet exporter.
func healthy() map[string]string {
	s := map[string]string{
		runs: "1", series("up", own): "1", series("up", paris): "1",
		series("block_height", own): "100+1x60", series("header_height", own): "100+1x60", series("peers_median_height", own): "100+1x60",
		series("initial_block_download", own): "0", series("sync_finished", own): "1", series("verification_progress_ratio", own): "1",
		series("block_timestamp_seconds", own): "0+60x60", series("explorer_height_delta_blocks", own, `explorer="e"`): "0",
		series("daemon_info", own, `version="2.0.3"`): "1", series("release_update_available", own): "0",
		series("port_peer_info", paris, `user_agent="/Raptoreum Core:2.0.3/"`): "1", series("port_peer_height", paris): "100+1x60",
		series("smartnode_configured", own): "1", series("quorum_memberships", own, `valid="false"`): "0",
		series("daemon_answer_age_seconds", own, `batch="lockfree"`): "0", series("daemon_answer_age_seconds", own, `batch="mainlock"`): "0",
		series("safe_to_restart", own): "1", series("dkg_next_start_blocks", own): "5", series("daemon_start_time_seconds", own): "-86400",
		series("smartnodes", own, `state="enabled"`): "90", series("smartnodes", own, `state="pose_banned"`): "10", series("smartnodes_penalised", own): "3",
		series("datadir_free_bytes", own): "9e10", series("datadir_size_bytes", own): "1e11",
	}
	for _, labels := range []string{own, paris} {
		maps.Copy(s, map[string]string{
			series("smartnode_expected", labels): "1", series("smartnode_pose_banned", labels): "0", series("smartnode_pose_strikes_left", labels): "2", series("smartnode_pose_penalty", labels): "0",
			series("smartnode_pose_penalty_max", labels): "100", series("smartnode_pose_decay_seconds", labels): "0", series("port_reachable", labels): "1",
			series("smartnode_next_payment_seconds", labels): "480", series("smartnode_payment_queue_position", labels): "4",
			series("smartnode_payment_queue_length", labels): "90", series("smartnode_payment_wait_blocks", labels): "85", series("smartnode_last_paid_height", labels): "60",
			series("smartnode_last_payment_coins", labels): "1000", series("smartnode_expected_coins_per_day", labels): "8000",
		})
		for _, p := range portPhases() {
			s[series("port_failed_phase", labels, `phase="`+p.text+`"`)] = "0"
		}
	}
	maps.Copy(s, states("daemon_state", daemonStates(), "ready"))
	maps.Copy(s, states("smartnode_state", smartnodeStates(), "ready"))
	return s
}

func states(name string, all enum, state string) map[string]string {
	s := map[string]string{}
	for _, w := range all {
		s[series(name, own, `state="`+w.text+`"`)] = "0"
	}
	s[series(name, own, `state="`+state+`"`)] = "1"
	return s
}

// changed returns a copy with changed series. An empty value removes the series.
func changed(s map[string]string, changes ...map[string]string) map[string]string {
	s = maps.Clone(s)
	for _, c := range changes {
		maps.Copy(s, c)
	}
	maps.DeleteFunc(s, func(_, values string) bool { return values == "" })
	return s
}

// withoutDaemon removes the series that need a daemon.
func withoutDaemon(s map[string]string) map[string]string {
	s = maps.Clone(s)
	maps.DeleteFunc(s, func(name, _ string) bool {
		return strings.Contains(name, own) && !strings.HasPrefix(name, "up{") && !strings.Contains(name, "_port_") && !strings.Contains(name, "datadir") &&
			!strings.Contains(name, "daemon_state")
	})
	return s
}

// fromOutside returns the series of a fleet exporter with its own daemon.
func fromOutside() map[string]string {
	s := maps.Clone(healthy())
	maps.DeleteFunc(s, func(name, _ string) bool { return strings.Contains(name, own) })
	s[`raptoreum_block_height{job="raptoreum-fleet",instance="b:1"}`] = "163"
	return s
}

func banned() map[string]string {
	s := map[string]string{
		fires("RaptoreumSmartnodePoSeBanned", "critical", own): "1", fires("RaptoreumSmartnodePoSePenaltyRose", "warning", own): "1",
		series("smartnode_pose_penalty", own): "100", series("smartnode_pose_penalty", paris): "100",
	}
	for _, labels := range []string{own, paris} {
		s[series("smartnode_pose_banned", labels)], s[series("smartnode_pose_strikes_left", labels)] = "1", "0"
		s[series("smartnode_next_payment_seconds", labels)], s[series("smartnode_payment_queue_position", labels)] = "", ""
	}
	return s
}

// scenario is a set of series, and the expected query results after an hour. The key of want is a panel for
// its first query, "panel, letter" for another one, or "annotation: name". An empty sample is no result.
type scenario struct {
	name   string
	series map[string]string
	want   map[string]sample
}

func scenarios() []scenario {
	const none = "{}"
	down := changed(withoutDaemon(healthy()), states("daemon_state", daemonStates(), "hung"),
		map[string]string{fires("RaptoreumDaemonDown", "critical", own): "1"})
	late := changed(healthy(), states("daemon_state", daemonStates(), "slow"), map[string]string{
		series("daemon_answer_age_seconds", own, `batch="mainlock"`): "40", series("daemon_answer_age_seconds", own, `batch="node"`): "35",
	})
	return append(slices.Concat(watchers(), earners()), []scenario{
		{"healthy", healthy(), map[string]sample{
			"Verdict": {`{alert="no alert fires"}`: allOK}, "Ban": {none: 0}, "Strikes left": {none: 2}, "PoSe penalty": {none: 0},
			"Daemon": {none: 1}, "Smartnode": {none: 1}, "Port": {`{vantage="self"}`: 1, `{vantage="paris"}`: 1}, "Block height": {none: 160},
			"Explorers ahead by": {`{explorer="e"}`: 0}, "Slow": {none: 0}, "Uptime, C": {none: 0}, "Next payment": {none: 480}, "Version": {`{version="2.0.3"}`: 1}, "Tip age": {none: 0},
			"Payment": {none: 0}, "Safe to restart": {none: 2}, "Disk full in": {none: notFilling}, "Failed handshake phase": {`{vantage="self"}`: 0, `{vantage="paris"}`: 0},
			"OK": {none: 1}, "Banned": {none: 0}, "Unknown": {none: 0}, "Smartnodes": {none: 1}, "Smartnodes, worst first": {`{node="n"}`: nodeOK},
			"States of the 20 worst nodes": {`{node="n"}`: nodeOK}, "Banned: mine vs. network": {none: 0}, "Alerts for this smartnode": {none: 0}, "Firing alerts": {none: 0},
		}},
		{"no rules", changed(healthy(), map[string]string{runs: ""}), map[string]sample{
			"Verdict": {}, "Unknown": {none: 1}, "OK": {none: 0}, "Alerts for this smartnode": {}, "Firing alerts": {},
			"Why the penalty rose": {}, "Trouble in the last 90 minutes": {},
		}},
		{"banned, no rules", changed(healthy(), banned(), map[string]string{
			runs: "", fires("RaptoreumSmartnodePoSeBanned", "critical", own): "", fires("RaptoreumSmartnodePoSePenaltyRose", "warning", own): "",
		}), map[string]sample{"Verdict": {}, "Ban": {none: 1}, "Banned": {none: 1}, "OK": {none: 0}, "Smartnodes, worst first": {`{node="n"}`: nodeBanned}}},
		{"one strike left", changed(healthy(), map[string]string{
			fires("RaptoreumSmartnodeOneStrikeLeft", "critical", own): "1", series("smartnode_pose_strikes_left", own): "1", series("smartnode_pose_penalty", own): "66",
		}), map[string]sample{
			"Verdict": {`{alert="SmartnodeOneStrikeLeft"}`: actNow}, "Strikes left": {none: 1}, "PoSe penalty": {none: 0.66}, "Ban": {none: 0},
			"Penalty": {none: 66}, "Penalty, C": {none: 36}, // after the decay of 60 blocks
			"Act now": {none: 1}, "Banned": {none: 0}, "Penalised: mine vs. network": {none: 1},
		}},
		{"banned", changed(healthy(), banned()), map[string]sample{
			"Verdict": {`{alert="SmartnodePoSeBanned"}`: actNow}, "Ban": {none: 1}, "Strikes left": {none: 0}, "Next payment": {},
			"Banned": {none: 1}, "Act now": {none: 0}, "Banned: mine vs. network": {none: 1}, "Smartnodes, worst first": {`{node="n"}`: nodeBanned},
			"Alerts for this smartnode": {
				`{alertname="RaptoreumSmartnodePoSeBanned",instance="a:1",severity="critical"}`:     3,
				`{alertname="RaptoreumSmartnodePoSePenaltyRose",instance="a:1",severity="warning"}`: 3,
			},
		}},
		{"banned, then the only exporter that reported it is down", changed(withoutDaemon(healthy()), map[string]string{
			series("smartnode_pose_banned", own): "1x30 stale", series("smartnode_pose_banned", paris): "", series("up", own): "0",
			fires("RaptoreumExporterDown", "critical", own): "1",
		}), map[string]sample{"Ban": {none: 1}, "Daemon": {none: 1}, "Verdict": {`{alert="ExporterDown"}`: actNow}}},
		{"a key generation soon", changed(healthy(), map[string]string{series("dkg_next_start_blocks", own): "4"}), map[string]sample{"Safe to restart": {none: 1}}},
		{"a key generation runs", changed(healthy(), map[string]string{series("safe_to_restart", own): "0"}), map[string]sample{"Safe to restart": {none: 0}}},
		{"no chain height", changed(healthy(), map[string]string{series("dkg_next_start_blocks", own): ""}), map[string]sample{"Safe to restart": {none: 2}}},
		{"hung", down, map[string]sample{
			"Verdict": {`{alert="DaemonDown"}`: actNow}, "Daemon": {none: 9}, "Smartnode": {}, "Block height": {none: 160}, "Explorers ahead by": {},
			"Version": {`{version="2.0.3"}`: 0}, "Ban": {none: 0}, "Safe to restart": {}, "Act now": {none: 1},
		}},
		{"slow", late, map[string]sample{
			"Verdict": {`{alert="raptoreumd answers late"}`: slow}, "Daemon": {none: 2}, "Uptime, C": {none: 40}, "RPC latency, C": {none: 40},
			"Slow": {none: 1}, "OK": {none: 0}, "Act now": {none: 0}, "Act today": {none: 0}, "Smartnodes, worst first": {`{node="n"}`: nodeSlow},
			"States of the 20 worst nodes": {`{node="n"}`: nodeSlow}, "Ban": {none: 0}, "Block height": {none: 160},
		}},
		{"slow, and a new version exists", changed(late, map[string]string{fires("RaptoreumUpdateAvailable", "info", own): "1"}), map[string]sample{
			"Verdict": {`{alert="raptoreumd answers late"}`: slow}, "Slow": {none: 1},
		}},
		{"slow for 20 minutes", changed(late, map[string]string{fires("RaptoreumDaemonSlow", "warning", own): "1"}), map[string]sample{
			"Verdict": {`{alert="DaemonSlow"}`: actToday}, "Slow": {none: 0}, "Act today": {none: 1}, "Smartnodes, worst first": {`{node="n"}`: nodeActToday},
		}},
		{"slow, and the port is closed", changed(late, map[string]string{fires("RaptoreumPortUnreachable", "critical", own): "1"}), map[string]sample{
			"Verdict": {`{alert="PortUnreachable"}`: actNow}, "Slow": {none: 0}, "Act now": {none: 1},
		}},
		{"warming up, as debug.log shows", changed(withoutDaemon(healthy()), states("daemon_state", daemonStates(), "warming_up"), map[string]string{
			series("debuglog_block_height", own): "100+1x60", series("debuglog_progress_ratio", own): "0.9", series("debuglog_tip_timestamp_seconds", own): "-30+60x60",
			series("debuglog_last_write_timestamp_seconds", own): "-10+60x60", series("debuglog_event_timestamp_seconds", own, `event="pose_punished"`): "600",
			series("debuglog_event_timestamp_seconds", own, `event="shutdown"`): "3000",
		}), map[string]sample{
			"Daemon": {none: 3}, "Height": {}, "Height, D": {none: 160}, "debug.log": {none: 160}, "debug.log, B": {none: 0.9}, "debug.log, C": {none: 30},
			"debug.log, D": {none: 10}, "debug.log, E": {none: 3000},
		}},
		{"events in debug.log", changed(healthy(), map[string]string{
			series("debuglog_event_timestamp_seconds", own, `event="corruption"`): "_x58 3540x2", series("debuglog_event_timestamp_seconds", own, `event="shutdown"`): "3000",
			series("debuglog_event_timestamp_seconds", own, `event="pose_punished"`): "3540",
		}), map[string]sample{"annotation: Log event": {`{event="corruption"}`: 60}}},
		{"limits of a container that are tighter than the machine", changed(healthy(), map[string]string{
			series("host_cpus", own): "8", series("host_memory_total_bytes", own): "32e9", series("host_memory_available_bytes", own): "20e9",
			series("daemon_cpu_limit_cores", own): "1", series("daemon_cpu_throttled_seconds_total", own): "0+30x60",
			series("daemon_memory_limit_bytes", own): "3e9", series("daemon_memory_used_bytes", own): "2e9",
		}), map[string]sample{
			"raptoreumd CPU usage, B": {none: 8}, "raptoreumd CPU usage, C": {none: 1}, "raptoreumd CPU usage, D": {none: 2}, "CPU starvation, C": {none: 0.5},
			"Memory, B": {none: 1e9}, "Memory, C": {none: 32e9}, "Memory, D": {none: 0.24e9}, "Memory, E": {none: 3e9}, "Memory, F": {none: 2e9},
		}},
		{"limits of a unit that are looser than the machine", changed(healthy(), map[string]string{
			series("host_cpus", own): "2", series("host_memory_total_bytes", own): "4e9", series("host_memory_available_bytes", own): "1e9",
			series("daemon_cpu_limit_cores", own): "4", series("daemon_memory_limit_bytes", own): "3.5e9", series("daemon_memory_used_bytes", own): "0.5e9",
		}), map[string]sample{
			"raptoreumd CPU usage, C": {none: 2}, "Memory, B": {none: 1e9}, "Memory, D": {none: 0.32e9}, "Memory, E": {none: 3.5e9},
		}},
		{"no limits", changed(healthy(), map[string]string{
			series("host_cpus", own): "2", series("host_memory_total_bytes", own): "4e9", series("host_memory_available_bytes", own): "1e9",
		}), map[string]sample{
			"raptoreumd CPU usage, C": {none: 2}, "CPU starvation, C": {}, "Memory, B": {none: 1e9}, "Memory, D": {none: 0.32e9}, "Memory, E": {}, "Memory, F": {},
		}},
		{"syncing", changed(healthy(), states("smartnode_state", smartnodeStates(), "waiting_for_protx"), map[string]string{
			series("initial_block_download", own): "1", series("header_height", own): "1000", series("smartnode_pose_banned", own): "1",
			series("sync_finished", own): "0", series("smartnode_pose_banned", paris): "", series("smartnode_pose_strikes_left", paris): "",
		}), map[string]sample{
			"Verdict": {`{alert="no alert fires"}`: allOK}, "Ban": {none: 1}, "Strikes left": {}, "Smartnode": {none: 3}, "Tip age": {}, "Banned": {none: 0},
		}},
		{"an explorer reports a ban, the chain does not", changed(healthy(), map[string]string{
			series("explorer_smartnode_pose_banned", own, `explorer="e"`): "1", fires("RaptoreumSmartnodeViewsDisagree", "warning", own): "1",
		}), map[string]sample{"Ban": {none: 0}, "Banned": {none: 0}, "Act today": {none: 1}}},
		{"an explorer reports a ban, and the chain is old", changed(healthy(), map[string]string{
			series("explorer_smartnode_pose_banned", own, `explorer="e"`): "1", series("smartnode_pose_banned", paris): "", series("block_timestamp_seconds", own): "-4000",
		}), map[string]sample{"Ban": {none: 1}, "Banned": {none: 1}}},
		{"an explorer reports a ban, no daemon answers", changed(down, map[string]string{
			series("explorer_smartnode_pose_banned", own, `explorer="e"`): "1", series("smartnode_pose_banned", paris): "",
		}), map[string]sample{"Ban": {none: 1}, "Banned": {none: 1}, "Act now": {none: 0}}},
		{"no new block in the network", changed(healthy(), map[string]string{
			fires("RaptoreumChainStalled", "critical", own): "1", fires("RaptoreumNetworkStalled", "warning", own): "1",
		}), map[string]sample{"Verdict": {`{alert="NetworkStalled"}`: actToday}, "Act today": {none: 1}, "Act now": {none: 0}}},
		{"address mismatch", changed(healthy(), map[string]string{
			fires("RaptoreumSmartnodeNotReady", "critical", own): "1", fires("RaptoreumSmartnodeAddressMismatch", "critical", own): "1",
		}), map[string]sample{"Verdict": {`{alert="SmartnodeAddressMismatch"}`: actNow}, "Act now": {none: 1}}},
		{"behind one explorer, while another lags", changed(healthy(), map[string]string{
			series("explorer_height_delta_blocks", own, `explorer="e"`): "-500", series("explorer_height_delta_blocks", own, `explorer="f"`): "8",
		}), map[string]sample{
			"Smartnodes, worst first, D": {`{node="n"}`: 8}, "10 nodes furthest behind": {`{node="n"}`: 8}, "Explorers ahead by": {`{explorer="e"}`: -500, `{explorer="f"}`: 8},
		}},
		{"all explorers lag", changed(healthy(), map[string]string{series("explorer_height_delta_blocks", own, `explorer="e"`): "-500"}), map[string]sample{
			"Smartnodes, worst first, D": {`{node="n"}`: -500}, "10 nodes furthest behind": {`{node="n"}`: -500},
		}},
		{"port closed from outside", changed(healthy(), map[string]string{
			series("port_reachable", paris): "0", series("port_failed_phase", paris, `phase="connect"`): "1",
			fires("RaptoreumPortUnreachable", "warning", paris): "1",
		}), map[string]sample{
			"Verdict": {`{alert="PortUnreachable"}`: actToday}, "Port": {`{vantage="self"}`: 1, `{vantage="paris"}`: 0},
			"Failed handshake phase": {`{vantage="self"}`: 0, `{vantage="paris"}`: 4}, "Act today": {none: 1},
		}},
		{"another smartnode answers", changed(healthy(), map[string]string{series("port_identity_match", paris): "0"}), map[string]sample{
			"Port": {`{vantage="self"}`: 1, `{vantage="paris"}`: 2},
		}},
		{"down for half an hour, started again 2 minutes ago, banned since then", changed(healthy(), map[string]string{
			series("daemon_start_time_seconds", own): "-86400x20 stale _x36 3480x2", series("smartnode_pose_banned", own): "0x20 stale _x36 1x2",
			series("smartnode_pose_penalty", own): "0x20 stale _x36 100x2", series("smartnode_pose_banned", paris): "", series("smartnode_pose_penalty", paris): "",
		}), map[string]sample{
			"annotation: Restart": {none: 89880}, "annotation: Ban": {none: 1}, "annotation: Missed DKG": {none: 100}, "annotation: Revival": {}, "annotation: Alert": {},
		}},
		{"the exporter restarted, the daemon did not", changed(healthy(), map[string]string{
			series("daemon_start_time_seconds", own): "-86400x57 -86397x3",
		}), map[string]sample{"annotation: Restart": {}, "annotation: Ban": {}, "annotation: Missed DKG": {}, "annotation: Revival": {}}},
		{"exporter down", map[string]string{runs: "1", series("up", own): "0"}, map[string]sample{
			"Verdict": {}, "Daemon": {none: 0}, "Ban": {}, "Port": {}, "Unknown": {none: 1}, "OK": {none: 0}, "Next payment": {}, "Version": {},
		}},
		{"seen only from outside", fromOutside(), map[string]sample{
			"Verdict": {`{alert="no alert fires"}`: allOK}, "Daemon": {}, "Smartnode": {}, "Ban": {none: 0}, "Strikes left": {none: 2},
			"Port": {`{vantage="paris"}`: 1}, "Block height": {none: 160}, "Version": {`{version="2.0.3"}`: 0}, "Next payment": {none: 480},
			"Payment": {none: 0}, "10 nodes furthest behind": {`{node="n"}`: 3}, "OK": {none: 1},
		}},
		{"fleet of two", changed(healthy(), map[string]string{
			series("up", second): "1", series("smartnode_pose_banned", second): "1", fires("RaptoreumSmartnodePoSeBanned", "critical", second): "1",
		}), map[string]sample{
			"Banned": {none: 1}, "OK": {none: 1}, "Smartnodes": {none: 2}, "Smartnodes, worst first": {`{node="n"}`: nodeOK, `{node="m"}`: nodeBanned},
			"States of the 20 worst nodes": {`{node="n"}`: nodeOK, `{node="m"}`: nodeBanned}, "Banned: mine vs. network": {none: 0.5},
		}},
	}...)
}
