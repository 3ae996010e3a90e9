package check_test

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
)

var update = flag.Bool("update", false, "write what is expected anew")

const scenarios = "../testdata/scenarios"

// series are the metrics of a look: what stands before the value, and the value.
type series map[string]string

// look is what was gathered of a scenario.
type look struct {
	name    string
	outside bool
	at      time.Time
	series  series
}

// looks returns every scenario, seen by the exporter beside it and by one outside.
func looks(t *testing.T) (all []look) {
	t.Helper()
	dirs, err := filepath.Glob(scenarios + "/*")
	if err != nil || len(dirs) < 20 {
		t.Fatalf("%d scenarios, %v", len(dirs), err)
	}
	for _, dir := range dirs {
		at, uptime := recorded(t, dir)
		for _, outside := range []bool{false, true} {
			l := look{name: filepath.Base(dir), outside: outside, at: at, series: series{}}
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
				l.series[line[:i]] = strings.TrimSpace(line[i:])
			}
			l.fill(uptime)
			all = append(all, l)
		}
	}
	return all
}

// recorded returns when a scenario was recorded, and how long its daemon was up then.
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

// fill puts plain values where the file has a star for what differs from run to run.
func (l look) fill(uptime time.Duration) {
	for name, value := range l.series {
		switch {
		case strings.HasSuffix(name, "oom_kills_total"):
			l.series[name] = "0" // that of the fixture's machine is another story
		case name == "raptoreum_process_start_time_seconds":
			l.series[name] = fmt.Sprint(l.at.Add(-10 * time.Minute).Unix()) // the fixture's is another day's
		case value != "*":
		case name == "raptoreum_daemon_start_time_seconds":
			l.series[name] = fmt.Sprint(l.at.Add(-uptime - 72*time.Hour).Unix()) // the recorded daemons were minutes old
		case strings.Contains(name, "timestamp"):
			l.series[name] = fmt.Sprint(l.at.Unix())
		default:
			l.series[name] = "0.25"
		}
	}
}

// families are the series as a scrape gathers them.
func (l look) families(t *testing.T) (families []*dto.MetricFamily) {
	t.Helper()
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(l.series)) {
		fmt.Fprintf(&text, "%s %s\n", name, l.series[name])
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

func (l look) judge(t *testing.T) check.Report {
	t.Helper()
	in := check.Input{Families: l.families(t), At: l.at, Datadir: "/home/rtm/.raptoreumcore", Conf: "/home/rtm/.raptoreumcore/raptoreum.conf"}
	if l.outside {
		in.Node, in.Datadir, in.Conf = "paris-1", "", ""
	}
	return check.Judge(in)
}

// TestGolden compares what check prints of each scenario with its files.
func TestGolden(t *testing.T) {
	for _, l := range looks(t) {
		name := "check"
		if l.outside {
			name = "check-target"
		}
		t.Run(l.name+"/"+name, func(t *testing.T) {
			report := l.judge(t)
			var text strings.Builder
			report.Print(&text, check.Style{Program: "raptoreum_exporter"})
			tools.Golden(t, *update, filepath.Join(scenarios, l.name, name+".txt"), text.String())
			if l.outside {
				return // the form is the same
			}
			encoded, err := json.MarshalIndent(report, "", " ")
			if err != nil {
				t.Fatal(err)
			}
			tools.Golden(t, *update, filepath.Join(scenarios, l.name, name+"-json.txt"), string(encoded)+"\n")
		})
	}
}
