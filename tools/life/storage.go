package life

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sort"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/util/annotations"
)

// retention is how long samples are kept. The longest window of the rules is a day, and the samples of a stretch are
// there before its first minute is evaluated.
const retention = 25*time.Hour + ahead*interval

// series is one time series.
type series struct {
	labels  labels.Labels
	times   []int64 // ms
	values  []float64
	changes []int64 // times of the samples that differ from the one before, or do not follow it after an interval
}

// append adds a sample and drops those that are too old, a quarter of the storage at a time.
func (s *series) append(t int64, v float64) {
	n := len(s.times)
	if n > 0 && s.times[n-1] >= t {
		panic(fmt.Sprintf("a sample of %s is out of order", s.labels))
	}
	if n == 0 || !same(s.values[n-1], v) || t-s.times[n-1] != interval.Milliseconds() {
		s.changes = append(s.changes, t)
	}
	if n == cap(s.times) {
		oldest := t - retention.Milliseconds()
		old, _ := slices.BinarySearch(s.times, oldest)
		s.times = slices.Delete(s.times, 0, old)
		s.values = slices.Delete(s.values, 0, old)
		old, _ = slices.BinarySearch(s.changes, oldest)
		s.changes = slices.Delete(s.changes, 0, old)
	}
	s.times, s.values = append(s.times, t), append(s.values, v)
}

// truncate drops the samples from a time on.
func (s *series) truncate(from int64) {
	n, _ := slices.BinarySearch(s.times, from)
	s.times, s.values = s.times[:n], s.values[:n]
	n, _ = slices.BinarySearch(s.changes, from)
	s.changes = s.changes[:n]
}

// last returns the newest value, or false if there is none or it is a staleness marker.
func (s *series) last() (float64, bool) {
	n := len(s.values)
	if n == 0 || value.IsStaleNaN(s.values[n-1]) {
		return 0, false
	}
	return s.values[n-1], true
}

// memory is the storage of one Prometheus: it keeps series in memory and answers the engine's selects. Prometheus' own
// TSDB gives the same answers, a hundred times slower for so few series.
type memory struct {
	byName  map[string][]*series
	byHash  map[uint64][]*series
	selects map[*labels.Matcher]*selected // by the first matcher, because expressions are parsed once
}

// selected is the cached answer of a selector. It is valid while the number of series of that name is the same.
type selected struct {
	of     int
	series []*series
}

func newMemory() *memory {
	return &memory{map[string][]*series{}, map[uint64][]*series{}, map[*labels.Matcher]*selected{}}
}

// get returns the series with these labels, and creates it if there is none.
func (m *memory) get(l labels.Labels) *series {
	hash := l.Hash()
	for _, s := range m.byHash[hash] {
		if labels.Equal(s.labels, l) {
			return s
		}
	}
	s := &series{labels: l}
	name := l.Get(labels.MetricName)
	m.byHash[hash] = append(m.byHash[hash], s)
	m.byName[name] = append(m.byName[name], s)
	return s
}

// stale ends a series, as a scrape does that does not find it any more.
func (s *series) stale(t int64) {
	if _, ok := s.last(); ok {
		s.append(t, math.Float64frombits(value.StaleNaN))
	}
}

// find returns the series that match. The result is shared.
func (m *memory) find(matchers []*labels.Matcher) []*series {
	var name string
	for _, x := range matchers {
		if x.Name == labels.MetricName && x.Type == labels.MatchEqual {
			name = x.Value
		}
	}
	candidates := m.byName[name]
	if name == "" {
		for _, list := range m.byName {
			candidates = append(candidates, list...)
		}
	}
	if cached := m.selects[matchers[0]]; cached != nil && cached.of == len(candidates) {
		return cached.series
	}
	found := &selected{of: len(candidates)}
	for _, s := range candidates {
		if !slices.ContainsFunc(matchers, func(x *labels.Matcher) bool { return !x.Matches(s.labels.Get(x.Name)) }) {
			found.series = append(found.series, s)
		}
	}
	m.selects[matchers[0]] = found
	return found.series
}

// Querier implements storage.Queryable.
func (m *memory) Querier(from, to int64) (storage.Querier, error) {
	return &querier{m, from, to}, nil
}

type querier struct {
	*memory
	from, to int64
}

// Select implements storage.Querier.
func (q *querier) Select(_ context.Context, sorted bool, hints *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	from, to := q.from, q.to
	if hints != nil {
		from, to = hints.Start, hints.End
	}
	set := &seriesSet{at: -1}
	for _, s := range q.find(matchers) {
		first := sort.Search(len(s.times), func(i int) bool { return s.times[i] >= from })
		last := first + sort.Search(len(s.times)-first, func(i int) bool { return s.times[first+i] > to })
		if first < last {
			set.list = append(set.list, &window{s.labels, s.times[first:last], s.values[first:last]})
		}
	}
	if sorted {
		slices.SortFunc(set.list, func(a, b *window) int { return labels.Compare(a.labels, b.labels) })
	}
	return set
}

func (q *querier) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (q *querier) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (q *querier) Close() error { return nil }

type seriesSet struct {
	list []*window
	at   int
}

func (s *seriesSet) Next() bool                        { s.at++; return s.at < len(s.list) }
func (s *seriesSet) At() storage.Series                { return s.list[s.at] }
func (s *seriesSet) Err() error                        { return nil }
func (s *seriesSet) Warnings() annotations.Annotations { return nil }

// window is the part of a series that a query selected.
type window struct {
	labels labels.Labels
	times  []int64
	values []float64
}

func (w *window) Labels() labels.Labels { return w.labels }

func (w *window) Iterator(reuse chunkenc.Iterator) chunkenc.Iterator {
	if i, ok := reuse.(*iterator); ok {
		i.window, i.at = w, -1
		return i
	}
	return &iterator{w, -1}
}

type iterator struct {
	*window
	at int
}

func (i *iterator) state() chunkenc.ValueType {
	if i.at < len(i.times) {
		return chunkenc.ValFloat
	}
	return chunkenc.ValNone
}

func (i *iterator) Next() chunkenc.ValueType { i.at++; return i.state() }

func (i *iterator) Seek(t int64) chunkenc.ValueType {
	i.at = max(i.at, 0)
	for i.at < len(i.times) && i.times[i.at] < t {
		i.at++
	}
	return i.state()
}

func (i *iterator) At() (int64, float64) { return i.times[i.at], i.values[i.at] }
func (i *iterator) AtT() int64           { return i.times[i.at] }
func (i *iterator) AtST() int64          { return 0 }
func (i *iterator) Err() error           { return nil }

func (i *iterator) AtHistogram(*histogram.Histogram) (int64, *histogram.Histogram) { return 0, nil }

func (i *iterator) AtFloatHistogram(*histogram.FloatHistogram) (int64, *histogram.FloatHistogram) {
	return 0, nil
}

// Appender implements storage.Appendable, for the results of rules.
func (m *memory) Appender(context.Context) storage.Appender { return &appender{memory: m} }

// appender writes at once. Rules call no other methods than these.
type appender struct {
	storage.Appender
	memory *memory
}

func (a *appender) Append(_ storage.SeriesRef, l labels.Labels, t int64, v float64) (storage.SeriesRef, error) {
	a.memory.get(l).append(t, v)
	return 0, nil
}

func (a *appender) SetOptions(*storage.AppendOptions) {}
func (a *appender) Commit() error                     { return nil }
func (a *appender) Rollback() error                   { return nil }
