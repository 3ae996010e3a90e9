package life

import (
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"raptoreum_exporter/collector"
)

// catalog has the label names of every metric that the exporter can send.
type catalog map[string][]string

// newCatalog reads the collectors' own declarations, so that no series can have a name that no exporter sends.
func newCatalog() catalog {
	c := catalog{}
	for _, m := range append(collector.New(collector.Config{Enabled: collector.Names()}).Metrics(), collector.NewProbe().Metrics()...) {
		c[m.Name] = m.Labels
	}
	c["up"], c["raptoreum_exporter_build_info"] = nil, []string{"version"} // Prometheus' own, and client_golang's
	return c
}

// target is what Prometheus scrapes: one exporter, or one node on /probe.
type target struct {
	catalog catalog
	memory  *memory
	labels  labels.Labels
	offset  time.Duration         // of its scrapes within each minute
	at      int64                 // of the current scrape, in ms
	series  map[[2]string]*series // by name and values
}

func newTarget(c catalog, job, instance, node, vantage string, offset time.Duration) *target {
	b := labels.NewBuilder(labels.EmptyLabels()) // which leaves out a label without a value
	l := b.Set("job", job).Set("instance", instance).Set("node", node).Set("vantage", vantage).Labels()
	return &target{catalog: c, offset: offset, labels: l, series: map[[2]string]*series{}}
}

// scrape begins a scrape into m. What the exporter does not send in it becomes stale.
func (t *target) scrape(m *memory, minute time.Time, send func(*target)) {
	if t.memory != m {
		t.memory, t.series = m, map[[2]string]*series{}
	}
	t.at = minute.Add(t.offset).UnixMilli()
	send(t)
	for _, s := range t.series {
		if s.times[len(s.times)-1] < t.at {
			s.stale(t.at)
		}
	}
}

// send sends one value of a metric; values are those of its labels.
func (t *target) send(name string, value float64, values ...string) {
	key := [2]string{name, strings.Join(values, "\xff")}
	s := t.series[key]
	if s == nil {
		names, known := t.catalog[name]
		if !known || len(names) != len(values) {
			panic(fmt.Sprintf("no collector sends %s with %d labels", name, len(values)))
		}
		b := labels.NewBuilder(t.labels).Set(labels.MetricName, name)
		for i, n := range names {
			b.Set(n, values[i])
		}
		s = t.memory.get(b.Labels())
		t.series[key] = s
	}
	s.append(t.at, value)
}

// gauge sends a metric of the exporter without labels; the name is without the prefix.
func (t *target) gauge(name string, value float64) { t.send("raptoreum_"+name, value) }

// flag sends 1 or 0.
func (t *target) flag(name string, value bool) {
	if value {
		t.gauge(name, 1)
	} else {
		t.gauge(name, 0)
	}
}

// enum sends all states, the current one as 1.
func (t *target) enum(name, current string, states ...string) {
	for _, s := range states {
		v := 0.0
		if s == current {
			v = 1
		}
		t.send("raptoreum_"+name, v, s)
	}
}
