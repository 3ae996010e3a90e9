package life

import (
	"context"
	"fmt"
	"maps"
	"math"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/rules"
)

// alert evaluates an alerting rule in each step of a stretch in which that has an effect.
func (p *prometheus) alert(ctx context.Context, r *rule, s stretch) error {
	results := make([]promql.Vector, s.count)
	err := p.results(ctx, r, s, func(metric labels.Labels, step int, points []float64) error {
		for i, v := range points {
			results[step+i] = append(results[step+i], promql.Sample{Metric: metric, T: s.at(step + i).UnixMilli(), F: v})
		}
		return nil
	})
	if err != nil {
		return err
	}
	for step, result := range results {
		if len(result) == 0 && r.idle {
			continue
		}
		if err := p.evalRule(ctx, r, s, step, result); err != nil {
			return err
		}
	}
	return nil
}

// calm evaluates the rules of a part in all steps before the first in which one that matters has a result, and returns how
// many these are. Until then none of them reads anything new of itself or a later one.
func (p *prometheus) calm(ctx context.Context, part []*rule, s stretch) (int, error) {
	before := map[*rule]map[*series]bool{}
	for _, r := range part {
		if s.count == 0 {
			break
		}
		if !r.matters() {
			before[r] = maps.Clone(r.previous)
			if err := p.record(ctx, r, s); err != nil {
				return 0, err
			}
			continue
		}
		r.query.steady = false
		err := p.results(ctx, r, s, func(_ labels.Labels, step int, _ []float64) error {
			s.count = min(s.count, step)
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	for r, previous := range before {
		r.forget(s.first, s.at(s.count), previous)
	}
	return s.count, nil
}

// forget drops what a rule recorded from a time on. It began to record at first, when its previous evaluation had recorded
// what previous says.
func (r *rule) forget(first, from time.Time, previous map[*series]bool) {
	for to := range r.previous {
		to.truncate(from.UnixMilli())
		r.previous[to] = previous[to]
		if n := len(to.times); n > 0 && to.times[n-1] >= first.UnixMilli() {
			_, r.previous[to] = to.last()
		}
	}
}

// row is what a rule records as one series in a stretch.
type row struct {
	values []float64
	has    []bool
}

// record evaluates a recording rule in each step of a stretch. What it does not record any more becomes stale.
func (p *prometheus) record(ctx context.Context, r *rule, s stretch) error {
	rows := map[*series]*row{}
	err := p.results(ctx, r, s, func(metric labels.Labels, step int, points []float64) error {
		p.result = promql.Vector{{Metric: metric}}
		recorded, err := r.Eval(ctx, 0, s.first, p.queryFunc, nil, 0)
		if err != nil {
			return err
		}
		to := p.get(recorded[0].Metric)
		if rows[to] == nil {
			rows[to] = &row{make([]float64, s.count), make([]bool, s.count)}
		}
		for i, v := range points {
			if rows[to].has[step+i] {
				return fmt.Errorf("%s: %w", r.Name(), rules.ErrDuplicateRecordingLabelSet)
			}
			rows[to].values[step+i], rows[to].has[step+i] = v, true
		}
		return nil
	})
	if err != nil {
		return err
	}
	for to, was := range r.previous {
		if rows[to] == nil && was {
			to.append(s.first.UnixMilli(), math.Float64frombits(value.StaleNaN))
			r.previous[to] = false
		}
	}
	for to, row := range rows {
		was := r.previous[to]
		for step, has := range row.has {
			if has {
				to.append(s.at(step).UnixMilli(), row.values[step])
			} else if was {
				to.append(s.at(step).UnixMilli(), math.Float64frombits(value.StaleNaN))
			}
			was = has
		}
		r.previous[to] = was
	}
	return nil
}

// results evaluates the expression of a rule in all steps of a stretch. It calls add for each series that results, with
// the step of its first value. A series with gaps, or one that appears again later, comes in pieces.
func (p *prometheus) results(ctx context.Context, r *rule, s stretch, add func(metric labels.Labels, step int, points []float64) error) error {
	var values []float64
	for _, run := range r.query.runs(p.memory, s) {
		q, err := p.engine.NewRangeQuery(ctx, p.memory, nil, r.query.text, s.at(run.first), s.at(run.last), interval)
		if err != nil {
			return err
		}
		matrix, err := q.Exec(ctx).Matrix()
		if err != nil {
			return fmt.Errorf("%s: %w", r.Name(), err)
		}
		for _, x := range matrix {
			for i := 0; i < len(x.Floats); {
				step := int((x.Floats[i].T - s.first.UnixMilli()) / interval.Milliseconds())
				values = values[:0]
				for ; i < len(x.Floats) && x.Floats[i].T == s.at(step+len(values)).UnixMilli(); i++ {
					values = append(values, x.Floats[i].F)
				}
				for step+len(values) > run.last && step+len(values) <= run.until {
					values = append(values, values[len(values)-1])
				}
				if err := add(x.Metric, step, values); err != nil {
					return err
				}
			}
		}
		q.Close()
	}
	return nil
}
