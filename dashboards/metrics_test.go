package dashboards

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"raptoreum_exporter/daemon"
)

// labelsOf reads the labels of each metric from METRICS.md, and of each recorded series from alerts.yml, and adds those
// of Prometheus.
func labelsOf(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../METRICS.md")
	if err != nil {
		t.Fatal(err)
	}
	metrics := map[string][]string{"up": nil, "ALERTS": {"alertname", "alertstate", "severity"}}
	for _, line := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (.*?) \\|").FindAllStringSubmatch(string(text), -1) {
		metrics[line[1]] = strings.Fields(strings.ReplaceAll(line[2], "`", ""))
	}
	if len(metrics) < 90 {
		t.Fatalf("%d metrics in METRICS.md", len(metrics))
	}
	rules := rulesOf(t)
	for _, r := range rules {
		if r.Record != "" {
			metrics[r.Record] = append(metrics[r.Record], slices.Collect(maps.Keys(r.Labels))...)
		}
	}
	for _, r := range rules { // the labels of the recorded series that it is made of
		for _, from := range regexp.MustCompile(`\w+:raptoreum_\w+:\w+`).FindAllString(r.Expr, -1) {
			if r.Record != "" && r.Record != from {
				metrics[r.Record] = append(metrics[r.Record], metrics[from]...)
			}
		}
	}
	for name := range metrics {
		metrics[name] = append(metrics[name], "job", "instance", "node", "vantage")
	}
	return metrics
}

// exprs returns all expressions, including those of the variables.
func exprs() []Query {
	all := Queries()
	for _, b := range boards() {
		for _, v := range b.variables {
			if inner, ok := strings.CutPrefix(v.Definition, "label_values("); ok {
				all = append(all, Query{b.uid, "variable " + v.Name, "", inner[:strings.LastIndex(inner, ",")], true})
			}
		}
	}
	return all
}

// TestMetrics checks that METRICS.md has every metric and label in the queries, and that groupings and
// legends use only labels of the metrics in the same query.
func TestMetrics(t *testing.T) {
	metrics := labelsOf(t)
	selector := regexp.MustCompile(`\b([A-Za-z_][\w:]*)\{([^{}]*)\}`)
	grouping := regexp.MustCompile(`\b(?:by|on|ignoring|group_left) \(([^)]*)\)`)
	for _, q := range exprs() {
		where := q.Dashboard + ", " + q.Panel + ": "
		labels := []string{"alert"} // made by label_replace
		for _, s := range selector.FindAllStringSubmatch(q.Expr, -1) {
			own, ok := metrics[s[1]]
			if !ok {
				t.Errorf("%s%s is neither in METRICS.md nor recorded by alerts.yml", where, s[1])
			}
			labels = append(labels, own...)
			for _, m := range regexp.MustCompile(`(\w+)(?:=~|!~|!=|=)"`).FindAllStringSubmatch(s[2], -1) {
				if !slices.Contains(own, m[1]) {
					t.Errorf("%s%s has no label %s", where, s[1], m[1])
				}
			}
		}
		if strings.Contains(q.Expr, `"version", "$1", "user_agent"`) {
			labels = append(labels, "version")
		}
		unselected := regexp.MustCompile(`\b(raptoreum_\w+)`).FindAllString(selector.ReplaceAllString(q.Expr, ""), -1)
		if len(unselected) > 0 {
			t.Errorf("%s%v without a selector", where, unselected)
		}
		for _, g := range grouping.FindAllStringSubmatch(q.Expr, -1) {
			for _, label := range strings.FieldsFunc(g[1], func(r rune) bool { return r == ',' || r == ' ' }) {
				if !slices.Contains(labels, label) {
					t.Errorf("%sno metric has the label %s", where, label)
				}
			}
		}
	}
	for _, b := range boards() {
		for _, r := range b.rows {
			for _, p := range r.panels {
				for _, q := range p.queries {
					for _, label := range regexp.MustCompile(`\{\{(\w+)\}\}`).FindAllStringSubmatch(q.name, -1) {
						if !regexp.MustCompile(`by \([^)]*\b`+label[1]+`\b`).MatchString(q.expr) && !strings.Contains(q.expr, "on ("+label[1]+")") {
							t.Errorf("%s, %s: label %s is in the legend but not in the expression", b.file, p.title, label[1])
						}
					}
				}
			}
		}
	}
}

