package life

import (
	"fmt"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
)

// testSeries is one input series of a test: a value for each minute.
type testSeries struct {
	labels labels.Labels
	values []float64 // value.StaleNaN: stale
	has    []bool
}

// String returns the case in promtool's format, in the style of alerts/tests.
func (c *testCase) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "  # %s\n  - interval: 1m\n    input_series:\n", c.title)
	for _, s := range c.series {
		fmt.Fprintf(&b, "      - {series: '%s', values: '%s'}\n", s.name(), s)
	}
	selector := fmt.Sprintf("ALERTS{alertname=~%q,severity=%q,alertstate=\"firing\"}", strings.Trim(c.alerts.String(), "^$"), c.level)
	want := 0
	if c.fires {
		want = 1
	}
	fmt.Fprintf(&b, "    promql_expr_test:\n      - expr: min(%s) or vector(0)\n        eval_time: %dm\n        exp_samples: [{labels: '{}', value: %d}]\n", selector, c.length, want)
	return b.String()
}

// name returns the series as one writes it.
func (s *testSeries) name() string {
	var pairs []string
	s.labels.Range(func(l labels.Label) {
		if l.Name != labels.MetricName {
			pairs = append(pairs, fmt.Sprintf("%s=%q", l.Name, l.Value))
		}
	})
	return s.labels.Get(labels.MetricName) + "{" + strings.Join(pairs, ",") + "}"
}

// String returns the values in promtool's notation: 1x3 is 1 and three more, _ is nothing.
func (s *testSeries) String() string {
	one := func(i int) string {
		switch {
		case !s.has[i]:
			return "_"
		case value.IsStaleNaN(s.values[i]):
			return "stale"
		}
		return fmt.Sprint(s.values[i])
	}
	var parts []string
	for i := 0; i < len(s.values); {
		text, n := one(i), 1
		for i+n < len(s.values) && one(i+n) == text {
			n++
		}
		switch {
		case n == 1 || text == "stale":
			parts, n = append(parts, text), 1
		case text == "_":
			parts = append(parts, fmt.Sprintf("_x%d", n))
		default:
			parts = append(parts, fmt.Sprintf("%sx%d", text, n-1))
		}
		i += n
	}
	return strings.Join(parts, " ")
}
