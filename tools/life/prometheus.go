package life

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
)

// interval is the scrape interval and the evaluation interval.
const interval = time.Minute

// prometheus evaluates the rules over a memory, with Prometheus' own engine, rules and rule groups. It does so for many
// minutes at a time: each rule for all of them before the next rule. Each sees what it would see one minute at a time.
type prometheus struct {
	*memory
	file   string
	engine *promql.Engine
	parser *cachedParser
	rules  []*rule   // in the order of the file
	parts  [][]*rule // those that are needed, in an order in which each part reads only earlier ones and itself
	every  bool      // see Config
	evals  int       // since the start

	// Of the evaluation that is going on.
	rule   *rule
	result promql.Vector // of its expression
	step   int
	sent   [][]notification // by step
}

// rule is a rule in a group of its own.
type rule struct {
	rules.Rule
	group    *rules.Group
	index    int // in the file
	query    *query
	labels   map[string]string // of its alerts
	idle     bool              // its evaluation has no effect as long as its expression has no result
	back     bool              // the rule itself or an earlier one reads it
	previous map[*series]bool  // what it has recorded: whether the last evaluation did
}

// alerts reports whether it is an alerting rule.
func (r *rule) alerts() bool {
	_, ok := r.Rule.(*rules.AlertingRule)
	return ok
}

// matters reports whether a result of the rule can change one of an earlier rule, or which alerts are active.
func (r *rule) matters() bool { return r.back || r.alerts() }

// notification is what Prometheus sends to Alertmanager for one rule.
type notification struct {
	index  int // of the rule
	alerts []*rules.Alert
}

// startPrometheus loads the rules. A memory of an earlier one is its history.
func startPrometheus(file string, history *memory, every bool) (*prometheus, error) {
	cached := &cachedParser{Parser: parser.NewParser(parser.Options{}), expressions: map[string]parser.Expr{}}
	p := &prometheus{memory: history, file: file, every: every, parser: cached, engine: promql.NewEngine(promql.EngineOpts{
		MaxSamples: 50e6, Timeout: time.Hour, EnableAtModifier: true, EnableNegativeOffset: true, Parser: cached,
	})}
	return p, p.restart(history)
}

// restart forgets all alerts. They are restored from the history as Prometheus does, after two evaluations.
func (p *prometheus) restart(history *memory) error {
	p.memory, p.evals = history, 0
	loader := &loader{parser: p.parser}
	manager := rules.NewManager(&rules.ManagerOptions{
		ExternalURL: &url.URL{}, QueryFunc: p.queryFunc, NotifyFunc: p.notify, Context: context.Background(),
		Appendable: p.memory, Queryable: p.memory, Parser: p.parser, GroupLoader: loader, Metrics: rules.NewGroupMetrics(nil),
		OutageTolerance: time.Hour, ForGracePeriod: 10 * time.Minute, ResendDelay: 59 * time.Second, // so that it is each minute; Prometheus sends again after 75 s
		RuleDependencyController: independent{},
	})
	loaded, errs := manager.LoadGroups(interval, labels.EmptyLabels(), "", nil, false, p.file)
	if len(errs) > 0 {
		return fmt.Errorf("%s: %w", p.file, errs[0])
	}
	p.rules = nil
	for _, g := range loaded {
		r := &rule{Rule: g.Rules()[0], group: g, previous: map[*series]bool{}}
		if _, err := fmt.Sscan(g.Name(), &r.index); err != nil {
			return err
		}
		r.query, r.labels = newQuery(r.Query()), loader.labels[r.index]
		p.rules = append(p.rules, r)
	}
	slices.SortFunc(p.rules, func(a, b *rule) int { return a.index - b.index })
	if p.parts = [][]*rule{p.rules}; !p.every {
		p.parts = inParts(p.rules)
	}
	return nil
}

// queryFunc is what the rules ask for the result of their expression. They ask nothing else, without annotations.
func (p *prometheus) queryFunc(context.Context, string, time.Time) (promql.Vector, error) {
	return p.result, nil
}

func (p *prometheus) notify(_ context.Context, _ string, alerts ...*rules.Alert) {
	if len(alerts) > 0 {
		p.sent[p.step] = append(p.sent[p.step], notification{p.rule.index, alerts})
	}
}

// stretch is a number of evaluations, an interval apart.
type stretch struct {
	first time.Time
	count int
}

func (s stretch) at(step int) time.Time { return s.first.Add(time.Duration(step) * interval) }

