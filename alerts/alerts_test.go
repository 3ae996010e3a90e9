package alerts_test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
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
			if name != "raptoreum_exporter" && !strings.Contains(string(metrics), "`"+name+"`") {
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

// TestInhibition: what mutes and what is muted are alerts of ours that differ, and both have the
// labels that "equal" names: where both lack one, Alertmanager mutes everything.
func TestInhibition(t *testing.T) {
	rules := readRules(t)
	var config struct {
		Inhibit []struct {
			Source []string `yaml:"source_matchers"`
			Target []string `yaml:"target_matchers"`
			Equal  []string
		} `yaml:"inhibit_rules"`
	}
	read(t, "alertmanager.yml", &config)
	if len(config.Inhibit) < 10 {
		t.Fatalf("%d inhibitions", len(config.Inhibit))
	}
	for _, i := range config.Inhibit {
		source, target := matching(t, rules, i.Source), matching(t, rules, i.Target)
		if len(source) == 0 || len(target) == 0 || len(i.Equal) == 0 {
			t.Errorf("%v -> %v by %v: %d sources, %d targets", i.Source, i.Target, i.Equal, len(source), len(target))
		}
		if slices.Contains(i.Equal, "node") && !slices.Contains(i.Source, `node =~ ".+"`) {
			t.Errorf("%v -> %v: two without a node would be equal", i.Source, i.Target)
		}
		for _, label := range i.Equal {
			for _, r := range append(source, target...) {
				if !hasLabel(r, label) && !strings.HasPrefix(i.Source[0], "severity") {
					t.Errorf("%v -> %v: %s has no label %s", i.Source, i.Target, r.Alert, label)
				}
			}
		}
		for _, r := range source {
			if slices.ContainsFunc(target, func(o rule) bool { return o.Alert == r.Alert && maps.Equal(o.Labels, r.Labels) }) {
				t.Errorf("%v -> %v: %s mutes itself", i.Source, i.Target, r.Alert)
			}
		}
	}
}

// matching returns the rules that matchers of the form label = "value", label != "value" or label =~ "a|b"
// select, and fails when one of the named alerts does not exist. The label node is the node's.
func matching(t *testing.T, rules []rule, matchers []string) []rule {
	t.Helper()
	selected := rules
	form := regexp.MustCompile(`^(\w+) (=|=~|!=) "(.*)"$`)
	for _, text := range matchers {
		m := form.FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("matcher %s", text)
		}
		if m[1] == "node" {
			continue
		}
		var next []rule
		if m[2] == "!=" {
			selected = slices.DeleteFunc(slices.Clone(selected), func(r rule) bool { return r.Labels[m[1]] == m[3] })
			continue
		}
		for _, part := range strings.Split(m[3], "|") {
			pattern := regexp.MustCompile("^(?:" + part + ")$")
			found := false
			for _, r := range selected {
				value := r.Labels[m[1]]
				if m[1] == "alertname" {
					value = r.Alert
				}
				if pattern.MatchString(value) {
					next, found = append(next, r), true
				}
			}
			if !found {
				t.Errorf("%s: %s is no alert", text, part)
			}
		}
		selected = next
	}
	return selected
}

// TestOutlives: what a root cause mutes goes on until that is told. Otherwise a message says that a ban
// or a closed port is over, minutes before the one that says that nobody looks any more.
func TestOutlives(t *testing.T) {
	rules := readRules(t)
	var config struct {
		Inhibit []struct {
			Source []string `yaml:"source_matchers"`
			Target []string `yaml:"target_matchers"`
		} `yaml:"inhibit_rules"`
	}
	read(t, "alertmanager.yml", &config)
	for _, i := range config.Inhibit {
		if !strings.Contains(i.Source[0], "ExporterDown") && !strings.Contains(i.Source[0], "DaemonDown") {
			continue
		}
		for _, r := range matching(t, rules, i.Target) {
			keep, err := model.ParseDuration(cmp.Or(r.Keep, "0s"))
			if err != nil {
				t.Fatal(err)
			}
			// Daemons that do not answer have no states: what explains an outage ends with it.
			explains := strings.HasPrefix(r.Alert, "RaptoreumDaemon") && r.Alert != "RaptoreumDaemonWarns" ||
				slices.Contains([]string{"RaptoreumCollectorFailing", "RaptoreumExplorersDown", "RaptoreumExplorersDisagree", "RaptoreumUpdateAvailable", "RaptoreumFleetConfigInvalid", "RaptoreumFleetBlind"}, r.Alert)
			if least := 10 * time.Minute; time.Duration(keep) < least && !explains {
				t.Errorf("%s (%s): keep_firing_for %q, want at least %s", r.Alert, r.Labels["severity"], r.Keep, least)
			}
		}
	}
}

// hasLabel tells whether a rule's alerts have a label: those of the exporter's series, less what
// the first operand aggregates away.
func hasLabel(r rule, label string) bool {
	if label == "alertname" || label == "severity" {
		return true
	}
	operand := regexp.MustCompile(` (and|or|unless) `).Split(r.Expr, 2)[0]
	by := regexp.MustCompile(`^\(*\w+ by \(([^)]*)\)`).FindStringSubmatch(operand)
	if by != nil {
		return slices.Contains(strings.Split(by[1], ", "), label)
	}
	return slices.Contains([]string{"job", "instance", "node", "vantage"}, label) && r.Expr != "vector(1)"
}
