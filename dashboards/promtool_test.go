package dashboards

import (
	"os"
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

// TestAnswers checks the results of the panel queries in each scenario, and of those in which alerts.yml records its series.
func TestAnswers(t *testing.T) {
	checkAnswers(t, "60m", scenarios())
	checkAnswers(t, "2890m", longRunning())
	rules, err := filepath.Abs("../alerts/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	checkAnswers(t, "120m", recordedScenarios(), rules)
}

// byPanel returns the query of each panel in the notation of scenario.want.
func byPanel(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, q := range Queries() {
		name := q.Panel + ", " + q.RefID
		switch q.RefID {
		case refID(0):
			name = q.Panel
		case "Anno":
			name = "annotation: " + q.Panel
		}
		if all[name] != "" {
			t.Fatalf("two panels %q", name)
		}
		all[name] = q.Expr
	}
	return all
}

// checkAnswers checks the results of the queries at a time, with the given rule files.
func checkAnswers(t *testing.T, at string, scenarios []scenario, rules ...string) {
	t.Helper()
	var tests []toolTest
	queries := byPanel(t)
	for _, s := range scenarios {
		test := toolTest{Name: s.name, Every: "1m"}
		for name, values := range s.series {
			if !strings.ContainsAny(values, "x ") {
				values += "x60"
			}
			test.Series = append(test.Series, toolSeries{name, values})
		}
		for panel, samples := range s.want {
			expr, ok := queries[panel]
			if !ok {
				t.Fatalf("%s: no panel %q", s.name, panel)
			}
			c := toolCase{Expr: Expand(expr, "", "n", ""), Time: at}
			for labels, value := range samples {
				c.Samples = append(c.Samples, toolSample{labels, value})
			}
			test.Cases = append(test.Cases, c)
		}
		tests = append(tests, test)
	}
	text, err := yaml.Marshal(map[string]any{"rule_files": rules, "evaluation_interval": "1m", "tests": tests})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "answers.yml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, promtool := range tools.Find(t, "..", "promtool") {
		if out, err := tools.Command(t, promtool, "test", "rules", file).CombinedOutput(); err != nil {
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
		if out, err := tools.Command(t, promtool, "check", "rules", file).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", promtool, err, out)
		}
	}
}
