package collector

import (
	"cmp"
	"slices"

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
	var result []*dto.MetricFamily
	pairs := labelPairs(all)
	// One allocation for all of a kind: a scrape has two hundred samples.
	metrics, list := make([]dto.Metric, len(all)), make([]*dto.Metric, len(all))
	gauges := make([]dto.Gauge, len(all)) // counters are few

	first := 0 // sample of the current metric
	for i := range all {
		s := &all[i]
		list[i] = &metrics[i]
		if n := len(s.sorted); n > 0 {
			metrics[i].Label, pairs = pairs[:n:n], pairs[n:]
		}
		if s.kind == dto.MetricType_COUNTER {
			metrics[i].Counter = &dto.Counter{Value: &s.value}
		} else {
			gauges[i].Value = &s.value
			metrics[i].Gauge = &gauges[i]
		}
		if i+1 == len(all) || all[i+1].metric != s.metric {
			result = append(result, &dto.MetricFamily{Name: &s.Name, Help: &s.Help, Type: &s.kind, Metric: list[first : i+1]})
			first = i + 1
		}
	}
	return result
}

// labelPairs returns the labels of all samples, one after the other.
func labelPairs(all samples) []*dto.LabelPair {
	count := 0
	for i := range all {
		count += len(all[i].sorted)
	}
	pairs, list := make([]dto.LabelPair, count), make([]*dto.LabelPair, count)
	at := 0
	for i := range all {
		s := &all[i]
		for _, from := range s.sorted {
			pairs[at].Name, pairs[at].Value = &s.Labels[from], &s.labels[from]
			list[at] = &pairs[at]
			at++
		}
	}
	return list
}