// TestZero rejects queries that invent a zero with vector(0), return a series per node, or use a fixed rate range.
func TestZero(t *testing.T) {
	for _, q := range Queries() {
		if strings.Contains(q.Expr, "vector(") {
			t.Errorf("%s, %s: %s", q.Dashboard, q.Panel, q.Expr)
		}
		if strings.HasPrefix(q.Expr, "topk") && !q.Instant {
			t.Errorf("%s, %s: topk at each step returns too many series", q.Dashboard, q.Panel)
		}
		if regexp.MustCompile(`\brate\(`).MatchString(q.Expr) && !strings.Contains(q.Expr, "[$__rate_interval]") {
			t.Errorf("%s, %s: %s", q.Dashboard, q.Panel, q.Expr)
		}
	}
}

// TestStates checks that the displayed states exist in the code.
func TestStates(t *testing.T) {
	for file, states := range map[string]enum{"daemon/daemon.go": daemonStates(), "collector/smartnode.go": smartnodeStates(), "p2p/p2p.go": portPhases()} {
		files, err := filepath.Glob("../" + filepath.Dir(file) + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		code := ""
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			code += string(text)
		}
		for _, s := range states {
			if !strings.Contains(code, `"`+s.text+`"`) {
				t.Errorf("%s has no state %s", file, s.text)
			}
		}
	}
}

// TestLoggedEvents checks that the annotated events of debug.log exist in the code.
func TestLoggedEvents(t *testing.T) {
	code, err := os.ReadFile("../collector/debuglog.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, event := range strings.Split(regexp.MustCompile(`event=~"(.*?)"`).FindStringSubmatch(loggedEvents())[1], "|") {
		if !strings.Contains(string(code), `"`+event+`"`) {
			t.Errorf("debug.log has no event %s", event)
		}
	}
}

// TestDaemonStates checks that the dashboards know all states of the daemon.
func TestDaemonStates(t *testing.T) {
	var shown []daemon.State
	for _, s := range daemonStates() {
		shown = append(shown, daemon.State(s.text))
	}
	if all := daemon.States(); !slices.Equal(slices.Sorted(slices.Values(shown)), slices.Sorted(slices.Values(all))) {
		t.Errorf("the dashboards have the states %v, raptoreumd has %v", shown, all)
	}
}

// TestLastStrike compares the penalty from which the dashboards show the last strike with the daemon's rule.
func TestLastStrike(t *testing.T) {
	if daemon.PoSeStrikesLeft(lastStrikeShare*100, 100, false) != 1 || daemon.PoSeStrikesLeft(lastStrikeShare*100-1, 100, false) != 2 {
		t.Error("lastStrikeShare differs from daemon.PoSeStrikesLeft")
	}
}

// TestSymptoms checks that Alertmanager inhibits the symptoms that a verdict leaves out.
func TestSymptoms(t *testing.T) {
	var file struct {
		Rules []struct {
			Sources []string `yaml:"source_matchers"`
			Targets []string `yaml:"target_matchers"`
		} `yaml:"inhibit_rules"`
	}
	text, err := os.ReadFile("../alerts/alertmanager.yml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	matches := func(matchers []string, alert string) bool {
		for _, m := range matchers {
			if name := regexp.MustCompile(`alertname =~? "(.*?)"`).FindStringSubmatch(m); name != nil {
				return regexp.MustCompile("^(" + name[1] + ")$").MatchString(alert)
			}
		}
		return false
	}
	for symptom, causes := range symptoms() {
		for cause := range strings.SplitSeq(causes, "|") {
			inhibited := false
			for _, r := range file.Rules {
				inhibited = inhibited || matches(r.Sources, cause) && matches(r.Targets, symptom)
			}
			if !inhibited {
				t.Errorf("%s is not inhibited by %s", symptom, cause)
			}
		}
	}
}
