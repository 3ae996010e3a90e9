package alerts_test

import (
	"cmp"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
)

// inhibition is one of alertmanager.yml.
type inhibition struct {
	Source []string `yaml:"source_matchers"`
	Target []string `yaml:"target_matchers"`
	Equal  []string
}

func readInhibitions(t *testing.T) []inhibition {
	t.Helper()
	var config struct {
		Inhibit []inhibition `yaml:"inhibit_rules"`
	}
	readYAML(t, "alertmanager.yml", &config)
	if len(config.Inhibit) < 10 {
		t.Fatalf("%d inhibitions, want at least 10", len(config.Inhibit))
	}
	return config.Inhibit
}

// TestInhibition checks that the source and the target of each inhibition are different alerts of alerts.yml,
// and that both have the labels in "equal". Alertmanager treats two missing labels as equal and mutes everything.
func TestInhibition(t *testing.T) {
	rules := readRules(t)
	for _, i := range readInhibitions(t) {
		source, target := matching(t, rules, i.Source), matching(t, rules, i.Target)
		if len(source) == 0 || len(target) == 0 || len(i.Equal) == 0 {
			t.Errorf("%v -> %v, equal %v: %d source alerts, %d target alerts", i.Source, i.Target, i.Equal, len(source), len(target))
		}
		if slices.Contains(i.Equal, "node") && !slices.Contains(i.Source, `node =~ ".+"`) {
			t.Errorf("%v -> %v: the source does not require a node, and two alerts without one are equal", i.Source, i.Target)
		}
		for _, label := range i.Equal {
			for _, r := range append(source, target...) {
				if !hasLabel(r, label) && !strings.HasPrefix(i.Source[0], "severity") {
					t.Errorf("%v -> %v: %s has no label %s", i.Source, i.Target, r.Alert, label)
				}
			}
		}
		for _, r := range source {
			if !byVantage(i) && slices.ContainsFunc(target, func(o rule) bool { return o.Alert == r.Alert && maps.Equal(o.Labels, r.Labels) }) {
				t.Errorf("%v -> %v: %s mutes itself", i.Source, i.Target, r.Alert)
			}
		}
	}
}

// byVantage reports whether source and target are of different vantages.
func byVantage(i inhibition) bool {
	const self, outside = `vantage =~ "self|"`, `vantage !~ "self|"`
	return slices.Contains(i.Source, self) && slices.Contains(i.Target, outside) || slices.Contains(i.Source, outside) && slices.Contains(i.Target, self)
}

// matching returns the rules that match all matchers of the form label = "value", label != "value", label =~ "a|b" or
// label !~ "a|b". It fails the test if a pattern matches no rule. It ignores the labels node and vantage, which come from
// the scrape configuration.
func matching(t *testing.T, rules []rule, matchers []string) []rule {
	t.Helper()
	selected, except := rules, []rule(nil)
	form := regexp.MustCompile(`^(\w+) (=|=~|!=|!~) "(.*)"$`)
	for _, text := range matchers {
		m := form.FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("unsupported matcher %s", text)
		}
		if m[1] == "node" || m[1] == "vantage" {
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
				t.Errorf("%s: %s matches no alert", text, part)
			}
		}
		if m[2] == "!~" {
			except = append(except, next...)
		} else {
			selected = next
		}
	}
	return slices.DeleteFunc(slices.Clone(selected), func(r rule) bool {
		return slices.ContainsFunc(except, func(e rule) bool { return e.Alert == r.Alert })
	})
}

// TestBridging checks that alerts muted by a root cause last until the root cause fires, although their data is
// absent. Otherwise a notification reports a ban or a closed port as resolved minutes before the one that reports the
// missing data.
func TestBridging(t *testing.T) {
	rules := readRules(t)
	// How long each takes to fire: the exporter 3 minutes, the daemon 5, and 2 for the scrapes.
	wants := map[string]time.Duration{"ExporterDown": 5 * time.Minute, "DaemonDown": 7 * time.Minute}
	for _, i := range readInhibitions(t) {
		for source, want := range wants {
			if !strings.Contains(i.Source[0], source) {
				continue
			}
			for _, r := range matching(t, rules, i.Target) {
				if source == "DaemonDown" && strings.HasPrefix(r.Alert, "RaptoreumPort") {
					continue // handshakes need no daemon
				}
				// A daemon that does not answer has no state, so alerts that explain an outage may resolve with it.
				explainsOutage := strings.HasPrefix(r.Alert, "RaptoreumDaemon") && r.Alert != "RaptoreumDaemonWarns" || slices.Contains([]string{"RaptoreumCollectorFailing", "RaptoreumSeveralNodesUnreachable"}, r.Alert)
				if got := bridging(t, r); got < want && !explainsOutage {
					t.Errorf("%s (%s): lasts %s without data, want at least %s", r.Alert, r.Labels["severity"], got, want)
				}
			}
		}
	}
}

