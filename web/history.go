package web

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	dto "github.com/prometheus/client_model/go"
)

const (
	// self is the key of the smartnode of this machine in the history; the others have their proTxHash.
	self = ""

	historyAge = time.Hour
	maxChanges = 500
)

// change is one change of a metric that this exporter saw.
type change struct {
	At   time.Time `json:"at" help:"time of the scrape, probe or page view that saw it"`
	Node string    `json:"node,omitempty" help:"node of the fleet; absent: the one of this machine"`
	ID   string    `json:"id" help:"what changed"`
	Text string    `json:"text" help:"for people"`
}

// kind is a kind of change. read returns the value to compare; describe returns an empty text if a change does
// not count.
type kind struct {
	id, help string
	read     func([]*dto.MetricFamily) (value value, known bool)
	describe func(from, to value) string
}

type value struct {
	number float64
	word   string
}

// kinds lists the kinds of changes. An ID never changes: programs depend on it.
func kinds() []kind {
	became := func(what string) func(from, to value) string {
		return func(from, to value) string { return fmt.Sprintf("%s: %s, was %s", what, to.word, from.word) }
	}
	return []kind{
		{"daemon_state", "state of raptoreumd", stateOf("raptoreum_daemon_state"), became("raptoreumd")},
		{"daemon_restart", "raptoreumd was started", numberOf("raptoreum_daemon_start_time_seconds"), func(_, to value) string {
			return "raptoreumd was started at " + clock(time.Unix(int64(to.number), 0))
		}},
		{"smartnode_state", "state of the smartnode, as raptoreumd reports it", stateOf("raptoreum_smartnode_state"), became("smartnode")},
		{"pose_penalty", "rise of the PoSe penalty", numberOf("raptoreum_smartnode_pose_penalty"), func(from, to value) string {
			if to.number < from.number { // it decays with every other block
				return ""
			}
			return fmt.Sprintf("PoSe penalty: %.0f, was %.0f", to.number, from.number)
		}},
		{"pose_ban", "begin or end of a PoSe ban", wordOf("raptoreum_smartnode_pose_banned", "not banned", "banned"), became("PoSe")},
		{"port", "result of the handshake", portState, became("port")},
	}
}

func clock(t time.Time) string { return t.UTC().Format("15:04:05 UTC") }

// find returns the samples of a metric; families are sorted by name.
func find(families []*dto.MetricFamily, name string) []*dto.Metric {
	i, found := slices.BinarySearchFunc(families, name, func(f *dto.MetricFamily, name string) int { return strings.Compare(f.GetName(), name) })
	if !found {
		return nil
	}
	return families[i].GetMetric()
}

func numberOf(name string) func([]*dto.MetricFamily) (value, bool) {
	return func(families []*dto.MetricFamily) (value, bool) {
		for _, m := range find(families, name) {
			return value{number: m.GetGauge().GetValue()}, true
		}
		return value{}, false
	}
}

// wordOf names the values 0 and 1 of a metric.
func wordOf(name, zero, one string) func([]*dto.MetricFamily) (value, bool) {
	return func(families []*dto.MetricFamily) (value, bool) {
		v, known := numberOf(name)(families)
		return value{word: map[bool]string{false: zero, true: one}[v.number == 1]}, known
	}
}

// stateOf returns the label of the sample that is 1 of a metric with one label.
func stateOf(name string) func([]*dto.MetricFamily) (value, bool) {
	return func(families []*dto.MetricFamily) (value, bool) {
		for _, m := range find(families, name) {
			if m.GetGauge().GetValue() == 1 && len(m.GetLabel()) == 1 {
				return value{word: strings.ReplaceAll(m.GetLabel()[0].GetValue(), "_", " ")}, true
			}
		}
		return value{}, false
	}
}

func portState(families []*dto.MetricFamily) (value, bool) {
	v, known := wordOf("raptoreum_port_reachable", "unreachable", "reachable")(families)
	if phase, failed := stateOf("raptoreum_port_failed_phase")(families); failed && v.word == "unreachable" {
		v.word += " (" + phase.word + ")"
	}
	return v, known
}

// history keeps the changes of the last hour, and the last known values of each node.
type history struct {
	began time.Time
	kinds []kind

	mu      sync.Mutex
	last    map[string]map[string]value // by node and kind
	seen    map[string]time.Time        // last successful handshake of each node
	changes []change                    // the newest last
}

func newHistory() *history {
	return &history{began: time.Now(), kinds: kinds(), last: map[string]map[string]value{}, seen: map[string]time.Time{}}
}

// note compares the families of a node with what was known of it. An unknown value changes nothing.
func (h *history) note(key, name string, at time.Time, families []*dto.MetricFamily) {
	h.mu.Lock()
	defer h.mu.Unlock()
	last := h.last[key]
	if last == nil {
		last = map[string]value{}
		h.last[key] = last
	}
	for _, k := range h.kinds {
		to, known := k.read(families)
		if !known {
			continue
		}
		if from, compared := last[k.id]; compared && from != to {
			if text := k.describe(from, to); text != "" {
				h.changes = append(h.changes, change{At: at.UTC(), Node: name, ID: k.id, Text: text})
			}
		}
		last[k.id] = to
		if k.id == "port" && to.word == "reachable" {
			age, _ := numberOf("raptoreum_probe_handshake_age_seconds")(families)
			h.seen[key] = at.Add(-time.Duration(age.number * float64(time.Second)))
		}
	}
	h.expire(at)
}

func (h *history) expire(now time.Time) {
	old := max(0, len(h.changes)-maxChanges)
	for old < len(h.changes) && now.Sub(h.changes[old].At) > historyAge {
		old++
	}
	h.changes = slices.Delete(h.changes, 0, old)
}

// lastHour returns the changes of the last hour, the newest first.
func (h *history) lastHour(now time.Time) []change {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.expire(now)
	changes := slices.Clone(h.changes)
	slices.Reverse(changes)
	return changes
}

// lastSeen returns when a handshake with a node succeeded last; zero: not since this exporter started.
func (h *history) lastSeen(key string) time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.seen[key]
}

// keep forgets nodes that left the fleet.
func (h *history) keep(keys map[string]bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for key := range h.last {
		if key != self && !keys[key] {
			delete(h.last, key)
			delete(h.seen, key)
		}
	}
}
