package collector

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"raptoreum_exporter/internal/poll"
)

const namespace = "raptoreum_"

// Metric describes one metric, for METRICS.md and for tests that compare names with it.
type Metric struct {
	Collector string // name of the collector that sends it; empty: every scrape
	Name      string
	Type      string // gauge or counter
	Labels    []string
	Help      string
}

// metric is one metric that a collector can send.
type metric struct {
	Metric
	kind   dto.MetricType
	sorted []int // indices of Labels, sorted by name as in the exposition format
}

// catalog creates the metrics of one collector and keeps a list of them.
type catalog struct {
	collector string
	metrics   []*metric
}

// gauge declares a gauge; the name is without the prefix "raptoreum_".
func (c *catalog) gauge(name, help string, labels ...string) *metric {
	return c.add(prometheus.GaugeValue, namespace+name, help, labels)
}

// late declares a gauge whose source is a batch of the daemon: while raptoreumd is slow, the last answer is
// sent for up to 2 minutes.
func (c *catalog) late(name, help string, labels ...string) *metric {
	return c.gauge(name, strings.TrimSuffix(help, ".")+"; up to 2 minutes old while raptoreumd is slow.", labels...)
}

// foreign declares a gauge without the prefix, named as in another exporter.
func (c *catalog) foreign(name, help string) *metric {
	return c.add(prometheus.GaugeValue, name, help, nil)
}

// counter declares a counter; its name ends in _total.
func (c *catalog) counter(name, help string) *metric {
	return c.add(prometheus.CounterValue, namespace+name, help, nil)
}

func (c *catalog) add(kind prometheus.ValueType, name, help string, labels []string) *metric {
	m := &metric{Metric: Metric{c.collector, name, "gauge", labels, help}, kind: dto.MetricType_GAUGE}
	if kind == prometheus.CounterValue {
		m.Type, m.kind = "counter", dto.MetricType_COUNTER
	}
	for i := range labels {
		m.sorted = append(m.sorted, i)
	}
	slices.SortFunc(m.sorted, func(a, b int) int { return cmp.Compare(labels[a], labels[b]) })
	c.metrics = append(c.metrics, m)
	return m
}

// descriptions returns what the catalog declares.
func (c *catalog) descriptions() []Metric {
	list := make([]Metric, 0, len(c.metrics))
	for _, m := range c.metrics {
		list = append(list, m.Metric)
	}
	return list
}

// sample is one value of a metric; label values are in the order of the declaration.
type sample struct {
	*metric
	value  float64
	labels []string
}

// samples are what one collector sends in one scrape.
type samples []sample

type number interface {
	~int | ~int32 | ~int64 | ~uint64 | ~float64
}

// send sends one value.
func send[N number](out *samples, m *metric, value N, labels ...string) {
	*out = append(*out, sample{m, float64(value), labels})
}

// sendKnown sends a value unless it is nil: unknown.
func sendKnown[N number](out *samples, m *metric, value *N, labels ...string) {
	if value != nil {
		send(out, m, *value, labels...)
	}
}

// sendAge sends the age of what is from a time in seconds, if it is known.
func sendAge(out *samples, m *metric, at time.Time) {
	if age, known := poll.Age(at, time.Now()); known {
		send(out, m, age.Seconds())
	}
}

// sendFlag sends 1 for true and 0 for false.
func sendFlag(out *samples, m *metric, value bool, labels ...string) {
	if value {
		send(out, m, 1, labels...)
	} else {
		send(out, m, 0, labels...)
	}
}

// sendEnum sends every known state, the current one as 1.
func sendEnum[S ~string](out *samples, m *metric, states []S, current S) {
	for _, state := range states {
		sendFlag(out, m, state == current, string(state))
	}
}

// unix returns a Unix time in seconds, to the millisecond.
func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1e3 }
