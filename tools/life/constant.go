package life

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
)

// lookback is the engine's: how old the newest sample of a series without a window may be.
const lookback = 5 * time.Minute

// query is an expression. As long as none of its series changes within its windows, its result is the same. On a quiet
// day that spares most of the work.
type query struct {
	text      string
	selectors []selector
	varies    bool // depends on the time itself

	// For evaluations step by step.
	steady bool // result is of a time without changes
	result promql.Vector
}

// selector is a selector of an expression, with how far it looks back.
type selector struct {
	matchers []*labels.Matcher
	window   time.Duration
}

func newQuery(e parser.Expr) *query {
	q := &query{text: e.String()}
	parser.Inspect(bare(e), func(n parser.Node, path []parser.Node) error {
		switch n := n.(type) {
		case *parser.VectorSelector:
			window := lookback
			if m, ok := parent(path).(*parser.MatrixSelector); ok {
				window = m.Range
			}
			q.selectors = append(q.selectors, selector{n.LabelMatchers, window + n.OriginalOffset})
			q.varies = q.varies || n.Timestamp != nil || n.StartOrEnd != 0 || n.OriginalOffset < 0
		case *parser.SubqueryExpr:
			q.varies = true
		case *parser.Call:
			withTime := []string{"time", "timestamp", "minute", "hour", "day_of_week", "day_of_month", "day_of_year", "days_in_month", "month", "year"}
			q.varies = q.varies || slices.Contains(withTime, n.Func.Name)
		}
		return nil
	})
	return q
}

// parent returns the last node of a path, or nil.
func parent(path []parser.Node) parser.Node {
	if len(path) == 0 {
		return nil
	}
	return path[len(path)-1]
}

// affects returns for how long a change of a series can change the result.
func (s selector) affects() time.Duration { return s.window + 2*interval }

// run is a part of a stretch: steps in which the result may change, then those in which it stays that of step last.
type run struct{ first, last, until int }

// runs cuts a stretch into runs. Each ends where the result stays the same for so long that another query is cheaper.
func (q *query) runs(m *memory, s stretch) []run {
	const query = 8 // in steps
	begins, ends := make([]int, s.count+1), make([]int, s.count+1)
	if q.varies {
		return []run{{0, s.count - 1, s.count - 1}}
	}
	step := func(t int64) int { // the first at or after a time
		return max(0, min(s.count, int((t-s.first.UnixMilli()+interval.Milliseconds()-1)/interval.Milliseconds())))
	}
	for _, x := range q.selectors {
		for _, series := range m.find(x.matchers) {
			since := s.first.Add(-x.affects()).UnixMilli()
			at, _ := slices.BinarySearch(series.changes, since)
			for _, t := range series.changes[at:] {
				begins[step(t)]++
				ends[step(t+x.affects().Milliseconds()+1)]++
			}
		}
	}
	var all []run
	last := run{0, 0, -1} // its result is needed at least in the first step
	open := 0
	for i := range s.count {
		if open += begins[i] - ends[i]; open > 0 || i == 0 {
			if i > last.last+query {
				last.until = i - 1
				all, last = append(all, last), run{i, i, -1}
			}
			last.last = i
			if i+1 < s.count {
				last.last = i + 1 // the first in which it is the same, unless the next one may change it too
			}
		}
	}
	last.until = s.count - 1
	return append(all, last)
}

// changed reports whether any series of the query changed within its windows.
func (q *query) changed(m *memory, now time.Time) bool {
	for _, s := range q.selectors {
		since := now.Add(-s.affects()).UnixMilli()
		if slices.ContainsFunc(m.find(s.matchers), func(s *series) bool {
			at, _ := slices.BinarySearch(s.changes, since)
			return at < len(s.changes) && s.changes[at] <= now.UnixMilli()
		}) {
			return true
		}
	}
	return false
}

// instant returns the result of a query at one time, and keeps it while its series do not change.
func (p *prometheus) instant(ctx context.Context, q *query, now time.Time) (promql.Vector, error) {
	steady := !p.every && !q.varies && !q.changed(p.memory, now)
	if !steady || !q.steady {
		result, err := rules.EngineQueryFunc(p.engine, p.memory)(ctx, q.text, now)
		if err != nil || !steady {
			q.steady = false
			return result, err
		}
		q.result = slices.Clone(result)
	}
	q.steady = true
	copied := slices.Clone(q.result)
	for i := range copied {
		copied[i].T = now.UnixMilli()
	}
	return copied, nil
}

// same reports whether two values are equal, bit by bit.
func same(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }
