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
	probed, families, err := p.probe(r.Context(), targets[0])
	switch {
	case err != nil:
		http.Error(w, err.Error(), err.status(http.StatusBadRequest))
	case r.URL.Query().Get("debug") == "true":
		p.debug(w, probed, families)
	default:
		write(w, families)
	}
}

// unknownTarget is the error of a target that the fleet does not have, or not yet.
type unknownTarget struct {
	target string
	notYet bool
}

func (e *unknownTarget) Error() string {
	reason := "no smartnode of the fleet has that name or proTxHash; /sd lists them"
	if e.notYet {
		reason = "no smartnode in nodes has that name; those of sets are unknown until the daemon has answered"
	}
	return fmt.Sprintf("target %q: %s", text.Clip(e.target, 64), reason)
}

// status returns the HTTP status, never if the fleet will not have the target later either.
func (e *unknownTarget) status(never int) int {
	if e.notYet {
		return http.StatusServiceUnavailable
	}
	return never
}

// probe accepts only a name or proTxHash of the fleet: a client cannot make it connect to anything else. ctx must end
// before the scraper's timeout.
func (p *prober) probe(ctx context.Context, target string) (*fleet.ProbeResult, []*dto.MetricFamily, *unknownTarget) {
	snapshot := p.fleet.Snapshot(ctx, poll.NoWait)
	if snapshot.View == nil { // the name may belong to a set, and the address is in the list
		first, cancel := context.WithTimeout(ctx, firstListTimeout)
		snapshot = p.fleet.Snapshot(first, poll.Wait)
		cancel()
	}
	node, known := snapshot.Find(target)
	if !known {
		return nil, nil, &unknownTarget{target, snapshot.Incomplete && fleet.IsName(target)}
	}
	probed := p.fleet.Probe(ctx, snapshot, node, poll.NoWait)
	families := p.metrics.Families(&probed)
	p.history.note(node.ProTxHash.String(), node.Name, time.Now(), families)
	return &probed, families, nil
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
