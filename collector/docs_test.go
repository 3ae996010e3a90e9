package collector_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"raptoreum_exporter/collector"
	"raptoreum_exporter/fleet"
)

const metricsMD = "../METRICS.md"

// TestDocsMetrics fails if METRICS.md differs from what the collectors declare; make docs writes it.
func TestDocsMetrics(t *testing.T) {
	var md bytes.Buffer
	fmt.Fprint(&md, `# Metrics

Generated from the declarations of the collectors (`+"`make docs`"+`). A test fails if it is out of date.

An unknown value is absent, never zero. If a value can be older than the scrape, its description gives the maximum
age. All metrics except counters (`+"`_total`"+`) are gauges.

| metric | labels | meaning |
|---|---|---|
`)
	metrics := collector.New(collector.Config{Enabled: collector.Names()}).Metrics()
	shared := len(metrics)
	metrics = append(metrics, slices.DeleteFunc(collector.NewProbe().Metrics(), func(m collector.Metric) bool {
		return slices.ContainsFunc(metrics[:shared], func(other collector.Metric) bool { return other.Name == m.Name })
	})...)
	section := "-"
	for _, m := range metrics {
		if m.Collector != section {
			section = m.Collector
			name := section
			switch name {
			case "":
				name = "every scrape"
			case "/probe":
				name = "/probe, which also has the metrics of the port, the registration and the payments of its target"
			}
			fmt.Fprintf(&md, "| **%s** | | |\n", name)
		}
		var labels []string
		for _, label := range m.Labels {
			labels = append(labels, "`"+label+"`")
		}
		fmt.Fprintf(&md, "| `%s` | %s | %s |\n", m.Name, strings.Join(labels, " "), m.Help)
	}
	fmt.Fprint(&md, "\nIn addition: `raptoreum_exporter_build_info`, and `go_*` and `process_*` of the exporter itself\n(not with `--web.disable-exporter-metrics`).\n")
	if *update {
		if err := os.WriteFile(metricsMD, md.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(metricsMD)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(have), "\n"), strings.Split(md.String(), "\n")); diff != "" {
		t.Errorf("METRICS.md is stale; run make docs:\n%s", diff)
	}
}

// TestMetricsDeclared: each metric of METRICS.md occurs in some scenario, and no other metric does.
func TestMetricsDeclared(t *testing.T) {
	seen := map[string]bool{}
	for _, folder := range scenarioNames(t) {
		var golden []byte
		for _, file := range []string{"metrics.txt", "probe.txt"} {
			text, err := os.ReadFile(filepath.Join(scenarios, folder, file))
			if err != nil {
				t.Fatal(err)
			}
			golden = append(golden, text...)
		}
		for line := range strings.Lines(string(golden)) {
			name, _, _ := strings.Cut(line, " ")
			name, _, _ = strings.Cut(name, "{")
			seen[name] = true
		}
	}
	declared := map[string]bool{}
	for _, m := range append(collector.New(collector.Config{Enabled: collector.Names()}).Metrics(), collector.NewProbe().Metrics()...) {
		declared[m.Name] = true
		if !seen[m.Name] {
			t.Errorf("%s occurs in no scenario", m.Name)
		}
		if !strings.HasSuffix(m.Help, ".") || len(m.Help) < 20 {
			t.Errorf("%s: help %q is not a sentence", m.Name, m.Help)
		}
		if (m.Type == "counter") != strings.HasSuffix(m.Name, "_total") {
			t.Errorf("%s is a %s", m.Name, m.Type)
		}
	}
	for name := range seen {
		if !declared[name] {
			t.Errorf("%s occurs and is not declared", name)
		}
	}
}

func scenarioNames(t *testing.T) []string {
	t.Helper()
	folders, err := os.ReadDir(scenarios)
	if err != nil || len(folders) < 20 {
		t.Fatalf("%d scenarios, %v", len(folders), err)
	}
	var names []string
	for _, f := range folders {
		names = append(names, f.Name())
	}
	return names
}

// TestDisabled: any subset of collectors works, and a disabled one sends nothing.
func TestDisabled(t *testing.T) {
	_, sources := fakeSources(t, "healthy")
	for _, only := range collector.All() {
		set := collector.New(collector.Config{Sources: sources, Enabled: []string{only.Name}})
		text := gather(t, set)
		var shown []string
		for _, m := range set.Metrics() {
			if m.Collector != "" && strings.Contains(text, "\n"+m.Name) {
				shown = append(shown, m.Collector)
			}
		}
		shown = slices.Compact(shown)
		if len(shown) != 1 || shown[0] != only.Name {
			t.Errorf("only %s is enabled, and %q send metrics", only.Name, shown)
		}
		if strings.Count(text, "\nraptoreum_scrape_collector_success{") != 1 {
			t.Errorf("only %s is enabled, and:\n%s", only.Name, text)
		}
	}
}

// TestAllDisabled: without any collector nothing runs, also when a part of none is asked for.
func TestAllDisabled(t *testing.T) {
	_, sources := fakeSources(t, "healthy")
	for _, enabled := range [][]string{nil, {}, collector.Only(nil, "daemon"), collector.Only([]string{"host"}, "daemon")} {
		set := collector.New(collector.Config{Sources: sources, Enabled: enabled})
		if text := gather(t, set); strings.Contains(text, "raptoreum_") {
			t.Errorf("%#v:\n%s", enabled, text)
		}
	}
}

// TestNothingConfigured: without sources there are no values and no failures.
func TestNothingConfigured(t *testing.T) {
	text := gather(t, collector.New(collector.Config{Enabled: collector.Names()}))
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "raptoreum_scrape_collector_") {
			t.Errorf("unexpected: %s", line)
		}
	}
	if n := len(regexp.MustCompile(`_success\{.*\} 1\n`).FindAllString(text, -1)); n != len(collector.All()) {
		t.Errorf("a source that is not configured is a failure:\n%s", text)
	}
}

// TestLabelsOfTheFleet: a label of fleet.yml must not have the name of a label of a metric. Prometheus would
// rename the latter, and no alert would match it.
func TestLabelsOfTheFleet(t *testing.T) {
	for _, m := range append(collector.New(collector.Config{Enabled: collector.Names()}).Metrics(), collector.NewProbe().Metrics()...) {
		for _, label := range m.Labels {
			file := fmt.Sprintf("nodes:\n- {protx: %064d, labels: {%s: x}}\n", 1, label)
			if _, err := fleet.Parse("fleet.yml", []byte(file), nil); err == nil {
				t.Errorf("a fleet file may use %s, a label of %s", label, m.Name)
			}
		}
	}
}
