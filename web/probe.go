package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/common/expfmt"

	"raptoreum_exporter/collector"
	"raptoreum_exporter/fleet"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/internal/text"
	"raptoreum_exporter/p2p"
)

// firstListTimeout bounds a probe's wait for the first smartnode list after the start.
const firstListTimeout = 3 * time.Second

// prober serves /probe: it probes one smartnode of the fleet from outside.
type prober struct {
	fleet   *fleet.Fleet
	metrics *collector.Probe
	results *results
}

// ServeHTTP accepts only a name or proTxHash of the fleet: a client cannot make it connect to anything else.
func (p *prober) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context() // ends before the scraper's timeout
	targets := r.URL.Query()["target"]
	if len(targets) != 1 || targets[0] == "" {
		http.Error(w, "give one target: /probe?target=NAME, with a name or proTxHash from /sd", http.StatusBadRequest)
		return
	}
	snapshot := p.fleet.Snapshot(ctx, poll.NoWait)
	if snapshot.View == nil { // the name may belong to a set, and the address is in the list
		first, cancel := context.WithTimeout(ctx, firstListTimeout)
		snapshot = p.fleet.Snapshot(first, poll.Wait)
		cancel()
	}
	node, known := snapshot.Find(targets[0])
	if !known {
		status, reason := http.StatusBadRequest, "no smartnode of the fleet has that name or proTxHash; /sd lists them"
		if snapshot.Incomplete && fleet.IsName(targets[0]) {
			status, reason = http.StatusServiceUnavailable, "no smartnode in nodes has that name; those of sets are unknown until the daemon has answered"
		}
		http.Error(w, fmt.Sprintf("target %q: %s", text.Clip(targets[0], 64), reason), status)
		return
	}
	probed := p.fleet.Probe(ctx, snapshot, node, poll.NoWait)
	p.results.add(node.ProTxHash, result{
		Node: node.Name, At: time.Now(), Duration: handshakeDuration(&probed), Success: probed.Success(), Text: describe(&probed),
	})
	if r.URL.Query().Get("debug") == "true" {
		p.debug(w, &probed)
		return
	}
	write(w, p.metrics.Families(&probed))
}

func handshakeDuration(r *fleet.ProbeResult) (total time.Duration) {
	if r.Handshake != nil {
		for _, phase := range r.Handshake.Value.Durations {
			total += phase
		}
	}
	return total
}

// describe returns the outcome of a probe in words.
func describe(r *fleet.ProbeResult) string {
	h := r.Handshake
	registered := r.Facts.Registered
	switch {
	case r.Refused != nil:
		return r.Refused.Error() + "; no connection was made"
	case h == nil && registered != nil && !*registered:
		return "not in the list of registered smartnodes"
	case h == nil && r.Address == "" && registered != nil:
		return "registered without an address"
	case h == nil && r.Address == "":
		return "address not known yet"
	case h == nil:
		return "no handshake within the scrape timeout"
	case h.Err != nil:
		return text.Clip(h.Err.Error(), 200)
	case r.Success():
		return "ok"
	case h.Value.Mnauth && h.Value.ProTxHash != r.Node.ProTxHash.String():
		return "another smartnode answers there: " + h.Value.ProTxHash
	}
	return "the last handshake succeeded, but more than 3 minutes ago"
}

// debug writes the result of a probe as text for people.
func (p *prober) debug(w http.ResponseWriter, r *fleet.ProbeResult) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	const unknown = "unknown"
	fmt.Fprintf(w, "node       %s\nproTxHash  %s\naddress    %s\nnetwork    %s\nresult     %s\n",
		r.Node.Name, r.Node.ProTxHash, cmp.Or(r.Address, unknown), cmp.Or(string(r.Network), unknown), describe(r))
	if h := r.Handshake; h != nil {
		fmt.Fprintf(w, "\nhandshake  %.0f s ago\n", time.Since(h.At).Seconds())
		for _, phase := range p2p.Phases() {
			if took, done := h.Value.Durations[phase]; done {
				fmt.Fprintf(w, "  %-8s %s\n", phase, took.Round(10*time.Microsecond))
			}
		}
		if _, answered := h.Value.Durations[p2p.Version]; answered {
			fmt.Fprintf(w, "  protocol %d, user agent %q, services %x, height %d\n", h.Value.Protocol, h.Value.UserAgent, h.Value.Services, h.Value.Height)
		}
		if h.Value.Mnauth {
			fmt.Fprintf(w, "  mnauth from %s\n", h.Value.ProTxHash)
		}
	}
	fmt.Fprintln(w, "\nmetrics")
	encoder := expfmt.NewEncoder(w, expfmt.NewFormat(expfmt.TypeTextPlain))
	for _, family := range p.metrics.Families(r) {
		if encoder.Encode(family) != nil {
			return // the client disconnected
		}
	}
}
