package judge

import (
	"time"

	dto "github.com/prometheus/client_model/go"
)

// Values are gathered metrics, by name without "raptoreum_".
type Values struct{ facts *facts }

// NewValues returns the values of families that were gathered at a time.
func NewValues(families []*dto.MetricFamily, at time.Time) Values {
	return Values{&facts{Input{Families: families, At: at}}}
}

// Get returns the value of a metric: of the sample with this label (name, value), or of the first one.
func (v Values) Get(metric string, label ...string) (value float64, known bool) {
	return v.facts.value(metric, label...)
}

// Max returns the highest value of the samples of a metric.
func (v Values) Max(metric string) (value float64, known bool) { return v.facts.highest(metric) }

// Is reports whether a metric is known to have this value.
func (v Values) Is(want float64, metric string) bool { return v.facts.is(want, metric) }

// State returns the value of a label of the sample that is 1; empty: unknown.
func (v Values) State(metric, label string) string { return v.facts.state(metric, label) }

// Ready reports whether raptoreumd is ready.
func (v Values) Ready() bool { return v.facts.ready() }

// Unanswered reports whether a longer wait may show that raptoreumd is slow: it has not answered, or no late answer to a
// call that takes its main lock is known.
func (v Values) Unanswered() bool {
	return (v.facts.slow() || v.facts.is(1, "daemon_state", "state", "hung")) && !v.facts.answers()
}
