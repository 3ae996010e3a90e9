package life

import "slices"

// render sends what the exporter beside the node would send in this minute.
func (n *node) render(t *target) {
	t.send("up", 1)
	t.send("raptoreum_exporter_build_info", 1, "1.0.0")
	t.flag("smartnode_expected", true)
	n.renderDaemon(t)
	n.renderPort(t)
	n.renderHost(t)
	n.fleet.renderExplorers(t, n)
	if n.answers() {
		t.flag("release_update_available", n.fleet.now["release"] != nil)
	}
}

// drawState returns the state of raptoreumd as the exporter reports it in this minute.
func (n *node) drawState() string {
	switch {
	case n.phase == stopped, n.phase == stopping:
		return "unreachable"
	case n.is("refused"):
		return "unauthorized"
	case n.phase == warming:
		return "warming_up"
	case n.is("busy"):
		return "busy"
	case n.silent(), n.hung() && n.fleet.minute-n.hungSince >= 3:
		return "hung"
	case n.hung():
		return "slow"
	case n.is("slow") && n.fleet.random.IntN(10) < 7:
		return "slow"
	}
	return "ready"
}

// answers reports whether calls that take no lock are answered.
func (n *node) answers() bool {
	return n.phase == running && !n.is("refused") && !n.is("busy") && !n.silent()
}

func (n *node) renderDaemon(t *target) {
	m, state := n.fleet.minute, n.state
	t.enum("daemon_state", state, "ready", "slow", "warming_up", "hung", "busy", "unauthorized", "forbidden", "unreachable", "error")
	t.flag("up", state == "ready")
	failed := 0.0
	if state == "ready" || state == "slow" {
		failed = 1
	}
	for _, c := range []string{"chain", "sync", "peers", "smartnode", "payments", "quorum", "network"} {
		t.send("raptoreum_scrape_collector_success", failed, c)
	}
	for _, c := range []string{"daemon", "port", "process", "host", "debuglog", "datadir", "release"} {
		t.send("raptoreum_scrape_collector_success", 1, c)
	}
	if state == "warming_up" {
		t.send("raptoreum_daemon_warmup_info", 1, "Loading block index...")
	}
	if !n.answers() {
		return
	}
	t.gauge("daemon_start_time_seconds", float64(int(seconds(n.fleet.time(float64(n.started))))))
	t.flag("sync_finished", n.synced())
	t.send("raptoreum_daemon_answer_age_seconds", 0, "lockfree")
	t.gauge("smartnode_pose_penalty_max", registered)
	t.send("raptoreum_smartnodes", registered-5, "enabled")
	if state == "ready" {
		n.slowAnswer = m
	}
	if m-n.slowAnswer > 2 { // the last answers of the main lock are too old
		return
	}
	t.send("raptoreum_daemon_answer_age_seconds", float64(60*(m-n.slowAnswer)), "mainlock")
	if m == n.slowAnswer {
		n.renderLocked(t)
		return
	}
	for _, s := range t.series { // shown again
		if v, ok := s.last(); ok && s.times[len(s.times)-1] < t.at && lateMetric(s.labels.Get("__name__")) {
			s.append(t.at, v)
		}
	}
}

// lateMetric reports whether a metric is shown for two minutes while raptoreumd is slow.
func lateMetric(name string) bool {
	return slices.Contains([]string{
		"raptoreum_daemon_warnings", "raptoreum_block_height", "raptoreum_header_height", "raptoreum_block_timestamp_seconds",
		"raptoreum_initial_block_download", "raptoreum_peers", "raptoreum_peers_best_height", "raptoreum_peers_median_height",
		"raptoreum_peers_ping_seconds", "raptoreum_smartnode_configured", "raptoreum_smartnode_state", "raptoreum_smartnode_address_match",
		"raptoreum_smartnode_registered", "raptoreum_smartnode_payable", "raptoreum_smartnode_pose_penalty", "raptoreum_smartnode_pose_banned",
		"raptoreum_smartnode_last_paid_height", "raptoreum_smartnode_payment_wait_blocks", "raptoreum_quorum_memberships",
	}, name)
}

