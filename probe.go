package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/common/expfmt"

	"raptoreum_exporter/collector"
	"raptoreum_exporter/fleet"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/internal/text"
	"raptoreum_exporter/p2p"
)

// firstList is how long a probe waits for the first smartnode list after the start.
const firstList = 3 * time.Second

// prober answers /probe: it judges one smartnode of the fleet from outside.
type prober struct {
	fleet        *fleet.Fleet
	port         *p2p.Prober
	allowPrivate bool
	metrics      *collector.Probe
	history      *history
	logger       log.Logger
}

// ServeHTTP answers only for a name or proTxHash of the fleet: a stranger cannot make it dial
// anything else.
func (p *prober) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	ctx := r.Context() // ends with the scraper's patience
	targets := r.URL.Query()["target"]
	if len(targets) != 1 || targets[0] == "" {
		http.Error(w, "give one target: /probe?target=NAME, with a name or proTxHash that /sd lists", http.StatusBadRequest)
		return
	}
	snapshot := p.fleet.Snapshot(ctx, poll.NoWait)
	if snapshot.View == nil { // a name may come from a set, and an address from the list
		first, enough := context.WithTimeout(ctx, firstList)
		snapshot = p.fleet.Snapshot(first, poll.Wait)
		enough()
	}
	node, ok := snapshot.Find(targets[0])
	if !ok {
		status, why := http.StatusBadRequest, "no smartnode of the fleet has that name or proTxHash; /sd lists them"
		if snapshot.Incomplete && fleet.IsName(targets[0]) {
			status, why = http.StatusServiceUnavailable, "no smartnode of nodes has that name, and those of sets are not known before the daemon has answered"
		}
		http.Error(w, fmt.Sprintf("target %q: %s", text.Clip(targets[0], 64), why), status)
		return
	}
	look, address := p.look(ctx, snapshot, node, poll.NoWait)
	look.Took = time.Since(began)
	p.history.add(node.ProTxHash, result{Node: node.Name, At: began, Took: handshakeTime(&look), Success: look.Success(), Why: why(&look, address)})
	if r.URL.Query().Get("debug") == "true" {
		p.debug(w, &look, address)
		return
	}
	answer(gatherer(p.metrics.Bind(look)), p.logger).ServeHTTP(w, r)
}

// look shakes hands with the node, unless that was done less than a minute ago, and adds what the
// chain says of it.
func (p *prober) look(ctx context.Context, s *fleet.Snapshot, node *fleet.Node, mode poll.Mode) (look collector.Look, address string) {
	look = collector.Look{Node: node, Network: s.Network}
	address = p.fleet.Address(ctx, node)
	// Without an address the chain is asked first; otherwise no explorer may take the time of the handshake.
	if address == "" {
		mode = poll.Wait
	}
	look.Facts = p.fleet.Facts(ctx, s, node, mode)
	if address == "" {
		address = p.fleet.Address(ctx, node)
	}
	if address == "" || s.Network == "" {
		return look, address
	}
	if look.Refused = p.fleet.Dialable(address, s.Network, p.allowPrivate); look.Refused != nil {
		return look, address
	}
	if reading, ok := p.port.Probe(ctx, address, string(s.Network), poll.Wait); ok {
		look.Handshake = &reading
	}
	return look, address
}

func handshakeTime(look *collector.Look) (took time.Duration) {
	if look.Handshake != nil {
		for _, phase := range look.Handshake.Value.Durations {
			took += phase
		}
	}
	return took
}

// why says in words what a probe found.
func why(look *collector.Look, address string) string {
	h := look.Handshake
	registered := look.Facts.Registered
	switch {
	case look.Refused != nil:
		return look.Refused.Error() + "; not dialled"
	case h == nil && registered != nil && !*registered:
		return "not in the list of smartnodes"
	case h == nil && address == "" && registered != nil:
		return "registered without an address"
	case h == nil && address == "":
		return "its address is not known yet"
	case h == nil:
		return "no handshake within the scrape's time"
	case h.Err != nil:
		return text.Clip(h.Err.Error(), 200)
	case look.Success():
		return "well"
	case h.Value.Mnauth && h.Value.ProTxHash != look.Node.ProTxHash.String():
		return "another smartnode answers there: " + h.Value.ProTxHash
	}
	return "the last handshake went well, but is over 3 minutes old"
}

// debug says everything that a probe found, for a person.
func (p *prober) debug(w http.ResponseWriter, look *collector.Look, address string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintf(w, "node       %s\nproTxHash  %s\naddress    %s\nnetwork    %s\nresult     %s\n",
		look.Node.Name, look.Node.ProTxHash, orNone(address), orNone(string(look.Network)), why(look, address))
	if h := look.Handshake; h != nil {
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
			fmt.Fprintf(w, "  mnauth names %s\n", h.Value.ProTxHash)
		}
	}
	fmt.Fprintln(w, "\nmetrics")
	families, err := gatherer(p.metrics.Bind(*look)).Gather()
	if err != nil {
		fmt.Fprintln(w, err)
	}
	encoder := expfmt.NewEncoder(w, expfmt.NewFormat(expfmt.TypeTextPlain))
	for _, family := range families {
		if encoder.Encode(family) != nil {
			return // the reader has gone
		}
	}
}

func orNone(s string) string {
	if s == "" {
		return "not known"
	}
	return s
}
