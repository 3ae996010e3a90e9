package life

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"reflect"
	"slices"
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

// prometheus evaluates the rules over a memory, with Prometheus' own engine and rule groups.
type prometheus struct {
	*memory
	file   string
	notify rules.NotifyFunc
	engine *promql.Engine
	parser *cachedParser
	groups []*rules.Group
	every  bool // see Config
	evals  int  // since the start
}

// startPrometheus loads the rules. A memory of an earlier one is its history.
func startPrometheus(file string, history *memory, every bool, notify rules.NotifyFunc) (*prometheus, error) {
	cached := &cachedParser{Parser: parser.NewParser(parser.Options{}), expressions: map[string]parser.Expr{}}
	p := &prometheus{memory: history, file: file, every: every, notify: notify, parser: cached, engine: promql.NewEngine(promql.EngineOpts{
		MaxSamples: 50e6, Timeout: time.Hour, EnableAtModifier: true, EnableNegativeOffset: true, Parser: cached,
	})}
	return p, p.restart(history)
}

// restart forgets all alerts. They are restored from the history as Prometheus does, after two evaluations.
func (p *prometheus) restart(history *memory) error {
	p.memory, p.evals = history, 0
	manager := rules.NewManager(&rules.ManagerOptions{
		ExternalURL: &url.URL{}, QueryFunc: p.queryFunc(), NotifyFunc: p.notify, Context: context.Background(),
		Appendable: p.memory, Queryable: p.memory, Parser: p.parser, GroupLoader: &loader{p.parser},
		OutageTolerance: time.Hour, ForGracePeriod: 10 * time.Minute, ResendDelay: time.Minute,
		RuleDependencyController: independent{},
	})
	loaded, errs := manager.LoadGroups(interval, labels.EmptyLabels(), "", nil, false, p.file)
	if len(errs) > 0 {
		return fmt.Errorf("%s: %w", p.file, errs[0])
	}
	p.groups = nil
	for _, g := range loaded {
		p.groups = append(p.groups, g)
	}
	return p.inOrderOfFile()
}

// inOrderOfFile sorts the groups, so that recorded series exist before the groups that read them.
func (p *prometheus) inOrderOfFile() error {
	file, errs := rulefmt.ParseFile(p.file, false, model.UTF8Validation, p.parser, slog.New(slog.DiscardHandler))
	if len(errs) > 0 {
		return errs[0]
	}
	position := func(g *rules.Group) int {
		return slices.IndexFunc(file.Groups, func(r rulefmt.RuleGroup) bool { return r.Name == g.Name() })
	}
	slices.SortFunc(p.groups, func(a, b *rules.Group) int { return position(a) - position(b) })
	return nil
}

// eval evaluates all groups once and returns the first error of a rule.
func (p *prometheus) eval(ctx context.Context, now time.Time) error {
	for _, g := range p.groups {
		g.Eval(ctx, now)
		if p.evals == 1 {
			g.RestoreForState(now)
		}
		for _, r := range g.Rules() {
			if err := r.LastError(); err != nil {
				return fmt.Errorf("%s: %w", r.Name(), err)
			}
		}
	}
	p.evals++
	return nil
}

// independent leaves out the analysis of dependencies, which is needed only for concurrent evaluation.
type independent struct{}

func (independent) AnalyseRules([]rules.Rule) {}

// loader loads rules whose expressions know their text, because rules need it at each evaluation.
type loader struct{ parser *cachedParser }

func (l *loader) Load(file string, ignoreUnknown bool, scheme model.ValidationScheme) (*rulefmt.RuleGroups, []error) {
	return rulefmt.ParseFile(file, ignoreUnknown, scheme, l.parser, slog.New(slog.DiscardHandler))
}

func (l *loader) Parse(text string) (parser.Expr, error) {
	e, err := l.parser.ParseExpr(text)
	if err != nil {
		return nil, err
	}
	return &printed{e, e.String()}, nil
}

type printed struct {
	parser.Expr
	text string
}

func (p *printed) String() string { return p.text }

// cachedParser parses each expression once. The engine changes what it evaluates, so it gets a copy.
type cachedParser struct {
	parser.Parser
	expressions map[string]parser.Expr
}

// ParseExpr implements parser.Parser.
func (c *cachedParser) ParseExpr(text string) (parser.Expr, error) {
	if e, ok := c.expressions[text]; ok {
		return clone(e), nil
	}
	e, err := c.Parser.ParseExpr(text)
	if err != nil {
		return nil, err
	}
	c.expressions[text] = clone(e)
	return e, nil
}

// clone copies an expression. The matchers are shared: the storage recognises a selector by them.
func clone(e parser.Expr) parser.Expr {
	switch n := e.(type) {
	case nil:
		return nil
	case *parser.AggregateExpr:
		c := *n
		c.Expr, c.Param = clone(n.Expr), clone(n.Param)
		return &c
	case *parser.BinaryExpr:
		c := *n
		c.LHS, c.RHS = clone(n.LHS), clone(n.RHS)
		return &c
	case *parser.Call:
		c := *n
		c.Args = make(parser.Expressions, len(n.Args))
		for i, a := range n.Args {
			c.Args[i] = clone(a)
		}
		return &c
	case *parser.MatrixSelector:
		c := *n
		c.VectorSelector = clone(n.VectorSelector)
		return &c
	case *parser.SubqueryExpr:
		c := *n
		c.Expr = clone(n.Expr)
		return &c
	case *parser.ParenExpr:
		c := *n
		c.Expr = clone(n.Expr)
		return &c
	case *parser.UnaryExpr:
		c := *n
		c.Expr = clone(n.Expr)
		return &c
	case *parser.VectorSelector:
		c := *n
		return &c
	case *parser.NumberLiteral:
		c := *n
		return &c
	case *parser.StringLiteral:
		c := *n
		return &c
	}
	panic(fmt.Sprintf("expressions of type %s are not supported", reflect.TypeOf(e)))
}
