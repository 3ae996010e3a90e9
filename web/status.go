package web

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"

	"raptoreum_exporter/collector"
	"raptoreum_exporter/fleet"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/judge"
)

// status is what the page and /status.json show. STATUS.md is made of its tags.
type status struct {
	Verdict judge.Verdict `json:"verdict" help:"the worst of this machine and of the fleet: ok, warning, critical or unknown"`
	Summary string        `json:"summary" help:"the verdict in one line, for people"`
	At      time.Time     `json:"at" help:"when it was checked; at most 15 s and one scrape ago, or up to 2 minutes while raptoreumd is slow or hung"`
	Since   time.Time     `json:"since" help:"start of this exporter, which saw no changes before"`
	Version string        `json:"exporter_version" help:"version of this exporter"`
	Self    *judge.Report `json:"self,omitempty" help:"what check reports about this machine; absent without a daemon if there is a fleet"`
	Nodes   []nodeStatus  `json:"nodes" help:"the nodes of the fleet, the worst first; empty without a fleet"`
	Changes []change      `json:"changes" help:"changes within the last hour, the newest first"`

	// Incomplete means that sets of the fleet are missing, because no smartnode list is known yet.
	Incomplete bool `json:"nodes_incomplete" help:"nodes of sets are missing, because the smartnode list is not known yet"`
}

// nodeStatus is a node of the fleet. An unknown value is absent.
type nodeStatus struct {
	Name     string          `json:"name" help:"name of the node"`
	Verdict  judge.Verdict   `json:"verdict" help:"what check --target reports: ok, warning, critical or unknown"`
	Summary  string          `json:"summary" help:"the worst finding in one line, for people"`
	State    string          `json:"state" help:"enabled, pose_banned, unpayable, unregistered or unknown"`
	Penalty  *float64        `json:"pose_penalty,omitempty" help:"PoSe penalty in points"`
	Strikes  *float64        `json:"pose_strikes_left,omitempty" help:"further missed key generations until the ban"`
	Port     string          `json:"port" help:"result of the last handshake, at most 3 minutes old: reachable, unreachable or unknown"`
	Phase    string          `json:"port_failed_phase,omitempty" help:"phase in which the handshake failed"`
	Gap      *float64        `json:"height_difference_blocks,omitempty" help:"height that the node reported in the handshake, minus that of raptoreumd at that time or, without one, of the highest explorer; absent: unknown"`
	Payment  *float64        `json:"next_payment_seconds,omitempty" help:"time until the next payment"`
	Seen     *time.Time      `json:"last_seen,omitempty" help:"last successful handshake since the start of this exporter"`
	Problems []judge.Finding `json:"findings" help:"findings that are not ok, the worst first"`
}

// statuses makes status from the last gathering and the last probes. It dials no node.
type statuses struct {
	history *history
	fleet   *fleet.Fleet // nil: none
	probe   *collector.Probe
	daemon  bool // one is configured
	version string
}

// make returns the status at an observation.
func (s *statuses) make(ctx context.Context, seen *observation) *status {
	now := &status{At: seen.at.UTC().Truncate(time.Second), Since: s.history.began.UTC().Truncate(time.Second), Version: s.version, Nodes: []nodeStatus{}}
	if s.daemon || s.fleet == nil {
		r := judge.Judge(judge.Input{Families: seen.families, At: seen.at})
		r.At = now.At
		sortWorstFirst(r.Findings)
		now.Self, now.Verdict, now.Summary = &r, r.Verdict, r.Summary()
	}
	if s.fleet != nil {
		s.addNodes(ctx, now)
	}
	now.Changes = s.history.lastHour(time.Now())
	return now
}

func sortWorstFirst(findings []judge.Finding) {
	slices.SortStableFunc(findings, func(a, b judge.Finding) int { return b.Verdict.Compare(a.Verdict) })
}

