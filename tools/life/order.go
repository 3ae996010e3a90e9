package life

import (
	"slices"

	"github.com/prometheus/prometheus/model/labels"
)

// reads reports whether a selector of the rule can select what another rule writes.
func (r *rule) reads(other *rule) bool {
	alert := other.alerts()
	return slices.ContainsFunc(r.query.selectors, func(s selector) bool {
		return !slices.ContainsFunc(s.matchers, func(m *labels.Matcher) bool {
			switch {
			case m.Name == labels.MetricName && alert:
				return !m.Matches("ALERTS") && !m.Matches("ALERTS_FOR_STATE")
			case m.Name == labels.MetricName:
				return !m.Matches(other.Name())
			case m.Name == labels.AlertName && alert:
				return !m.Matches(other.Name())
			}
			return false
		})
	})
}

// inParts returns the rules that can change which alerts fire, in an order in which each part reads only earlier parts
// and itself. A part with several rules is one that has to be evaluated step by step: a rule that reads a later one sees
// its previous result.
func inParts(list []*rule) [][]*rule {
	n := len(list)
	after := make([][]bool, n) // [i][j]: i has to be evaluated after j, or together with it
	for i := range list {
		after[i] = make([]bool, n)
	}
	for i, a := range list {
		for j, b := range list {
			if a.reads(b) {
				after[i][j] = true
				after[j][i] = after[j][i] || j > i
				b.back = b.back || j >= i
			}
		}
	}
	for k := range n {
		for i := range n {
			for j := range n {
				after[i][j] = after[i][j] || after[i][k] && after[k][j]
			}
		}
	}
	var parts [][]*rule
	seen := make([]bool, n)
	var visit func(int)
	visit = func(i int) {
		if seen[i] {
			return
		}
		var part []*rule
		for j := range n {
			if j == i || after[i][j] && after[j][i] {
				seen[j] = true
				part = append(part, list[j])
			}
		}
		for j := range n {
			if after[i][j] {
				visit(j)
			}
		}
		parts = append(parts, part)
	}
	for i, r := range list {
		if r.alerts() {
			visit(i)
		}
	}
	return parts
}
