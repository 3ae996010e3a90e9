package life

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql/parser"
)

// slack is by how many minutes the end of a case may differ from when it happened, because all samples and evaluations
// of a minute move to its beginning.
const slack = 6

// before is how much of the past a case has. It has to cover the windows of most rules.
const before = 90

// cases turns the first problems into tests for promtool, as small as they get.
type cases struct {
	config Config
	limit  int

	mu    sync.Mutex
	texts []string
	kinds map[string]bool
}

// add shrinks a problem, unless there was one of its kind.
func (c *cases) add(p *problem, m *memory) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.texts) >= c.limit || c.kinds[p.kind()] {
		return
	}
	if c.kinds == nil {
		c.kinds = map[string]bool{}
	}
	c.kinds[p.kind()] = true
	x, err := newCase(c.config.Rules, p, m)
	if err == nil {
		err = x.shrink()
	}
	if err != nil {
		c.texts = append(c.texts, fmt.Sprintf("  # %s: %s\n", p.kind(), err))
		return
	}
	c.texts = append(c.texts, x.String())
}

func (c *cases) print(out io.Writer) {
	for _, text := range c.texts {
		fmt.Fprintf(out, "\n%s", text)
	}
}

func (p *problem) kind() string {
	if p.missed != nil {
		return "missed: " + p.missed.name
	}
	l := p.verdict.alert.Labels
	return strings.TrimSuffix(fmt.Sprintf("false: %s (%s), over: %s", l["alertname"], l["severity"], p.verdict.over), ", over: ")
}

// testCase is a problem as a test: series of one value a minute from minute 0, and alerts that should fire or should not.
type testCase struct {
	title  string
	rules  *prometheus
	series []*testSeries
	length int            // minutes
	begin  int            // the minute at which what happened began; the minutes after it stay
	alerts *regexp.Regexp // names
	node   string
	level  string // severity
	fires  bool   // at the end some alert should fire, and none does; otherwise none should, and one does
}

// newCase cuts the series around a problem out of a storage.
func newCase(file string, p *problem, m *memory) (*testCase, error) {
	c := &testCase{title: p.kind(), fires: p.missed != nil}
	var end time.Time
	if e := p.missed; e != nil {
		end, c.node, c.level = e.due, e.node, e.must
		names := e.tells.critical
		if e.must == "warning" {
			names = strings.Trim(names+"|"+e.tells.warning, "|")
		}
		c.alerts = regexp.MustCompile("^" + prefix + "(" + names + ")$")
	} else {
		l := p.verdict.alert.Labels
		end, c.node, c.level = p.verdict.at, string(l["node"]), string(l["severity"])
		c.alerts = regexp.MustCompile("^" + string(l["alertname"]) + "$")
	}
	var err error
	if c.rules, err = startPrometheus(file, newMemory(), false); err != nil {
		return nil, err
	}
	start := end.Truncate(time.Minute).Add(-before * time.Minute)
	c.length = before + slack/2
	if v := p.verdict; v != nil {
		c.begin = max(0, int(v.since.Sub(start)/time.Minute))
	}
	names := c.rules.names(c.alerts)
	for _, name := range stays() {
		names[name] = true
	}
	for _, list := range m.byHash {
		for _, s := range list {
			l := s.labels
			if names[l.Get(labels.MetricName)] && (c.node == "" || c.node == l.Get("node")) {
				c.cut(s, start)
			}
		}
	}
	slices.SortFunc(c.series, func(a, b *testSeries) int { return labels.Compare(a.labels, b.labels) })
	return c, nil
}

// stays are the series that a case keeps, because they show what the owner knew. Without them the smallest series that
// make an alert fire are those of an outage, about which it is right.
func stays() []string { return []string{"up", "raptoreum_up", "raptoreum_daemon_state"} }

