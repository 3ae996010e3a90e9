package collector

import (
	"github.com/prometheus/client_golang/prometheus"
)

const namespace = "raptoreum_"

// Metric describes one metric for METRICS.md and for what checks names against it.
type Metric struct {
	Collector string // name of the collector that sends it; empty: every scrape
	Name      string
	Type      string // gauge or counter
	Labels    []string
	Help      string
}

// catalog makes the metrics of one collector and remembers their descriptions.
type catalog struct {
	collector string
	metrics   []Metric
	descs     []*prometheus.Desc
}

// metric is one metric that a collector can send.
type metric struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
}

// gauge declares a gauge; the name goes without "raptoreum_".
func (c *catalog) gauge(name, help string, labels ...string) metric {
	return c.add(prometheus.GaugeValue, "gauge", namespace+name, help, labels)
}

// bare declares a gauge whose name has nothing before it.
func (c *catalog) bare(name, help string) metric {
	return c.add(prometheus.GaugeValue, "gauge", name, help, nil)
}

// counter declares a counter; its name ends in _total.
func (c *catalog) counter(name, help string) metric {
	return c.add(prometheus.CounterValue, "counter", namespace+name, help, nil)
}

func (c *catalog) add(kind prometheus.ValueType, kindName, name, help string, labels []string) metric {
	desc := prometheus.NewDesc(name, help, labels, nil)
	c.descs = append(c.descs, desc)
	c.metrics = append(c.metrics, Metric{c.collector, name, kindName, labels, help})
	return metric{desc, kind}
}

// describe adds the metrics of another collector, whose types and helps are its own.
func (c *catalog) describe(other prometheus.Collector) {
	filter(other.Describe, func(desc *prometheus.Desc) { c.descs = append(c.descs, desc) })
}

type number interface {
	~int | ~int32 | ~int64 | ~uint64 | ~float64
}

// send sends one value.
func send[N number](ch chan<- prometheus.Metric, m metric, value N, labels ...string) {
	ch <- prometheus.MustNewConstMetric(m.desc, m.kind, float64(value), labels...)
}

// sendKnown sends a value unless it is unknown.
func sendKnown[N number](ch chan<- prometheus.Metric, m metric, value *N, labels ...string) {
	if value != nil {
		send(ch, m, *value, labels...)
	}
}

// sendFlag sends 1 for true and 0 for false.
func sendFlag(ch chan<- prometheus.Metric, m metric, value bool, labels ...string) {
	if value {
		send(ch, m, 1, labels...)
	} else {
		send(ch, m, 0, labels...)
	}
}

// sendEnum sends every known state, the one that holds as 1.
func sendEnum[S ~string](ch chan<- prometheus.Metric, m metric, states []S, holds S) {
	for _, state := range states {
		sendFlag(ch, m, state == holds, string(state))
	}
}
