package collector

import (
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// Declared is a prometheus.Collector of gathered families with the declared descriptions. A pedantic registry
// compares the two and finds duplicates, which a scrape does not spend time on.
type Declared struct {
	Metrics  []Metric
	Families []*dto.MetricFamily
}

// Describe implements prometheus.Collector.
func (d Declared) Describe(ch chan<- *prometheus.Desc) {
	for _, m := range d.Metrics {
		ch <- desc(m)
	}
}

// Collect implements prometheus.Collector.
func (d Declared) Collect(ch chan<- prometheus.Metric) {
	for _, family := range d.Families {
		for _, m := range d.Metrics {
			if m.Name == family.GetName() {
				for _, metric := range family.GetMetric() {
					ch <- gathered{desc(m), metric}
				}
			}
		}
	}
}

// gathered is a metric as it was gathered.
type gathered struct {
	desc   *prometheus.Desc
	metric *dto.Metric
}

// Desc implements prometheus.Metric.
func (g gathered) Desc() *prometheus.Desc { return g.desc }

// Write implements prometheus.Metric.
func (g gathered) Write(into *dto.Metric) error {
	into.Label, into.Gauge, into.Counter = g.metric.GetLabel(), g.metric.GetGauge(), g.metric.GetCounter()
	return nil
}

func desc(m Metric) *prometheus.Desc { return prometheus.NewDesc(m.Name, m.Help, m.Labels, nil) }