// eval evaluates all rules in each step of a stretch, and returns what they send in each.
func (p *prometheus) eval(ctx context.Context, s stretch) ([][]notification, error) {
	sent := make([][]notification, 0, s.count)
	for len(sent) < s.count {
		now := stretch{s.at(len(sent)), s.count - len(sent)}
		if p.evals < 2 {
			now.count = min(now.count, 2-p.evals)
		}
		p.sent = make([][]notification, now.count)
		for _, part := range p.parts {
			if err := p.evalPart(ctx, part, now); err != nil {
				return nil, err
			}
		}
		if p.evals += now.count; p.evals == 2 {
			for _, r := range p.rules {
				r.group.RestoreForState(now.at(now.count - 1))
			}
		}
		for _, list := range p.sent {
			slices.SortStableFunc(list, func(a, b notification) int { return cmp.Compare(a.index, b.index) })
		}
		sent = append(sent, p.sent...)
	}
	return sent, nil
}

// evalPart evaluates a rule in all steps at once, or rules that read each other's last results: all steps in which those
// that matter have none, and the others one by one.
func (p *prometheus) evalPart(ctx context.Context, part []*rule, s stretch) error {
	if len(part) == 1 && !part[0].reads(part[0]) && !p.every {
		if part[0].alerts() {
			return p.alert(ctx, part[0], s)
		}
		return p.record(ctx, part[0], s)
	}
	for step := 0; step < s.count; step++ {
		if !p.every && !slices.ContainsFunc(part, func(r *rule) bool { return r.matters() && !r.idle }) {
			n, err := p.calm(ctx, part, stretch{s.at(step), s.count - step})
			if err != nil {
				return err
			}
			if step += n; step == s.count {
				break
			}
		}
		for _, r := range part {
			if err := p.evalStep(ctx, r, s, step); err != nil {
				return err
			}
		}
	}
	return nil
}

// evalStep evaluates a rule in one step.
func (p *prometheus) evalStep(ctx context.Context, r *rule, s stretch, step int) error {
	if !r.matters() && !p.every {
		return p.record(ctx, r, stretch{s.at(step), 1})
	}
	result, err := p.instant(ctx, r.query, s.at(step))
	if err != nil {
		return err
	}
	return p.evalRule(ctx, r, s, step, result)
}

// evalRule lets Prometheus do what follows from the result of a rule's expression.
func (p *prometheus) evalRule(ctx context.Context, r *rule, s stretch, step int, result promql.Vector) error {
	for i := range result {
		if b := labels.NewBuilder(result[i].Metric); len(r.labels) > 0 {
			for name, value := range r.labels {
				b.Set(name, value)
			}
			result[i].Metric = b.Labels()
		}
	}
	p.rule, p.step, p.result = r, step, result
	r.group.Eval(ctx, s.at(step))
	r.idle = len(result) == 0
	if alerting, ok := r.Rule.(*rules.AlertingRule); ok && alerting.ActiveAlertsCount() > 0 {
		r.idle = false
	}
	if err := r.LastError(); err != nil {
		return fmt.Errorf("%s: %w", r.Name(), err)
	}
	return nil
}

// independent leaves out the analysis of dependencies, which is needed only for concurrent evaluation.
type independent struct{}

func (independent) AnalyseRules([]rules.Rule) {}

// loader loads each rule into a group of its own, whose name is the rule's position. Annotations stay out: they are
// the text of messages, and nobody reads them here. So do labels of alerts, which Prometheus expands as templates in each
// evaluation: where they are plain text, the result of the expression gets them.
type loader struct {
	parser *cachedParser
	labels []map[string]string // by position
}

func (l *loader) Load(file string, ignoreUnknown bool, scheme model.ValidationScheme) (*rulefmt.RuleGroups, []error) {
	loaded, errs := rulefmt.ParseFile(file, ignoreUnknown, scheme, l.parser, slog.New(slog.DiscardHandler))
	if len(errs) > 0 {
		return nil, errs
	}
	single := &rulefmt.RuleGroups{}
	for _, g := range loaded.Groups {
		for _, r := range g.Rules {
			r.Annotations = nil
			plain := r.Alert != "" && !strings.Contains(fmt.Sprint(r.Labels), "{{")
			if l.labels = append(l.labels, nil); plain {
				l.labels[len(l.labels)-1], r.Labels = r.Labels, nil
			}
			one := g
			one.Name, one.Rules = fmt.Sprint(len(single.Groups)), []rulefmt.Rule{r}
			single.Groups = append(single.Groups, one)
		}
	}
	return single, nil
}

func (l *loader) Parse(text string) (parser.Expr, error) {
	e, err := l.parser.ParseExpr(text)
	if err != nil {
		return nil, err
	}
	return &printed{e, e.String()}, nil
}
