package dashboards

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"raptoreum_exporter/internal/tools"
)

type (
	toolSeries struct {
		Series string `yaml:"series"`
		Values string `yaml:"values"`
	}
	toolSample struct {
		Labels string  `yaml:"labels"`
		Value  float64 `yaml:"value"`
	}
	toolCase struct {
		Expr    string       `yaml:"expr"`
		Time    string       `yaml:"eval_time"`
		Samples []toolSample `yaml:"exp_samples"`
	}
	toolTest struct {
		Name   string       `yaml:"name"`
		Every  string       `yaml:"interval"`
		Series []toolSeries `yaml:"input_series"`
		Cases  []toolCase   `yaml:"promql_expr_test"`
	}
)

// TestAnswers checks the results of the panel queries in each scenario.
func TestAnswers(t *testing.T) {
	var tests []toolTest
	first := map[string]string{}
	for _, q := range Queries() {
		switch q.RefID {
		case refID(0):
			first[q.Panel] = q.Expr
		case "Anno":
			first["annotation: "+q.Panel] = q.Expr
		default:
			first[q.Panel+", "+q.RefID] = q.Expr
		}
	}
	for _, s := range scenarios() {
		test := toolTest{Name: s.name, Every: "1m"}
		for name, values := range s.series {
			if !strings.ContainsAny(values, "x ") {
				values += "x60"
			}
			test.Series = append(test.Series, toolSeries{name, values})
		}
		for panel, samples := range s.want {
			expr, ok := first[panel]
			if !ok {
				t.Fatalf("%s: no panel %q", s.name, panel)
			}
			c := toolCase{Expr: Expand(expr, "", "n", ""), Time: "60m"}
			for labels, value := range samples {
				c.Samples = append(c.Samples, toolSample{labels, value})
			}
			test.Cases = append(test.Cases, c)
		}
		tests = append(tests, test)
	}
	text, err := yaml.Marshal(map[string]any{"evaluation_interval": "1m", "tests": tests})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "answers.yml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, promtool := range tools.Find(t, "..", "promtool") {
		if out, err := exec.CommandContext(t.Context(), promtool, "test", "rules", file).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", promtool, err, out)
		}
	}
}

// TestPromtool parses every expression with promtool.
func TestPromtool(t *testing.T) {
	type rule struct {
		Record string `yaml:"record"`
		Expr   string `yaml:"expr"`
	}
	var rules []rule
	for i, q := range exprs() {
		rules = append(rules, rule{"panel:" + strconv.Itoa(i), Expand(q.Expr, "", "n", "")})
	}
	text, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "panels", "rules": rules}}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, promtool := range tools.Find(t, "..", "promtool") {
		if out, err := exec.CommandContext(t.Context(), promtool, "check", "rules", file).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", promtool, err, out)
		}
	}
}
