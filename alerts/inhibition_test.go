package alerts_test

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
)

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

// TestHealIsTold: that heal has given up is news, whatever outage it belongs to.
func TestHealIsTold(t *testing.T) {
	var config struct {
		Inhibit []struct {
			Target []string `yaml:"target_matchers"`
		} `yaml:"inhibit_rules"`
	}
	read(t, "alertmanager.yml", &config)
	for _, i := range config.Inhibit {
		for _, r := range matching(t, readRules(t), i.Target) {
			if r.Alert == "RaptoreumHealGaveUp" {
				t.Errorf("%v mutes it", i.Target)
			}
		}
	}
}