// renderLocked sends what raptoreumd answers under its main lock.
func (n *node) renderLocked(t *target) {
	f := n.fleet
	t.gauge("block_height", float64(n.height))
	t.gauge("header_height", float64(n.height))
	t.gauge("block_timestamp_seconds", seconds(f.time(n.tipTime)))
	t.flag("initial_block_download", n.initialDownload())
	t.flag("daemon_warnings", n.is("fork"))
	t.send("raptoreum_peers", float64(n.inbound), "inbound")
	t.send("raptoreum_peers", float64(n.outbound), "outbound")
	if n.outbound > 0 {
		heights := float64(f.height)
		if n.is("fork") {
			heights = float64(n.height)
		}
		t.gauge("peers_best_height", heights)
		t.gauge("peers_median_height", heights)
		t.gauge("peers_ping_seconds", 0.05)
	}
	penalised := 12.0
	if f.now["storm"] != nil {
		penalised = 0.35 * registered
	}
	t.gauge("smartnodes_penalised", penalised)
	t.flag("smartnode_configured", !n.is("no key"))
	if !n.is("no key") {
		t.enum("smartnode_state", n.smartnodeState(), "waiting_for_protx", "pose_banned", "removed", "operator_key_changed", "protx_ip_changed", "ready", "error", "unknown")
		t.flag("smartnode_address_match", !n.is("wrong address"))
	}
	if !n.downloading || !n.is("unregistered") { // unknown while it downloads the chain
		n.renderRegistration(t, n.past())
	}
	if !n.is("unregistered") {
		t.send("raptoreum_quorum_memberships", 6, "true")
		missed := 0
		for _, m := range n.missed {
			if float64(m) <= n.tipTime {
				missed++
			}
		}
		t.send("raptoreum_quorum_memberships", float64(missed), "false")
	}
}

func (n *node) smartnodeState() string {
	switch {
	case n.is("unregistered"):
		return "removed"
	case n.known.banned:
		return "pose_banned"
	case n.is("wrong address"):
		return "error"
	case !n.synced():
		return "waiting_for_protx"
	}
	return "ready"
}

// renderRegistration sends what the chain says about the smartnode, also on /probe.
func (n *node) renderRegistration(t *target, p pose) {
	f := n.fleet
	if n.is("unregistered") {
		t.flag("smartnode_registered", false)
		return
	}
	t.flag("smartnode_registered", true)
	t.flag("smartnode_payable", true)
	t.send("raptoreum_smartnode_info", 1, "protx-of-"+n.name, "192.0.2.1:10226", "payout-of-"+n.name)
	t.gauge("smartnode_pose_penalty", float64(int(p.penalty)))
	t.flag("smartnode_pose_banned", p.banned)
	t.gauge("smartnode_pose_strikes_left", float64(strikes(p)))
	t.gauge("smartnode_payment_queue_length", registered-5)
	t.gauge("smartnode_last_paid_height", float64(n.paid))
	t.gauge("smartnode_payment_wait_blocks", float64(f.height-n.paid))
}

// renderPort sends the result of a handshake: from the machine itself, or from an outside vantage.
func (n *node) renderPort(t *target) {
	closed := n.now["port closed"]
	open := n.port() || closed != nil && closed.variant < 0.5 && n.listens() // the firewall lets the machine itself through
	n.handshake(t, open && !n.noLoopback)
}

func (n *node) handshake(t *target, reached bool) {
	t.flag("port_reachable", reached)
	failed := "connect"
	if n.phase == running && !n.is("port closed") && !n.is("isolated") {
		failed = "version"
	}
	for _, phase := range []string{"connect", "version", "verack", "mnauth"} {
		v := 0.0
		if !reached && phase == failed {
			v = 1
		}
		t.send("raptoreum_port_failed_phase", v, phase)
	}
	if reached {
		t.gauge("port_peer_height", float64(n.height))
		t.flag("port_mnauth_received", n.smartnodeState() == "ready")
		if n.smartnodeState() == "ready" {
			t.flag("port_identity_match", true)
		}
	}
}

func (n *node) renderHost(t *target) {
	t.flag("process_up", n.phase != stopped)
	if n.phase != stopped {
		t.gauge("process_open_fds", 300)
		t.gauge("process_max_fds", 4096)
	}
	t.gauge("host_cpus", 2)
	t.gauge("host_cpu_pressure_seconds_total", n.pressure)
	t.gauge("host_cpu_steal_seconds_total", n.steal)
	t.gauge("host_oom_kills_total", n.ooms)
	t.gauge("daemon_oom_kills_total", n.ooms)
	available := 1.6e9
	if n.is("memory low") {
		available = 0.2e9
	}
	t.gauge("host_memory_available_bytes", available)
	t.gauge("host_memory_total_bytes", 4e9)
	free := 30e9
	if n.is("disk low") {
		free = 2e9
	}
	t.gauge("datadir_free_bytes", free)
	t.gauge("datadir_size_bytes", 80e9)
}
