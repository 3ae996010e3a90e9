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

// rule is one alert of alerts.yml.
type rule struct {
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for"`
	Keep        string            `yaml:"keep_firing_for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

func readRules(t *testing.T) []rule {
	t.Helper()
	var file struct {
		Groups []struct {
			Name  string
			Rules []rule
		}
	}
	read(t, "alerts.yml", &file)
	var rules []rule
	for _, g := range file.Groups {
		rules = append(rules, g.Rules...)
	}
	if len(rules) < 40 {
		t.Fatalf("%d rules", len(rules))
	}
	return rules
}

func read(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// names returns the alerts by name, in order.
func names(rules []rule) []string {
	var all []string
	for _, r := range rules {
		if !slices.Contains(all, r.Alert) {
			all = append(all, r.Alert)
		}
	}
	return all
}

func TestParts(t *testing.T) {
	const url = "/runbooks/"
	for _, r := range readRules(t) {
		if !strings.HasPrefix(r.Alert, "Raptoreum") {
			t.Errorf("%s does not begin with Raptoreum", r.Alert)
		}
		if !slices.Contains([]string{"critical", "warning", "info"}, r.Labels["severity"]) {
			t.Errorf("%s: severity %q", r.Alert, r.Labels["severity"])
		}
		summary, description := r.Annotations["summary"], r.Annotations["description"]
		if summary == "" || strings.Contains(summary, "{{") || !strings.HasSuffix(summary, ".") || len(summary) > 80 {
			t.Errorf("%s: summary %q is not a short static sentence", r.Alert, summary)
		}
		if len(description) < 60 || len(description) > 900 {
			t.Errorf("%s: description of %d characters", r.Alert, len(description))
		}
		if !strings.Contains(r.Annotations["runbook_url"], url+r.Alert) {
			t.Errorf("%s: runbook_url %q", r.Alert, r.Annotations["runbook_url"])
		}
		if r.Alert != "RaptoreumWatchdog" && !regexp.MustCompile(`==|[<>]`).MatchString(r.Expr) {
			t.Errorf("%s: no comparison in %s", r.Alert, r.Expr)
		}
		if strings.Contains(r.Expr, "_info") {
			t.Errorf("%s: an info metric in the expression: %s", r.Alert, r.Expr)
		}
	}
}

// TestMetricNames: every metric of the rules and their texts is one that the exporter shows.
func TestMetricNames(t *testing.T) {
	metrics, err := os.ReadFile("../METRICS.md")
	if err != nil {
		t.Fatal(err)
	}
	known := regexp.MustCompile(`raptoreum_\w+`)
	for _, r := range readRules(t) {
		for _, name := range known.FindAllString(r.Expr+r.Annotations["description"]+r.Annotations["runbook_url"], -1) {
			if name != "raptoreum_exporter" && name != "raptoreum_heal" && !strings.Contains(string(metrics), "`"+name+"`") {
				t.Errorf("%s: %s is not in METRICS.md", r.Alert, name)
			}
		}
	}
}

func TestRunbooks(t *testing.T) {
	all := names(readRules(t))
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
			t.Errorf("%s: headings %q", name, headings)
		}
	}
	files, err := filepath.Glob("runbooks/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if name := strings.TrimSuffix(filepath.Base(file), ".md"); name != "README" && !slices.Contains(all, name) {
			t.Errorf("%s belongs to no alert", file)
		}
	}
}

// TestRunbookTable: the table of runbooks/README.md says what alerts.yml says.
func TestRunbookTable(t *testing.T) {
	rules := readRules(t)
	table, err := os.ReadFile("runbooks/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names(rules) {
		var severities []string
		summary := ""
		for _, r := range rules {
			if r.Alert == name {
				severities, summary = append(severities, r.Labels["severity"]), cmp.Or(summary, r.Annotations["summary"])
			}
		}
		row := "| [" + name + "](" + name + ".md) | " + strings.Join(slices.Compact(severities), ", ") + " | " + summary + " |"
		if !strings.Contains(string(table), row) {
			t.Errorf("runbooks/README.md lacks the row\n%s", row)
		}
	}
	if rows := strings.Count(string(table), ".md) |"); rows != len(names(rules)) {
		t.Errorf("%d rows for %d alerts", rows, len(names(rules)))
	}
}

// TestCases: each rule has a promtool case in which it fires and one in which it does not.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("tests/*.yml")
	if err != nil || len(files) < 7 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	fires, silent, cases := map[string]bool{}, map[string]bool{}, 0
	alertname := regexp.MustCompile(`alertname="(\w+)"`)
	for _, path := range files {
		var file struct {
			Tests []struct {
				Checks []struct {
					Expr    string
					Samples []struct{ Value float64 } `yaml:"exp_samples"`
				} `yaml:"promql_expr_test"`
			}
		}
		read(t, path, &file)
		cases += len(file.Tests)
		for _, test := range file.Tests {
			for _, check := range test.Checks {
				found := alertname.FindStringSubmatch(check.Expr)
				if found == nil { // of several at once
					continue
				}
				name := found[1]
				fires[name] = fires[name] || check.Samples[0].Value > 0
				silent[name] = silent[name] || check.Samples[0].Value == 0
			}
		}
	}
	rules := readRules(t)
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if counts := fmt.Sprintf("%d alerts in %d rules with %d promtool cases", len(names(rules)), len(rules), cases); !strings.Contains(string(readme), counts) {
		t.Errorf("README.md does not say: %s", counts)
	}
	for _, alert := range names(rules) {
		if !fires[alert] {
			t.Errorf("%s has no case in which it fires", alert)
		}
		if !silent[alert] && alert != "RaptoreumWatchdog" { // which never is
			t.Errorf("%s has no case in which it does not fire", alert)
		}
	}
}
