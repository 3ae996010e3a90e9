package alerts_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"raptoreum_exporter/internal/tools"
)

// run executes a program and returns its output without surrounding space. It fails the test if the program fails.
func run(t *testing.T, program string, args ...string) string {
	t.Helper()
	out, err := tools.Command(t, program, args...).CombinedOutput()
	if err != nil {
		t.Errorf("%s %s: %v\n%s", filepath.Base(program), strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

var oldest = flag.Bool("oldest", false, "run the promtool cases with each version")

// TestPromtool checks the rules and the configuration examples in README.md with each version, and runs the promtool
// cases with the first one.
func TestPromtool(t *testing.T) {
	if testing.Short() {
		t.Skip("the promtool cases take half a minute")
	}
	cases, err := filepath.Glob("tests/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	for i, promtool := range tools.Find(t, "..", "promtool") {
		run(t, promtool, "check", "rules", "alerts.yml")
		for _, config := range prometheusConfigs(t) {
			run(t, promtool, "check", "config", config)
		}
		if i > 0 && !*oldest {
			continue
		}
		for _, file := range cases {
			t.Run(filepath.Base(file), func(t *testing.T) {
				t.Parallel()
				run(t, promtool, "test", "rules", file)
			})
		}
	}
}

// prometheusConfigs writes a prometheus.yml for each example in README.md and returns the paths.
func prometheusConfigs(t *testing.T) (files []string) {
	t.Helper()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	rulesPart, examples := "", []string{}
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(readme), -1) {
		if strings.HasPrefix(block[1], "rule_files:") {
			rulesPart = block[1]
		} else {
			examples = append(examples, block[1])
		}
	}
	if rulesPart == "" || len(examples) != 4 {
		t.Fatalf("README.md has %d examples of a prometheus.yml, want 4", len(examples))
	}
	dir := t.TempDir()
	rules, err := os.ReadFile("alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "alerts.yml"), string(rules))
	for i, part := range examples {
		if !strings.Contains(part, "\nalerting:") {
			part += rulesPart
		}
		files = append(files, write(t, filepath.Join(dir, fmt.Sprintf("prometheus-%d.yml", i)), part))
	}
	return files
}

// write creates a file and its directory, and returns the path.
func write(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// uncomment returns the receivers with every integration.
func uncomment(receivers string) string {
	return regexp.MustCompile(`(?m)^    # `).ReplaceAllString(receivers, "    ")
}

// TestAmtool checks the routes without changes, and with every receiver uncommented: as they are, which
// needs Alertmanager 0.28, and with the lines for 0.25.
func TestAmtool(t *testing.T) {
	amtools := tools.Find(t, "..", "amtool")
	for _, amtool := range amtools {
		run(t, amtool, "check-config", "alertmanager.yml")
	}
	amtool := amtools[0]
	text, err := os.ReadFile("alertmanager.yml")
	if err != nil {
		t.Fatal(err)
	}
	above, receivers, ok := strings.Cut(string(text), "\nreceivers:\n")
	if !ok {
		t.Fatal("alertmanager.yml has no receivers")
	}
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "templates"), os.DirFS("templates")); err != nil {
		t.Fatal(err)
	}
	// A line for 0.25 replaces the one above it.
	old := regexp.MustCompile(`(?m)^    # .*\n    #0\.25 `).ReplaceAllString(receivers, "    #   ")
	uncommented := uncomment(regexp.MustCompile(`(?m)^    #0\.25.*\n`).ReplaceAllString(receivers, ""))
	current := regexp.MustCompile(`(?m)^templates:.*\n#.*\n#0\.28 `).ReplaceAllString(above, "") // with the lines for 0.28
	if current == above {
		t.Error("alertmanager.yml has no templates for 0.28")
	}
	for _, kind := range []string{"telegram", "pushover", "discord", "email", "webhook"} {
		if !strings.Contains(uncommented, "\n    "+kind+"_configs:\n") {
			t.Errorf("alertmanager.yml has no receiver for %s", kind)
		}
	}
	run(t, amtool, "check-config", write(t, filepath.Join(dir, "alertmanager.yml"), current+"\nreceivers:\n"+uncommented))
	oldConfig := write(t, filepath.Join(dir, "alertmanager-0.25.yml"), above+"\nreceivers:\n"+uncomment(old))
	for _, amtool := range amtools {
		run(t, amtool, "check-config", oldConfig)
	}
	for labels, want := range map[string]string{
		"severity=critical alertname=RaptoreumDaemonDown": "phone",
		"severity=warning alertname=RaptoreumDaemonHung":  "mail",
		"severity=info alertname=RaptoreumHostTooFewCPUs": "nobody",
		"severity=info alertname=RaptoreumWatchdog":       "dead-mans-switch",
	} {
		args := append([]string{"config", "routes", "test", "--config.file=alertmanager.yml", "node=n"}, strings.Fields(labels)...)
		if got := run(t, amtool, args...); !strings.HasSuffix(got, want) { // amtool may print a warning first
			t.Errorf("%s: receiver %q, want %s", labels, got, want)
		}
	}
}

type data = map[string]any

// TestTitle checks that only firing alerts count in the title, and that it names the node once.
func TestTitle(t *testing.T) {
	alert := func(status, severity, summary string, labels ...string) data {
		all := data{"alertname": summary, "node": "node-1", "severity": severity}
		for i := 0; i+1 < len(labels); i += 2 {
			all[labels[i]] = labels[i+1]
		}
		return data{"status": status, "startsAt": time.Unix(1750000000, 0), "labels": all, "annotations": data{"summary": summary}}
	}
	down, banned, over := alert("firing", "critical", "raptoreumd does not answer."), alert("firing", "critical", "node-1 is PoSe banned and earns nothing."),
		alert("resolved", "warning", "raptoreumd is slow, but not hung.")
	// Two views of one fact, and two collectors.
	paris := alert("firing", "critical", "node-1 is PoSe banned and earns nothing.", "vantage", "paris")
	chain, peers := alert("firing", "warning", "node-1 has a collector that fails.", "collector", "chain"), alert("firing", "warning", "node-1 has a collector that fails.", "collector", "peers")
	for _, amtool := range tools.Find(t, "..", "amtool") {
		for want, all := range map[string][]data{
			"CRITICAL node-1: raptoreumd does not answer.":       {down, over, over, over, over},
			"CRITICAL node-1 is PoSe banned and earns nothing.":  {over, banned},
			"CRITICAL node-1: 2 alerts":                          {over, down, banned},
			"RESOLVED node-1: raptoreumd is slow, but not hung.": {over},
			"RESOLVED node-1: 2 alerts":                          {over, alert("resolved", "warning", "raptoreumd rejects us.")},
			"CRITICAL node-1 is PoSe banned and earns nothing. ": {banned, paris},
			"WARNING node-1: 2 alerts":                           {chain, peers},
		} {
			message, err := json.Marshal(data{
				"receiver": "phone", "status": "firing", "alerts": all, "groupLabels": data{"node": "node-1"}, "commonLabels": data{"node": "node-1"},
			})
			if err != nil {
				t.Fatal(err)
			}
			file := write(t, filepath.Join(t.TempDir(), "data.json"), string(message))
			got := run(t, amtool, "template", "render", "--template.glob=templates/*.tmpl", `--template.text={{ template "raptoreum.title" . }}`, "--template.data="+file)
			if got != strings.TrimSpace(want) {
				t.Errorf("title %q, want %q", got, want)
			}
		}
	}
}

// TestSince checks that an Alertmanager whose templates know the time says that an alert is not new.
func TestSince(t *testing.T) {
	amtool := tools.Find(t, "..", "amtool")[0]
	for want, age := range map[string]time.Duration{"Since ": 29 * time.Minute, "Still, since ": 31 * time.Minute} {
		starts := time.Now().Add(-age).UTC()
		message, err := json.Marshal(data{"alerts": []data{{"status": "firing", "startsAt": starts}}})
		if err != nil {
			t.Fatal(err)
		}
		file := write(t, filepath.Join(t.TempDir(), "data.json"), string(message))
		got := run(t, amtool, "template", "render", "--template.glob=templates/*.tmpl", "--template.glob=templates/0.28/*.tmpl",
			`--template.text={{ range .Alerts }}{{ template "raptoreum.since" . }}{{ end }}`, "--template.data="+file)
		if want += starts.Format("15:04 UTC, 2 January."); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestTemplates renders notifications with many long alerts and checks the limits of the receivers.
func TestTemplates(t *testing.T) {
	amtool := tools.Find(t, "..", "amtool")[0]
	const long = `<b>"quoted" & *starred* _underlined_ [bracketed]`
	for _, test := range []struct{ firing, resolved int }{{1, 0}, {100, 0}, {50, 50}, {0, 100}} {
		var all []data
		for i := range test.firing + test.resolved {
			status := "firing"
			if i >= test.firing {
				status = "resolved"
			}
			why := strings.Repeat("a", longestWhy)
			if i > 0 {
				why = "" // of the alerts that have it, the most severe one mutes the others of its node
			}
			all = append(all, data{
				"status": status, "startsAt": time.Unix(1750000000, 0), "labels": data{"node": "node-1", "alertname": fmt.Sprint("alert-", i)},
				"annotations": data{
					"why":     why,
					"summary": "The P2P handshake with a smartnode fails.", "description": long + strings.Repeat(" word", 90),
					"runbook_url": "http://127.0.0.1:10227/runbooks/RaptoreumPortUnreachable",
				},
			})
		}
		status := "firing"
		if test.firing == 0 {
			status = "resolved"
		}
		message, err := json.Marshal(data{
			"receiver": "phone", "status": status, "alerts": all,
			"groupLabels": data{"node": "node-1"}, "commonLabels": data{"node": "node-1", "severity": "critical"},
			"commonAnnotations": data{"summary": "The P2P handshake with a smartnode fails."},
		})
		if err != nil {
			t.Fatal(err)
		}
		file := write(t, filepath.Join(t.TempDir(), "data.json"), string(message))
		for name, limit := range map[string]int{"title": 100, "short": 2000, "text": 4096} { // Discord's and Telegram's limits
			text := run(t, amtool, "template", "render", "--template.glob=templates/*.tmpl",
				fmt.Sprintf(`--template.text={{ template "raptoreum.%s" . }}`, name), "--template.data="+file)
			if len(text) == 0 || len(text) > limit {
				t.Errorf("%+v: %s has %d characters, want 1 to %d", test, name, len(text), limit)
			}
			for _, part := range map[string][]string{
				"title": {"node-1"}, "text": {"node-1"},
			}[name] {
				if !strings.Contains(text, part) {
					t.Errorf("%+v: %s lacks %s:\n%s", test, name, part, text)
				}
			}
			if name == "short" && test.firing > 0 {
				for _, part := range []string{"Since 15:06 UTC, 15 June.", long, "http://127.0.0.1:10227/runbooks/"} {
					if !strings.Contains(text, part) {
						t.Errorf("%+v: %s lacks %s:\n%s", test, name, part, text)
					}
				}
			}
		}
	}
}
