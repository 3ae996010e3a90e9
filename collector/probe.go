package collector

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/fleet"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/p2p"
)

// Look is what is known of a smartnode of the fleet, seen from outside.
type Look struct {
	Node      *fleet.Node
	Facts     fleet.Facts
	Network   daemon.Network
	Refused   error                   // why its address was not dialled; nil: it was, or is not known
	Handshake *poll.Reading[p2p.Peer] // nil: there was none yet
	Took      time.Duration           // of this probe
}

// Success tells whether the look was a good one: the port shook hands, and who answered was no other
// smartnode.
func (l *Look) Success() bool {
	if l.Handshake == nil || time.Since(l.Handshake.At) > observedTooOld {
		return false
	}
	peer := l.Handshake.Value
	return peer.Reachable() && (!peer.Mnauth || peer.ProTxHash == l.Node.ProTxHash.String())
}

// Probe turns Looks into the metrics of /probe.
type Probe struct {
	catalog                        catalog
	success, took, refused, age    metric
	duplicate, listHeight, listAge metric
	port                           *port
	registration                   registration
	payments                       *payments
}

// NewProbe declares the metrics.
func NewProbe() *Probe {
	p := &Probe{catalog: catalog{collector: "/probe"}}
	c := &p.catalog
	p.success = c.bare("probe_success", "1 when the smartnode's port shook hands, and no other smartnode answered there; the handshake is at most 3 minutes old.")
	p.took = c.bare("probe_duration_seconds", "Seconds that this probe took.")
	p.refused = c.gauge("probe_refused", "1 when the registered address was not dialled because it is not public; see --fleet.allow-private.")
	p.age = c.gauge("probe_handshake_age_seconds", "Seconds since the handshake that is shown: an address is dialled at most once a minute.")
	p.duplicate = c.gauge("smartnode_address_duplicate", "1 when another registered smartnode has the same address (protx list).")
	p.listHeight = c.gauge("list_height", "Block height of the smartnode list that this is from; absent when an explorer was asked.")
	p.listAge = c.gauge("list_age_seconds", listAgeHelp)
	p.port = portMetrics(c)
	p.registration = newRegistration(c)
	p.payments = paymentMetrics(c)
	return p
}

// Metrics returns the descriptions of all metrics that a probe can send.
func (p *Probe) Metrics() []Metric { return p.catalog.metrics }

// Bind returns the collector of one probe.
func (p *Probe) Bind(look Look) prometheus.Collector { return &boundProbe{p, look} }

type boundProbe struct {
	*Probe
	look Look
}

// Describe implements prometheus.Collector.
func (p *boundProbe) Describe(ch chan<- *prometheus.Desc) {
	for _, desc := range p.catalog.descs {
		ch <- desc
	}
}

// Collect implements prometheus.Collector.
func (p *boundProbe) Collect(ch chan<- prometheus.Metric) {
	look := &p.look
	sendFlag(ch, p.success, look.Success())
	send(ch, p.took, look.Took.Seconds())
	sendFlag(ch, p.refused, look.Refused != nil)
	if h := look.Handshake; h != nil && fresh(true, h.At) {
		send(ch, p.age, time.Since(h.At).Seconds())
		p.port.send(ch, *h, look.Node.ProTxHash.String())
	}
	sendFlag(ch, p.registration.expected, true)
	f := look.Facts
	if f.Age != nil {
		send(ch, p.listAge, f.Age.Seconds())
	}
	if f.ListHeight > 0 {
		send(ch, p.listHeight, f.ListHeight)
	}
	if f.Registered != nil {
		sendFlag(ch, p.registration.registered, *f.Registered)
	}
	if f.Duplicate != nil {
		sendFlag(ch, p.duplicate, *f.Duplicate)
	}
	if f.Smartnode == nil {
		return
	}
	shown := facts{registered: f.Count, height: f.Height, spacing: look.Network.BlockSpacing()}
	if f.Spork21 != nil {
		low := sporkActive(sporkLowQuorums, *f.Spork21)
		shown.lowQuorums = &low
	}
	p.registration.send(ch, f.Smartnode, shown)
	if f.Waits {
		p.payments.sendWait(ch, f.Smartnode, f.Height)
	} else {
		p.payments.sendWait(ch, f.Smartnode, nil)
	}
	if f.Position != nil {
		p.payments.sendPlace(ch, *f.Position, f.Length, look.Network.BlockSpacing())
	}
}
