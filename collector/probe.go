package collector

import (
	dto "github.com/prometheus/client_model/go"

	"raptoreum_exporter/fleet"
)

// Probe turns probe results into the metrics of /probe.
type Probe struct {
	catalog                        catalog
	success, took, refused, age    *metric
	duplicate, listHeight, listAge *metric
	port                           *port
	registration                   registration
	payments                       *payments
}

// NewProbe declares the metrics.
func NewProbe() *Probe {
	p := &Probe{catalog: catalog{collector: "/probe"}}
	c := &p.catalog
	p.success = c.foreign("probe_success", "1 if the handshake with the smartnode's port succeeded at most 3 minutes ago and no other smartnode answered there.")
	p.took = c.foreign("probe_duration_seconds", "Duration of this probe in seconds.")
	p.refused = c.gauge("probe_refused", "1 if no handshake was made because the registered address is not public; see --fleet.allow-private.")
	p.age = c.gauge("probe_handshake_age_seconds", "Age of the handshake in seconds; an address is dialed at most once a minute.")
	p.duplicate = c.gauge("smartnode_address_duplicate", "1 if another registered smartnode has the same address (protx list).")
	p.listHeight = c.gauge("list_height", "Block height of the smartnode list in use; absent if the data is from an explorer (protx list).")
	p.listAge = c.gauge("list_age_seconds", listAgeHelp)
	p.port = portMetrics(c)
	p.registration = newRegistration(c)
	p.payments = paymentMetrics(c)
	return p
}

// Metrics returns the descriptions of all metrics that a probe can send.
func (p *Probe) Metrics() []Metric { return p.catalog.descriptions() }

// Families returns the metrics of one probe, by name.
func (p *Probe) Families(r *fleet.ProbeResult) []*dto.MetricFamily {
	var out samples
	p.send(&out, r)
	return families(out)
}

func (p *Probe) send(out *samples, r *fleet.ProbeResult) {
	sendFlag(out, p.success, r.Success())
	send(out, p.took, r.Duration.Seconds())
	sendFlag(out, p.refused, r.Refused != nil)
	if h := r.Handshake; h != nil && h.Fresh() {
		sendAge(out, p.age, h.At)
		p.port.send(out, *h, r.Node.ProTxHash.String())
	}
	sendFlag(out, p.registration.expected, true)
	f := r.Facts
	sendAge(out, p.listAge, f.At)
	if f.ListHeight > 0 {
		send(out, p.listHeight, f.ListHeight)
	}
	if f.Registered != nil {
		sendFlag(out, p.registration.registered, *f.Registered)
	}
	if f.Duplicate != nil {
		sendFlag(out, p.duplicate, *f.Duplicate)
	}
	if f.Smartnode == nil {
		return
	}
	shown := facts{registered: f.Count, height: f.Height, spacing: r.Network.BlockSpacing()}
	if f.Spork21 != nil {
		low := sporkActive(sporkLowQuorums, *f.Spork21)
		shown.lowQuorums = &low
	}
	p.registration.send(out, f.Smartnode, shown)
	if f.Waits {
		p.payments.sendWait(out, f.Smartnode, f.Height)
	} else {
		p.payments.sendWait(out, f.Smartnode, nil)
	}
	if f.LastPayment != nil {
		p.payments.sendCoins(out, *f.LastPayment, f.Round, r.Network.BlockSpacing())
	}
	if f.Position != nil {
		p.payments.sendPlace(out, *f.Position, f.Length, r.Network.BlockSpacing())
	}
}
