package life

// renderExplorers sends what the explorers say: to the exporter beside a node, or to a watcher without a daemon.
func (f *fleet) renderExplorers(t *target, n *node) {
	t.send("raptoreum_scrape_collector_success", 1, "explorer")
	first := true
	for i := range f.explorers {
		x := &f.explorers[i]
		up := x.up && (n == nil || !n.is("isolated"))
		if !up {
			t.send("raptoreum_explorer_up", 0, x.host)
			continue
		}
		t.send("raptoreum_explorer_up", 1, x.host)
		t.send("raptoreum_explorer_block_height", float64(x.height), x.host)
		t.send("raptoreum_explorer_observed_timestamp_seconds", seconds(f.time(float64(f.minute))), x.host)
		if n == nil {
			continue
		}
		if n.state == "ready" {
			t.send("raptoreum_explorer_height_delta_blocks", float64(x.height-n.height), x.host)
			t.send("raptoreum_explorer_chain_match", n.match(x), x.host)
		}
		if first && f.height-x.height < 10 && !x.lying && !n.is("unregistered") {
			first = false
			t.send("raptoreum_explorer_smartnode_pose_penalty", float64(int(n.penalty)), x.host)
			banned := 0.0
			if n.banned != x.unjust {
				banned = 1
			}
			t.send("raptoreum_explorer_smartnode_pose_banned", banned, x.host)
		}
	}
}

// match returns whether an explorer has our block 6 below the lower tip. It takes a fork 6 blocks to show.
func (n *node) match(*explorer) float64 {
	if e := n.now["fork"]; e != nil && n.fleet.minute-e.begin > 6*blockEvery {
		return 0
	}
	return 1
}

// probe sends what a watcher's /probe says about a node. Its vantage is one of those that reach the node or not.
func (n *node) probe(t *target, vantage int) {
	t.send("up", 1)
	reached := n.machineUp() && n.port() && !(vantage == 1 && n.is("port partly closed"))
	success := 0.0
	if reached {
		success = 1
	}
	t.send("probe_success", success)
	n.handshake(t, reached)
	t.flag("smartnode_expected", true)
	f := n.fleet
	for i := range f.explorers {
		if x := &f.explorers[i]; x.up && f.height-x.height < 10 && !x.lying {
			n.renderRegistration(t, pose{n.penalty, n.banned != x.unjust})
			t.flag("smartnode_address_duplicate", false)
			return
		}
	}
}

// render sends what a watcher's own /metrics says. It has no daemon.
func (w *watcher) render(f *fleet, t *target) {
	t.send("up", 1)
	t.send("raptoreum_exporter_build_info", 1, "1.0.0")
	t.flag("fleet_config_reload_success", true)
	t.flag("smartnode_expected", false)
	f.renderExplorers(t, nil)
}

// scrape is one round of Prometheus' scrapes.
func (f *fleet) scrape(m *memory) {
	if f.prometheusDown() {
		return
	}
	now := f.time(float64(f.minute))
	for _, n := range f.nodes {
		missed := f.random.IntN(500) == 0 || n.is("missed scrapes") && f.random.IntN(5) == 0
		if n.unscraped++; !missed {
			n.unscraped = 0
		}
		answers := !missed && n.machineUp() && !n.is("exporter down") && !n.is("exporter restart")
		outage := n.is("exporter down") || !n.machineUp() && !n.is("reboot") // a condition of its own
		if n.unanswered++; answers || outage {
			n.unanswered = 0
		}
		n.target.scrape(m, now, func(t *target) {
			if !answers {
				t.send("up", 0)
				return
			}
			n.render(t)
		})
	}
	for v, w := range f.watchers {
		for i, n := range f.nodes {
			w.probes[i].scrape(m, now, func(t *target) {
				if !w.up || f.random.IntN(500) == 0 {
					t.send("up", 0)
					return
				}
				n.probe(t, v)
			})
		}
		w.self.scrape(m, now, func(t *target) {
			if !w.up {
				t.send("up", 0)
				return
			}
			w.render(f, t)
		})
	}
}