// cut adds the part of a series from start on, with times relative to it.
func (c *testCase) cut(s *series, start time.Time) {
	t := &testSeries{labels: s.labels, values: make([]float64, c.length+1), has: make([]bool, c.length+1)}
	any := false
	for i, at := range s.times {
		minute := int(time.UnixMilli(at).Sub(start) / time.Minute)
		if at < start.UnixMilli() || minute > c.length {
			continue
		}
		v := s.values[i]
		if v > 9e8 && strings.Contains(s.labels.Get(labels.MetricName), "time") {
			v = float64(int64(v - float64(start.Unix()))) // promtool begins in 1970
		}
		t.values[minute], t.has[minute] = v, true
		any = any || !value.IsStaleNaN(v)
	}
	if any && (s.labels.Get("state") == "" || slices.Contains(t.values, 1)) {
		c.series = append(c.series, t)
	}
}

// names returns the names of all series that the alerts depend on, through recorded ones too.
func (p *prometheus) names(alerts *regexp.Regexp) map[string]bool {
	names := map[string]bool{}
	var visit func(parser.Expr)
	visit = func(e parser.Expr) {
		for _, selectors := range parser.ExtractSelectors(e) {
			for _, m := range selectors {
				if m.Name == labels.MetricName && !names[m.Value] {
					names[m.Value] = true
					for _, r := range p.rules {
						if r.Name() == m.Value {
							visit(bare(r.Query()))
						}
					}
				}
			}
		}
	}
	for _, r := range p.rules {
		if alerts.MatchString(r.Name()) {
			visit(bare(r.Query()))
		}
	}
	maps.DeleteFunc(names, func(name string, _ bool) bool { return name == "ALERTS" || strings.Contains(name, ":") })
	return names
}

// bare returns an expression without our wrapper.
func bare(e parser.Expr) parser.Expr {
	if p, ok := e.(*printed); ok {
		return p.Expr
	}
	return e
}

// holds reports whether the problem shows with these series from a minute on.
func (c *testCase) holds(list []*testSeries, from int) (bool, error) {
	m := newMemory()
	if err := c.rules.restart(m); err != nil {
		return false, err
	}
	at := func(minute int) time.Time { return time.Unix(int64(60*minute), 0) }
	for minute := range c.length + 1 {
		for _, s := range list {
			if minute >= from && s.has[minute] {
				m.get(s.labels).append(at(minute).UnixMilli(), s.values[minute])
			}
		}
	}
	if _, err := c.rules.eval(context.Background(), stretch{at(0), c.length + 1}); err != nil {
		return false, err
	}
	fires := false
	for _, s := range m.byName["ALERTS"] {
		v, ok := s.last()
		firing := ok && v == 1 && s.labels.Get("alertstate") == "firing"
		if firing && c.alerts.MatchString(s.labels.Get("alertname")) && s.labels.Get("severity") == c.level {
			fires = fires || c.node == "" || s.labels.Get("node") == "" || s.labels.Get("node") == c.node
		}
	}
	return fires != c.fires, nil
}

// shrink leaves out series and minutes as long as the problem still shows. The series of a missed outage stay, because
// without any series nothing fires.
func (c *testCase) shrink() error {
	if len(c.series) == 0 {
		return errors.New("no rule reports it")
	}
	ok, err := c.holds(c.series, 0)
	for n := 0; err == nil && !ok && n < slack && !c.fires; n++ {
		c.length--
		ok, err = c.holds(c.series, 0)
	}
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("does not show with one sample a minute and %d minutes of history", before)
	}
	if c.fires {
		return nil
	}
	for i := len(c.series) - 1; i >= 0; i-- {
		if slices.Contains(stays(), c.series[i].labels.Get(labels.MetricName)) {
			continue
		}
		fewer := slices.Delete(slices.Clone(c.series), i, i+1)
		if ok, err := c.holds(fewer, 0); err != nil {
			return err
		} else if ok {
			c.series = fewer
		}
	}
	from := 0
	for step := before / 2; step > 0; step /= 2 {
		if from+step > c.begin {
			continue
		}
		if ok, err := c.holds(c.series, from+step); err != nil {
			return err
		} else if ok {
			from += step
		}
	}
	for _, s := range c.series {
		clear(s.has[:from])
	}
	return nil
}
