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

// query is an expression with its result at a time when none of its series changed within its windows. As long as
// none changes, the result is the same. On a quiet day that spares most of the work.
type query struct {
	selectors []selector
	varies    bool // depends on the time itself
	steady    bool // result is of a time without changes
	result    promql.Vector
}

// selector is a selector of an expression, with how far it looks back.
type selector struct {
	matchers []*labels.Matcher
	window   time.Duration
}

func newQuery(e parser.Expr) *query {
	q := &query{}
	parser.Inspect(e, func(n parser.Node, path []parser.Node) error {
		switch n := n.(type) {
		case *parser.VectorSelector:
			window := lookback
			if m, ok := parent(path).(*parser.MatrixSelector); ok {
				window = m.Range
			}
			q.selectors = append(q.selectors, selector{n.LabelMatchers, window})
			q.varies = q.varies || n.Timestamp != nil || n.StartOrEnd != 0 || n.OriginalOffset != 0
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

// changed reports whether any series of the query changed within its windows.
func (q *query) changed(m *memory, now time.Time) bool {
	for _, s := range q.selectors {
		since := now.Add(-s.window - 2*interval).UnixMilli()
		if slices.ContainsFunc(m.find(s.matchers), func(s *series) bool { return s.changed >= since }) {
			return true
		}
	}
	return false
}

// queryFunc is rules.EngineQueryFunc, but keeps the results of expressions whose series do not change.
func (p *prometheus) queryFunc() rules.QueryFunc {
	exec, queries := rules.EngineQueryFunc(p.engine, p.memory), map[string]*query{}
	return func(ctx context.Context, text string, now time.Time) (promql.Vector, error) {
		q := queries[text]
		if q == nil {
			e, err := p.parser.ParseExpr(text)
			if err != nil {
				return nil, err
			}
			q = newQuery(e)
			queries[text] = q
		}
		steady := !p.every && !q.varies && !q.changed(p.memory, now)
		if !steady || !q.steady {
			result, err := exec(ctx, text, now)
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
}

// same reports whether two values are equal, bit by bit.
func same(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }
