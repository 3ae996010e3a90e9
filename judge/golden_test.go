package judge_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"raptoreum_exporter/check"
	"raptoreum_exporter/internal/tools"
	"raptoreum_exporter/judge"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const scenarios = "../testdata/scenarios"

// series maps a metric with its labels, as in the exposition format, to its value.
type series map[string]string

// snapshot is what was gathered once in a scenario.
type snapshot struct {
	name    string
	outside bool
	at      time.Time
	series  series
}

// snapshots returns each scenario twice: from the exporter beside the daemon and from one outside.
func snapshots(t *testing.T) (all []snapshot) {
	t.Helper()
	dirs, err := filepath.Glob(scenarios + "/*")
	if err != nil || len(dirs) < 20 {
		t.Fatalf("%d scenarios, %v", len(dirs), err)
	}
	for _, dir := range dirs {
		at, uptime := recorded(t, dir)
		for _, outside := range []bool{false, true} {
			s := snapshot{name: filepath.Base(dir), outside: outside, at: at, series: series{}}
			file := "metrics.txt"
			if outside {
				file = "probe.txt"
			}
			text, err := os.ReadFile(filepath.Join(dir, file))
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(text)) {
				i := strings.LastIndex(line, " ")
				s.series[line[:i]] = strings.TrimSpace(line[i:])
			}
			s.fill(uptime)
			all = append(all, s)
		}
	}
	return all
}

// recorded returns when a scenario was recorded, and the uptime of its daemon at that time.
func recorded(t *testing.T, dir string) (at time.Time, uptime time.Duration) {
	t.Helper()
	var capture struct {
		Headers [][2]string `json:"http_headers"`
		Body    string
	}
	text, err := os.ReadFile(filepath.Join(dir, "uptime.json"))
	if err != nil {
		return time.Unix(1_795_345_641, 0), 0 // it warms up
	}
	var reply struct{ Result int64 }
	if err := json.Unmarshal(text, &capture); err != nil {
		t.Fatal(err)
	}
	_ = json.Unmarshal([]byte(capture.Body), &reply) // not in every state
	for _, h := range capture.Headers {
		if h[0] == "Date" {
			if at, err = time.Parse(time.RFC1123, h[1]); err != nil {
				t.Fatal(err)
			}
		}
	}
	return at, time.Duration(reply.Result) * time.Second
}

// fill replaces the stars, which mark values that differ from run to run.
func (s snapshot) fill(uptime time.Duration) {
	for name, value := range s.series {
		switch {
		case strings.HasSuffix(name, "oom_kills_total"):
			s.series[name] = "0" // not that of the fixture's machine
		case name == "raptoreum_process_start_time_seconds":
			s.series[name] = fmt.Sprint(s.at.Add(-10 * time.Minute).Unix()) // the fixture was recorded on another day
		case value != "*":
		case name == "raptoreum_daemon_start_time_seconds":
			s.series[name] = fmt.Sprint(s.at.Add(-uptime - 72*time.Hour).Unix()) // the recorded daemons were minutes old
		case strings.Contains(name, "timestamp"):
			s.series[name] = fmt.Sprint(s.at.Unix())
		default:
			s.series[name] = "0.25"
		}
	}
}

// families returns the series as metric families.
func (s snapshot) families(t *testing.T) (families []*dto.MetricFamily) {
	t.Helper()
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(s.series)) {
		fmt.Fprintf(&text, "%s %s\n", name, s.series[name])
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	byName, err := parser.TextToMetricFamilies(strings.NewReader(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		family := byName[name]
		for _, m := range family.Metric { // the files have no types
			m.Gauge, m.Untyped = &dto.Gauge{Value: m.Untyped.Value}, nil
		}
		families = append(families, family)
	}
	return families
}

func (s snapshot) judge(t *testing.T) judge.Report {
	t.Helper()
	in := judge.Input{Families: s.families(t), At: s.at, Waited: 75 * time.Second, Datadir: "/home/rtm/.raptoreumcore", Conf: "/home/rtm/.raptoreumcore/raptoreum.conf"}
	if s.outside {
		in.Node, in.Datadir, in.Conf = "paris-1", "", ""
	}
	return judge.Judge(in)
}

// TestGolden compares the output of check in each scenario with the golden files.
func TestGolden(t *testing.T) {
	for _, s := range snapshots(t) {
		name := "check"
		if s.outside {
			name = "check-target"
		}
		t.Run(s.name+"/"+name, func(t *testing.T) {
			report := s.judge(t)
			var text strings.Builder
			check.Print(&text, &report, check.Style{Program: "raptoreum_exporter"})
			tools.Golden(t, *update, filepath.Join(scenarios, s.name, name+".txt"), text.String())
			if s.outside {
				return // same format
			}
			encoded, err := json.MarshalIndent(report, "", " ")
			if err != nil {
				t.Fatal(err)
			}
			tools.Golden(t, *update, filepath.Join(scenarios, s.name, name+"-json.txt"), string(encoded)+"\n")
		})
	}
}
