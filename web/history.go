package web

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	dto "github.com/prometheus/client_model/go"

	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/judge"
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
	read     func(judge.Values) (value value, known bool)
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
		{"daemon_state", "state of raptoreumd", stateOf("daemon_state", "state"), became("raptoreumd")},
		{"daemon_restart", "raptoreumd was started", numberOf("daemon_start_time_seconds"), func(_, to value) string {
			return "raptoreumd was started at " + clock(time.Unix(int64(to.number), 0))
		}},
		{"smartnode_state", "state of the smartnode, as raptoreumd reports it", stateOf("smartnode_state", "state"), became("smartnode")},
		{"pose_penalty", "rise of the PoSe penalty", numberOf("smartnode_pose_penalty"), func(from, to value) string {
			if to.number < from.number { // it decays with every other block
				return ""
			}
			return fmt.Sprintf("PoSe penalty: %.0f, was %.0f", to.number, from.number)
		}},
		{"pose_ban", "begin or end of a PoSe ban", wordOf("smartnode_pose_banned", "not banned", "banned"), became("PoSe")},
		{"port", "result of the handshake", portState, became("port")},
	}
}

func clock(t time.Time) string { return t.UTC().Format("15:04:05 UTC") }

func numberOf(metric string) func(judge.Values) (value, bool) {
	return func(now judge.Values) (value, bool) {
		n, known := now.Get(metric)
		return value{number: n}, known
	}
}

// wordOf names the values 0 and 1 of a metric.
func wordOf(metric, zero, one string) func(judge.Values) (value, bool) {
	return func(now judge.Values) (value, bool) {
		n, known := now.Get(metric)
		return value{word: map[bool]string{false: zero, true: one}[n == 1]}, known
	}
}

// stateOf returns the value of a label of the sample that is 1.
func stateOf(metric, label string) func(judge.Values) (value, bool) {
	return func(now judge.Values) (value, bool) {
		word := strings.ReplaceAll(now.State(metric, label), "_", " ")
		return value{word: word}, word != ""
	}
}

func portState(now judge.Values) (value, bool) {
	v, known := wordOf("port_reachable", "unreachable", "reachable")(now)
	if phase, failed := stateOf("port_failed_phase", "phase")(now); failed && v.word == "unreachable" {
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
	heights []heightAt                  // to compare with those of handshakes, the newest last
	changes []change                    // the newest last
}

func newHistory() *history {
	return &history{began: time.Now(), kinds: kinds(), last: map[string]map[string]value{}, seen: map[string]time.Time{}}
}

// note compares the families of a node with what was known of it. An unknown value changes nothing.
func (h *history) note(key, name string, at time.Time, families []*dto.MetricFamily) {
	now := judge.NewValues(families, at)
	h.mu.Lock()
	defer h.mu.Unlock()
	last := h.last[key]
	if last == nil {
		last = map[string]value{}
		h.last[key] = last
	}
	for _, k := range h.kinds {
		to, known := k.read(now)
		if !known {
			continue
		}
		if from, compared := last[k.id]; compared && from != to {
			if text := k.describe(from, to); text != "" {
				h.changes = append(h.changes, change{At: at.UTC(), Node: name, ID: k.id, Text: text})
			}
		}
		last[k.id] = to
	}
	h.see(key, at, now)
	h.expire(at)
}

// noteHandshake notes the last handshake with a node, from its families of /probe, and returns when it succeeded; zero:
// it did not.
func (h *history) noteHandshake(key string, at time.Time, now judge.Values) time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.see(key, at, now)
}

// see is noteHandshake; mu is held.
func (h *history) see(key string, at time.Time, now judge.Values) time.Time {
	age, dated := now.Get("probe_handshake_age_seconds")
	if !dated || !now.Is(1, "port_reachable") {
		return time.Time{}
	}
	h.seen[key] = at.Add(-time.Duration(age * float64(time.Second)))
	return h.seen[key]
}

// heightAt is the height of raptoreumd or, without one, of the highest explorer.
type heightAt struct {
	at     time.Time
	blocks float64
}

// noteHeight notes the height of an observation.
func (h *history) noteHeight(at time.Time, blocks float64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.heights = slices.DeleteFunc(h.heights, func(old heightAt) bool { return at.Sub(old.at) > 2*poll.MaxAge })
	h.heights = append(h.heights, heightAt{at, blocks})
}

// height returns the height that was observed nearest to a time; false: none within a minute.
func (h *history) height(at time.Time) (blocks float64, known bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	nearest := time.Minute
	for _, observed := range h.heights {
		if apart := observed.at.Sub(at).Abs(); apart <= nearest {
			nearest, blocks, known = apart, observed.blocks, true
		}
	}
	return blocks, known
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
