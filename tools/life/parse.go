package life

import (
	"fmt"
	"reflect"

	"github.com/prometheus/prometheus/promql/parser"
)

// printed is an expression that knows its text, because rules need it at each evaluation.
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