// bridging returns how long an alert lasts without data: the windows of its first condition, and keep_firing_for.
func bridging(t *testing.T, r rule) time.Duration {
	t.Helper()
	first := regexp.MustCompile(` (and|or|unless) `).Split(r.Expr, 2)[0]
	window := time.Duration(0)
	for _, match := range regexp.MustCompile(`(?:\[|:(?:last|max|min))(\d+[mhd])\b`).FindAllStringSubmatch(first, -1) {
		d, err := model.ParseDuration(match[1])
		if err != nil {
			t.Fatal(err)
		}
		if window == 0 || time.Duration(d) < window {
			window = time.Duration(d)
		}
	}
	keep, err := model.ParseDuration(cmp.Or(r.Keep, "0s"))
	if err != nil {
		t.Fatal(err)
	}
	return window + time.Duration(keep)
}

// hasLabel reports whether the alerts of a rule have a label: the labels of the exporter's series without those
// that the first operand aggregates away.
func hasLabel(r rule, label string) bool {
	if label == "alertname" || label == "severity" {
		return true
	}
	operand := regexp.MustCompile(` (and|or|unless) `).Split(r.Expr, 2)[0]
	by := regexp.MustCompile(`^\(*\w+ by \(([^)]*)\)`).FindStringSubmatch(operand)
	switch {
	case by != nil:
		return slices.Contains(strings.Split(by[1], ", "), label)
	case strings.HasPrefix(operand, "job:"):
		return label == "job"
	case strings.HasPrefix(operand, "vantage:"):
		return label == "job" || label == "vantage"
	}
	return slices.Contains([]string{"job", "instance", "node", "vantage"}, label) && r.Expr != "vector(1)"
}

// TestBanFromOutside checks that what one exporter reports about its daemon or itself does not mute a ban or the last
// strike that another view reports: by instance, not by node.
func TestBanFromOutside(t *testing.T) {
	rules, own := readRules(t), 0
	for _, i := range readInhibitions(t) {
		for _, r := range matching(t, rules, i.Target) {
			outage := !strings.Contains(i.Source[0], "RaptoreumSmartnode")
			if !outage || r.Alert != "RaptoreumSmartnodePoSeBanned" && r.Alert != "RaptoreumSmartnodeOneStrikeLeft" {
				continue
			}
			if slices.Contains(i.Equal, "node") {
				t.Errorf("%v mutes %s of every view of the node", i.Source, r.Alert)
			}
			own++
		}
	}
	if own < 6 {
		t.Errorf("outages mute %d bans and strikes of their own view, want at least 6", own)
	}
}

// TestHealGaveUpIsNotMuted checks that no outage mutes RaptoreumHealGaveUp, which requires an action of its own.
func TestHealGaveUpIsNotMuted(t *testing.T) {
	for _, i := range readInhibitions(t) {
		for _, r := range matching(t, readRules(t), i.Target) {
			if r.Alert == "RaptoreumHealGaveUp" {
				t.Errorf("an inhibition with target %v mutes %s", i.Target, r.Alert)
			}
		}
	}
}

// TestInhibitionWithoutNode checks that what is compared by node is compared by instance where there is no label node.
func TestInhibitionWithoutNode(t *testing.T) {
	all, pairs := readInhibitions(t), 0
	for _, i := range all {
		last := len(i.Source) - 1
		if i.Equal[len(i.Equal)-1] != "node" || byVantage(i) { // only the label connects views of several exporters
			continue
		}
		pairs++
		twin := inhibition{
			Source: append(slices.Clone(i.Source[:last]), `node = ""`), Target: i.Target,
			Equal: append(slices.Clone(i.Equal[:len(i.Equal)-1]), "job", "instance"),
		}
		if !slices.ContainsFunc(all, func(o inhibition) bool { return reflect.DeepEqual(o, twin) }) {
			t.Errorf("%v -> %v: not without a node", i.Source, i.Target)
		}
	}
	if pairs < 10 {
		t.Errorf("%d inhibitions by node, want at least 10", pairs)
	}
}

// TestInhibitionOfStart checks that what raptoreumd said before an outage is muted until it is ready again, not only while
// RaptoreumDaemonDown fires, and that a dead exporter does not mute what others say about the port.
func TestInhibitionOfStart(t *testing.T) {
	rules, found := readRules(t), 0
	for _, i := range readInhibitions(t) {
		source := strings.Join(i.Source, " ")
		if strings.Contains(source, "RaptoreumDaemonStuckWarmingUp") {
			found++
			if !strings.Contains(source, "RaptoreumDaemonNotReady") {
				t.Errorf("%s -> %v: ends when raptoreumd starts", source, i.Target)
			}
		}
		if strings.Contains(source, "RaptoreumExporterDown") && !slices.Contains(i.Equal, "instance") && !slices.Contains(i.Equal, "vantage") {
			for _, r := range matching(t, rules, i.Target) {
				if strings.HasPrefix(r.Alert, "RaptoreumPort") {
					t.Errorf("%s mutes %s of other vantages", source, r.Alert)
				}
			}
		}
	}
	if found < 3 {
		t.Errorf("%d inhibitions while raptoreumd is down, want at least 3", found)
	}
}