func (s *statuses) addNodes(ctx context.Context, now *status) {
	snapshot := s.fleet.Snapshot(ctx, poll.NoWait)
	now.Incomplete = snapshot.Incomplete
	keys := map[string]bool{}
	for i := range snapshot.Nodes {
		n := &snapshot.Nodes[i]
		result := s.fleet.Known(ctx, snapshot, n)
		families, at := s.probe.Families(&result), time.Now()
		node := judgeNode(n.Name, families, at)
		key := n.ProTxHash.String()
		values := judge.NewValues(families, at)
		shaken := s.history.noteHandshake(key, at, values)
		if theirs, reported := values.Get("port_peer_height"); reported && !shaken.IsZero() {
			if height, known := s.history.height(shaken); known {
				node.Gap = new(theirs - height)
			}
		}
		if at := s.history.lastSeen(key); !at.IsZero() {
			at = at.UTC().Truncate(time.Second)
			node.Seen = &at
		}
		keys[key] = true
		now.Nodes = append(now.Nodes, node)
	}
	s.history.keep(keys)
	// They are sorted by name, and stay so within a verdict.
	slices.SortStableFunc(now.Nodes, func(a, b nodeStatus) int { return b.Verdict.Compare(a.Verdict) })
	if len(now.Nodes) == 0 {
		if now.Self == nil {
			now.Verdict, now.Summary = judge.Unknown, "fleet, no node is known"
		}
		return
	}
	if worst := now.Nodes[0].Verdict; now.Self == nil || worst.Compare(now.Verdict) > 0 {
		now.Verdict, now.Summary = worst, fmt.Sprintf("fleet of %d, %s", len(now.Nodes), countVerdicts(now.Nodes))
	}
}

// networkHeight returns the height to compare with: raptoreumd's or, if none is configured, that of the highest
// explorer.
func networkHeight(seen judge.Values) (height float64, known bool) {
	if seen.State("daemon_state", "state") != "" {
		height, known = seen.Get("block_height")
		return height, known && seen.Is(1, "up") // else it may be minutes old
	}
	return seen.Max("explorer_block_height")
}

// judgeNode returns the status of a node from its families of /probe.
func judgeNode(name string, families []*dto.MetricFamily, at time.Time) nodeStatus {
	now := judge.NewValues(families, at)
	r := judge.Judge(judge.Input{Families: families, At: at, Node: name})
	node := nodeStatus{
		Name: name, Verdict: r.Verdict, Summary: r.Worst(), State: "unknown", Port: "unknown", Problems: []judge.Finding{},
		Penalty: number(now, "smartnode_pose_penalty"), Strikes: number(now, "smartnode_pose_strikes_left"),
		Payment: number(now, "smartnode_next_payment_seconds"),
	}
	sortWorstFirst(r.Findings)
	for _, f := range r.Findings {
		if f.Verdict != judge.OK {
			node.Problems = append(node.Problems, f)
		}
	}
	switch {
	case now.Is(0, "smartnode_registered"):
		node.State = "unregistered"
	case now.Is(1, "smartnode_pose_banned"):
		node.State = "pose_banned"
	case now.Is(0, "smartnode_payable"):
		node.State = "unpayable"
	case now.Is(1, "smartnode_registered"):
		node.State = "enabled"
	}
	switch {
	case now.Is(1, "port_reachable"):
		node.Port = "reachable"
	case now.Is(0, "port_reachable"):
		node.Port = "unreachable"
		phase, _ := stateOf("port_failed_phase", "phase")(now)
		node.Phase = phase.word
	}
	return node
}

// number returns the value of a metric; nil: unknown.
func number(now judge.Values, metric string) *float64 {
	v, known := now.Get(metric)
	if !known {
		return nil
	}
	return &v
}

// countVerdicts counts nodes that are sorted by verdict.
func countVerdicts(nodes []nodeStatus) string {
	var parts []string
	for first := 0; first < len(nodes); {
		verdict, after := nodes[first].Verdict, first
		for after < len(nodes) && nodes[after].Verdict == verdict {
			after++
		}
		parts = append(parts, fmt.Sprintf("%d %s", after-first, verdict))
		first = after
	}
	return strings.Join(parts, ", ")
}
