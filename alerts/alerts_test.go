package alerts_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"raptoreum_exporter/alerts"
)

// rule is one alert of alerts.yml, or a recorded series.
type rule struct {
	Alert       string            `yaml:"alert"`
	Record      string            `yaml:"record"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for"`
	Keep        string            `yaml:"keep_firing_for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

// readRules returns all alerts of alerts.yml in file order.
func readRules(t *testing.T) []rule {
	t.Helper()
	rules, _ := readAll(t)
	if len(rules) < 40 {
		t.Fatalf("%d rules, want at least 40", len(rules))
	}
	return rules
}

// readAll returns all alerts and all recorded series of alerts.yml in file order.
func readAll(t *testing.T) (rules, recorded []rule) {
	t.Helper()
	var file struct {
		Groups []struct {
			Name  string
			Rules []rule
		}
	}
	readYAML(t, "alerts.yml", &file)
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			if r.Record != "" {
				recorded = append(recorded, r)
			} else {
				rules = append(rules, r)
			}
		}
	}
	return rules, recorded
}

// readYAML parses a file and fails the test on an error.
func readYAML(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// alertNames returns the distinct alert names in file order.
func alertNames(rules []rule) []string {
	var all []string
	for _, r := range rules {
		if !slices.Contains(all, r.Alert) {
			all = append(all, r.Alert)
		}
	}
	return all
}

// summaryOf returns the summary of an alert without the name of the node.
func summaryOf(r rule) string {
	const node = "{{ or $labels.node $labels.instance }}"
	if text, ok := strings.CutPrefix(r.Annotations["summary"], node+": "); ok {
		if strings.HasPrefix(text, "raptoreumd ") { // a name
			return text
		}
		return strings.ToUpper(text[:1]) + text[1:]
	}
	return strings.Replace(r.Annotations["summary"], node, "A smartnode", 1)
}

// TestRuleFields checks the name, labels, annotations and expression of each rule.
func TestRuleFields(t *testing.T) {
	const runbooksPath = "/runbooks/"
	for _, r := range readRules(t) {
		if !strings.HasPrefix(r.Alert, "Raptoreum") {
			t.Errorf("%s does not start with Raptoreum", r.Alert)
		}
		if !slices.Contains([]string{"critical", "warning", "info"}, r.Labels["severity"]) {
			t.Errorf("%s: severity %q", r.Alert, r.Labels["severity"])
		}
		summary, description := summaryOf(r), r.Annotations["description"]
		if summary == "" || strings.Contains(summary, "{{") || !strings.HasSuffix(summary, ".") || len(summary) > 80 {
			t.Errorf("%s: summary %q is not a short sentence without other templates than the node", r.Alert, summary)
		}
		const node = "{{ or $labels.node $labels.instance }}"
		network := strings.HasPrefix(r.Alert, "RaptoreumNetwork") || r.Alert == "RaptoreumExplorersDisagree" // not about the node
		if strings.Contains(description, "$labels.node") && !network && !strings.HasPrefix(r.Annotations["summary"], node) {
			t.Errorf("%s: summary %q does not begin with the node", r.Alert, r.Annotations["summary"])
		}
		if len(description) < 60 || len(description) > 1000 {
			t.Errorf("%s: description has %d characters, want 60 to 900", r.Alert, len(description))
		}
		if !strings.Contains(r.Annotations["runbook_url"], runbooksPath+r.Alert) {
			t.Errorf("%s: runbook_url %q", r.Alert, r.Annotations["runbook_url"])
		}
		if r.Alert != "RaptoreumWatchdog" && !regexp.MustCompile(`==|[<>]`).MatchString(r.Expr) {
			t.Errorf("%s: no comparison in %s", r.Alert, r.Expr)
		}
		if strings.Contains(r.Expr, "_info") {
			t.Errorf("%s: expression uses an info metric: %s", r.Alert, r.Expr)
		}
	}
}

// TestNamesInTexts checks that no text has a gap where a series has no label node, or no vantage.
func TestNamesInTexts(t *testing.T) {
	for _, r := range readRules(t) {
		outside := strings.Contains(r.Expr, `vantage!~"self|"`) || strings.HasPrefix(r.Expr, "vantage:")
		for name, text := range r.Annotations {
			if strings.Contains(text, "{{ $labels.node }}") {
				t.Errorf("%s: %s needs: or $labels.node $labels.instance", r.Alert, name)
			}
			if strings.Contains(text, "{{ $labels.vantage }}") && !outside {
				t.Errorf("%s: %s needs another word where there is no vantage", r.Alert, name)
			}
		}
	}
}

// TestMetricNames checks that every metric in the expressions and annotations is an exporter metric.
func TestMetricNames(t *testing.T) {
	metrics, err := os.ReadFile("../METRICS.md")
	if err != nil {
		t.Fatal(err)
	}
	known, series := regexp.MustCompile(`raptoreum_\w+`), regexp.MustCompile(`\w+:raptoreum_\w+:\w+`)
	rules, recorded := readAll(t)
	for _, r := range slices.Concat(rules, recorded) {
		text := series.ReplaceAllString(r.Expr+r.Annotations["description"]+r.Annotations["runbook_url"], "")
		for _, name := range known.FindAllString(text, -1) {
			if name != "raptoreum_exporter" && name != "raptoreum_heal" && !strings.Contains(string(metrics), "`"+name+"`") {
				t.Errorf("%s%s: %s is not in METRICS.md", r.Alert, r.Record, name)
			}
		}
	}
}

// TestRunbooks checks that each alert has a runbook with the standard headings, and each runbook an alert.
func TestRunbooks(t *testing.T) {
	all := alertNames(readRules(t))
	for _, name := range all {
		text, ok := alerts.Runbook(name)
		if !ok {
			t.Errorf("%s has no runbook", name)
			continue
		}
		var headings []string
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "#") {
				headings = append(headings, strings.TrimSpace(line))
			}
		}
		if want := []string{"# " + name, "## Meaning", "## Impact", "## Diagnosis", "## Mitigation"}; !slices.Equal(headings, want) {
			t.Errorf("%s: headings %q, want %q", name, headings, want)
		}
	}
	files, err := filepath.Glob("runbooks/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if name := strings.TrimSuffix(filepath.Base(file), ".md"); name != alerts.Index && !slices.Contains(all, name) {
			t.Errorf("%s: there is no alert of that name", file)
		}
	}
}

// TestRunbookTable checks that the table in runbooks/README.md matches alerts.yml.
func TestRunbookTable(t *testing.T) {
	rules := readRules(t)
	table, err := os.ReadFile("runbooks/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range alertNames(rules) {
		var severities []string
		summary := ""
		for _, r := range rules {
			if r.Alert == name {
				severities, summary = append(severities, r.Labels["severity"]), cmp.Or(summary, summaryOf(r))
			}
		}
		row := "| [" + name + "](" + name + ".md) | " + strings.Join(slices.Compact(severities), ", ") + " | " + summary + " |"
		if !strings.Contains(string(table), row) {
			t.Errorf("runbooks/README.md: missing row\n%s", row)
		}
	}
	if rows := strings.Count(string(table), ".md) |"); rows != len(alertNames(rules)) {
		t.Errorf("runbooks/README.md: %d rows for %d alerts", rows, len(alertNames(rules)))
	}
}

// promtoolCase is one case of a file in tests/.
type promtoolCase struct {
	Name   string
	Checks []struct{ Expr string } `yaml:"promql_expr_test"`
	Alerts []struct {
		Name string `yaml:"alertname"`
		Want []any  `yaml:"exp_alerts"`
	} `yaml:"alert_rule_test"`
}

// readCases returns the promtool cases of all files.
func readCases(t *testing.T) (cases []promtoolCase) {
	t.Helper()
	files, err := filepath.Glob("tests/*.yml")
	if err != nil || len(files) < 7 {
		t.Fatalf("%d promtool files, want at least 7 (%v)", len(files), err)
	}
	for _, path := range files {
		var file struct {
			Order []string `yaml:"group_eval_order"`
			Tests []promtoolCase
		}
		readYAML(t, path, &file)
		if !slices.Equal(file.Order, []string{"raptoreum", "raptoreum-trouble"}) {
			t.Errorf("%s: group_eval_order is %q; without it the groups are evaluated in a random order", path, file.Order)
		}
		cases = append(cases, file.Tests...)
	}
	return cases
}

// TestCases checks that each alert has a promtool case in which it fires and one in which it does not.
func TestCases(t *testing.T) {
	fires, silent, cases := map[string]bool{}, map[string]bool{}, readCases(t)
	for _, c := range cases {
		for _, a := range c.Alerts {
			fires[a.Name] = fires[a.Name] || len(a.Want) > 0
			silent[a.Name] = silent[a.Name] || len(a.Want) == 0
		}
	}
	rules := readRules(t)
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if counts := fmt.Sprintf("%d alerts in %d rules with %d promtool cases", len(alertNames(rules)), len(rules), len(cases)); !strings.Contains(string(readme), counts) {
		t.Errorf("README.md does not contain: %s", counts)
	}
	for _, alert := range alertNames(rules) {
		if !fires[alert] {
			t.Errorf("%s has no case in which it fires", alert)
		}
		if !silent[alert] && alert != "RaptoreumWatchdog" { // always fires
			t.Errorf("%s has no case in which it does not fire", alert)
		}
	}
}

// TestAlertRuleTest checks that cases ask about one alert with alert_rule_test, which compares its labels and texts too.
// promql_expr_test is for what that cannot ask: about a range of time, or one of the jobs in a case.
func TestAlertRuleTest(t *testing.T) {
	selector := regexp.MustCompile(`ALERTS\{([^}]*)\}(\[?)`)
	for _, c := range readCases(t) {
		for _, check := range c.Checks {
			found := selector.FindAllStringSubmatch(check.Expr, -1)
			if len(found) != 1 || found[0][2] == "[" {
				continue
			}
			if matchers := found[0][1]; strings.Contains(matchers, `alertname="`) && !strings.Contains(matchers, `job="`) {
				t.Errorf("%s: alert_rule_test can ask %s", c.Name, check.Expr)
			}
		}
	}
}
