package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"

	dto "github.com/prometheus/client_model/go"
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
	history *history
}

// ServeHTTP implements http.Handler.
func (p *prober) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	targets := r.URL.Query()["target"]
	if len(targets) != 1 || targets[0] == "" {
		http.Error(w, "give one target: /probe?target=NAME, with a name or proTxHash from /sd", http.StatusBadRequest)
		return
	}
	probed, families := p.probe(w, r, targets[0], http.StatusBadRequest)
	switch {
	case probed == nil:
	case r.URL.Query().Get("debug") == "true":
		p.debug(w, probed, families)
	default:
		write(w, families)
	}
}

// probe accepts only a name or proTxHash of the fleet: a client cannot make it connect to anything else. For
// others it replies with an error, and unknown as the status, and returns nil.
func (p *prober) probe(w http.ResponseWriter, r *http.Request, target string, unknown int) (*fleet.ProbeResult, []*dto.MetricFamily) {
	ctx := r.Context() // ends before the scraper's timeout
	snapshot := p.fleet.Snapshot(ctx, poll.NoWait)
	if snapshot.View == nil { // the name may belong to a set, and the address is in the list
		first, cancel := context.WithTimeout(ctx, firstListTimeout)
		snapshot = p.fleet.Snapshot(first, poll.Wait)
		cancel()
	}
	node, known := snapshot.Find(target)
	if !known {
		status, reason := unknown, "no smartnode of the fleet has that name or proTxHash; /sd lists them"
		if snapshot.Incomplete && fleet.IsName(target) {
			status, reason = http.StatusServiceUnavailable, "no smartnode in nodes has that name; those of sets are unknown until the daemon has answered"
		}
		http.Error(w, fmt.Sprintf("target %q: %s", text.Clip(target, 64), reason), status)
		return nil, nil
	}
	probed := p.fleet.Probe(ctx, snapshot, node, poll.NoWait)
	families := p.metrics.Families(&probed)
	p.history.note(node.ProTxHash.String(), node.Name, time.Now(), families)
	return &probed, families
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
func (p *prober) debug(w http.ResponseWriter, r *fleet.ProbeResult, families []*dto.MetricFamily) {
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
	for _, family := range families {
		if encoder.Encode(family) != nil {
			return // the client disconnected
		}
	}
}
