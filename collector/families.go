package collector

import (
	"cmp"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// families groups samples by metric, sorted as the exposition format requires: by name, then by label
// values. A registry does the same, but its checks cost more than the rest of a scrape. The tests send every
// scenario through a pedantic registry instead.
func families(all samples) []*dto.MetricFamily {
	slices.SortStableFunc(all, func(a, b sample) int {
		if a.metric != b.metric {
			return cmp.Compare(a.Name, b.Name)
		}
		for _, i := range a.sorted {
			if c := cmp.Compare(a.labels[i], b.labels[i]); c != 0 {
				return c
			}
		}
		return 0
	})
	// One allocation per kind, because a scrape has two hundred samples.
	metrics, gauges, counters := make([]dto.Metric, len(all)), make([]dto.Gauge, len(all)), make([]dto.Counter, len(all))
	var result []*dto.MetricFamily
	for i := range all {
		s := &all[i]
		if i == 0 || all[i-1].metric != s.metric {
			result = append(result, s.family())
		}
		metrics[i].Label = s.pairs()
		if s.kind == prometheus.CounterValue {
			counters[i].Value = &s.value
			metrics[i].Counter = &counters[i]
		} else {
			gauges[i].Value = &s.value
			metrics[i].Gauge = &gauges[i]
		}
		last := result[len(result)-1]
		last.Metric = append(last.Metric, &metrics[i])
	}
	return result
}

func (m *metric) family() *dto.MetricFamily {
	kind := dto.MetricType_GAUGE
	if m.kind == prometheus.CounterValue {
		kind = dto.MetricType_COUNTER
	}
	return &dto.MetricFamily{Name: &m.Name, Help: &m.Help, Type: &kind}
}

func (s *sample) pairs() []*dto.LabelPair {
	if len(s.sorted) == 0 {
		return nil
	}
	pairs, list := make([]dto.LabelPair, len(s.sorted)), make([]*dto.LabelPair, len(s.sorted))
	for to, from := range s.sorted {
		pairs[to].Name, pairs[to].Value = &s.Labels[from], &s.labels[from]
		list[to] = &pairs[to]
	}
	return list
}
