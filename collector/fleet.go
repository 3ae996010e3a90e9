package collector

import (
	"cmp"
	"context"
	"maps"
	"regexp"
	"slices"

	"raptoreum_exporter/fleet"
	"raptoreum_exporter/internal/poll"
)

type fleetState struct {
	nodes, penalised, ports, versions, reloadOK, reloaded *metric

	agent *regexp.Regexp // of raptoreumd
}

func newFleetState(c *catalog) updater {
	return &fleetState{
		agent:     regexp.MustCompile(`^/Raptoreum Core:(\d{1,3}(?:\.\d{1,3}){1,3})(?:\(.*\))?/$`),
		nodes:     c.gauge("fleet_nodes", "Number of smartnodes of the fleet by state: enabled, pose_banned, unpayable (collateral not eligible for payments), unregistered, or unknown while there is no chain data (protx list, or an explorer).", "state"),
		penalised: c.gauge("fleet_nodes_penalised", "Number of smartnodes of the fleet with a PoSe penalty that are not banned (protx list, or an explorer)."),
		ports:     c.gauge("fleet_ports", "Number of smartnodes of the fleet by the result of their last handshake, at most 3 minutes old: reachable, unreachable, or unknown (/probe).", "state"),
		versions:  c.gauge("fleet_versions", "Number of smartnodes of the fleet by the version in their last handshake, for the 5 most frequent ones; other: all other versions and programs (/probe).", "version"),
		reloadOK:  c.gauge("fleet_config_reload_success", "1 if the last load of the fleet file succeeded; otherwise the previous one stays in effect (--fleet.config)."),
		reloaded:  c.gauge("fleet_config_reload_success_timestamp_seconds", "Unix time of the last successful load of the fleet file (--fleet.config)."),
	}
}

func (f *fleetState) update(ctx context.Context, in *scrape, out *samples) error {
	if in.Fleet == nil {
		return errNotApplicable
	}
	last := in.Fleet.Reloaded()
	sendFlag(out, f.reloadOK, last.OK)
	send(out, f.reloaded, unix(last.Success))
	s := in.Fleet.Snapshot(ctx, in.mode)
	if s.View != nil { // its own finding: a sync takes hours, and the collector works
		in.journal.note("smartnode list of the fleet", s.View.At, s.View.Behind)
	}
	if !s.Incomplete {
		f.sendNodes(ctx, in, out, s)
	}
	return s.Err
}

func (f *fleetState) sendNodes(ctx context.Context, in *scrape, out *samples, s *fleet.Snapshot) {
	states := map[string]int{"enabled": 0, "pose_banned": 0, "unpayable": 0, "unregistered": 0, "unknown": 0}
	ports := map[string]int{"reachable": 0, "unreachable": 0, "unknown": 0}
	versions := map[string]int{}
	penalised := 0
	for i := range s.Nodes {
		n := &s.Nodes[i]
		facts := in.Fleet.Facts(ctx, s, n, poll.NoWait)
		states[nodeState(&facts)]++
		if facts.Smartnode != nil && facts.Smartnode.Penalty > 0 && !facts.Smartnode.Banned() {
			penalised++
		}
		r, ok := in.Fleet.LastHandshake(ctx, s, n)
		switch {
		case !ok || !r.Fresh():
			ports["unknown"]++
			continue
		case r.Value.Reachable():
			ports["reachable"]++
		default:
			ports["unreachable"]++
		}
		if agent := r.Value.UserAgent; agent != "" {
			versions[f.version(agent)]++
		}
	}
	for state, count := range states {
		send(out, f.nodes, count, state)
	}
	for state, count := range ports {
		send(out, f.ports, count, state)
	}
	send(out, f.penalised, penalised)
	for version, count := range mostFrequent(versions) {
		send(out, f.versions, count, version)
	}
}

func nodeState(f *fleet.Facts) string {
	switch {
	case f.Registered == nil:
		return "unknown"
	case !*f.Registered:
		return "unregistered"
	case f.Smartnode.Banned():
		return "pose_banned"
	case f.Smartnode.PayableKnown && !f.Smartnode.Payable:
		return "unpayable"
	}
	return "enabled"
}

const (
	shownVersions = 5
	otherVersion  = "other"
)

// version extracts the version from a user agent, which is foreign text.
func (f *fleetState) version(agent string) string {
	if m := f.agent.FindStringSubmatch(agent); m != nil {
		return m[1]
	}
	return otherVersion
}

// mostFrequent keeps the most frequent versions and adds up the others.
func mostFrequent(versions map[string]int) map[string]int {
	names := slices.SortedFunc(maps.Keys(versions), func(a, b string) int {
		return cmp.Or(cmp.Compare(versions[b], versions[a]), cmp.Compare(a, b))
	})
	shown := map[string]int{}
	for i, name := range names {
		if i >= shownVersions {
			name = otherVersion
		}
		shown[name] += versions[names[i]]
	}
	return shown
}
