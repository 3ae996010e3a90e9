package life

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// sums are the numbers that have goals.
type sums struct {
	missed, falseCriticals, late int
	slow                         int     // outages told later than their limit, and kinds of outages with a higher median
	warnings                     float64 // per month of a healthy node, at the rate of life
	messages, alerts             float64 // per outage: messages with different alerts, and different alerts in them
}

// within compares them with their limits.
func (s sums) within(max sums) bool {
	return s.missed <= max.missed && s.falseCriticals <= max.falseCriticals && s.late <= max.late && s.slow <= max.slow &&
		s.warnings <= max.warnings && s.messages <= max.messages && s.alerts <= max.alerts
}

func (s sums) String() string {
	return fmt.Sprintf("%d outages missed, %d false critical messages, %d ends late, %d slow messages, %.2f warnings per month on a healthy node, %.2f messages and %.2f alerts per outage",
		s.missed, s.falseCriticals, s.late, s.slow, s.warnings, s.messages, s.alerts)
}

// required returns the index of the severity that the owner must get.
func (c *condition) required() int {
	if c.must == "critical" {
		return 1
	}
	return 0
}

// missed reports whether no message of the required severity told it.
func (e *episode) missed() bool { return e.told[e.required()].at.IsZero() }

// slow returns what was told later than its limit.
func (e *episode) slow() (list []string) {
	for i, what := range []string{"first message", "critical"} {
		max, told := e.limits[i].max, e.told[i]
		if max > 0 && told.after > time.Duration(max)*time.Minute {
			list = append(list, fmt.Sprintf("%s: %s after %.1f min, limit %d", e.name, what, told.after.Minutes(), max))
		}
	}
	return list
}

// slowKinds returns the kinds of outages whose median is above its limit. A median of fewer than three says nothing.
func (r *report) slowKinds() (list []string) {
	for _, name := range slices.Sorted(maps.Keys(r.outages)) {
		t := r.outages[name]
		for i, what := range []string{"first message", "critical"} {
			limit, times := t.limits[i].median, [][]time.Duration{t.first, t.critical}[i]
			if limit == 0 || len(times) < 3 {
				continue
			}
			if m := quantile(times, 0.5); m > time.Duration(limit)*time.Minute {
				list = append(list, fmt.Sprintf("%s: median of the %s %.1f min, limit %d", name, what, m.Minutes(), limit))
			}
		}
	}
	return list
}

// sums returns them. Where events happen more often than in life, so do warnings, and they are divided by the rate.
func (r *report) sums() (s sums) {
	messages, alerts, told := 0, 0, 0
	for _, t := range r.outages {
		s.missed, s.late, s.slow = s.missed+t.missed, s.late+t.late+t.noEnd, s.slow+t.slow
		messages, alerts, told = messages+t.messages, alerts+t.alerts, told+t.told
	}
	s.slow += len(r.slowKinds())
	s.messages, s.alerts = float64(messages)/float64(max(1, told)), float64(alerts)/float64(max(1, told))
	for k, w := range r.wrong {
		if strings.HasPrefix(k, "critical") {
			s.falseCriticals += w.over + w.never
		}
	}
	for k, n := range r.healthy {
		if strings.HasPrefix(k, "warning") {
			s.warnings += float64(n)
		}
	}
	s.warnings *= month / float64(max(1, r.calm)) / r.rate
	return s
}

// printSlow prints what was told later than its limit.
func (r *report) printSlow(out io.Writer) {
	list := append(r.slowKinds(), slices.Sorted(slices.Values(r.slow))...)
	if len(list) > 0 {
		fmt.Fprintln(out, "\nMissed, or told later than its limit:")
	}
	for _, what := range list {
		fmt.Fprintf(out, "      %s\n", what)
	}
}
