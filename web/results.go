package web

import (
	"slices"
	"sync"
	"time"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/fleet"
)

// result is the outcome of one probe, for the landing page.
type result struct {
	Node     string
	At       time.Time
	Duration time.Duration // of the completed phases of the handshake
	Success  bool
	Text     string
}

const maxFailures = 100

// results keeps the last result of each node and the last failures.
type results struct {
	mu       sync.Mutex
	last     map[daemon.Hash]result // nodes that left the fleet are removed with the next page
	failures []result               // the newest last
}

func newResults() *results { return &results{last: map[daemon.Hash]result{}} }

func (h *results) add(node daemon.Hash, r result) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last[node] = r
	if !r.Success {
		if len(h.failures) == maxFailures {
			h.failures = slices.Delete(h.failures, 0, 1)
		}
		h.failures = append(h.failures, r)
	}
}

// of returns the last result of each node, failed ones first, and the newest failures.
func (h *results) of(nodes []fleet.Node) (last, failures []result) {
	h.mu.Lock()
	defer h.mu.Unlock()
	kept := make(map[daemon.Hash]result, len(nodes))
	for i := range nodes {
		n := &nodes[i]
		r, ok := h.last[n.ProTxHash]
		if !ok {
			r = result{Text: "not probed yet"}
		} else {
			kept[n.ProTxHash] = r
		}
		r.Node = n.Name
		last = append(last, r)
	}
	h.last = kept
	slices.SortStableFunc(last, func(a, b result) int { // nodes are sorted by name
		switch {
		case a.Success == b.Success:
			return 0
		case b.Success:
			return -1
		}
		return 1
	})
	failures = slices.Clone(h.failures)
	slices.Reverse(failures)
	return last, failures
}
