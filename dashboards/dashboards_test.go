package dashboards

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"raptoreum_exporter/alerts"
)

var update = flag.Bool("update", false, "write the JSON of the dashboards")

// TestUpToDate checks that the committed JSON is current and that rendering is deterministic.
func TestUpToDate(t *testing.T) {
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		if *update {
			if err := os.WriteFile(name, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is stale; run make dashboards", name)
		}
	}
	if again, err := Files(); err != nil || !bytes.Equal(again["fleet.json"], files["fleet.json"]) {
		t.Errorf("two renderings differ: %v", err)
	}
}

// known lists the allowed keys by kind of panel, for Grafana 11 and 12.
func known() map[string]string {
	const (
		one    = "reduceOptions orientation"
		series = "legend tooltip"
	)
	return map[string]string{
		"stat":           one + " colorMode graphMode justifyMode textMode wideLayout showPercentChange percentChangeColorMode text",
		"gauge":          one + " showThresholdLabels showThresholdMarkers sizing minVizHeight minVizWidth",
		"timeseries":     series,
		"state-timeline": series + " alignValue mergeValues rowHeight showValue",
		"table":          "showHeader cellHeight frameIndex enablePagination footer sortBy",

		"timeseries custom":     "lineWidth fillOpacity showPoints drawStyle thresholdsStyle axisSoftMax",
		"state-timeline custom": "lineWidth fillOpacity",
		"table custom":          "align inspect cellOptions",

		"property":       "displayName unit decimals min max noValue thresholds color mappings links custom.width custom.lineStyle custom.axisPlacement custom.cellOptions custom.drawStyle custom.fillOpacity",
		"transformation": "filterFieldsByName joinByField organize",
		"colour":         "green yellow orange red dark-red blue purple text transparent #7b8087",
	}
}

func check(t *testing.T, where, kind, name string) {
	t.Helper()
	if !slices.Contains(strings.Fields(known()[kind]), name) {
		t.Errorf("%s: %q is not a known %s of Grafana", where, name, kind)
	}
}

func TestPanels(t *testing.T) {
	for _, b := range boards() {
		d := b.render()
		ids, titles, cells := map[int]bool{}, map[string]bool{}, map[[2]int]string{}
		for _, p := range d.Panels {
			where := b.file + ", " + p.Title
			if ids[p.ID] || p.ID == 0 {
				t.Errorf("%s: duplicate id %d", where, p.ID)
			}
			ids[p.ID] = true
			grid(t, where, p, cells)
			if p.Type == "row" {
				continue
			}
			if titles[p.Title] {
				t.Errorf("%s: duplicate title", where)
			}
			titles[p.Title] = true
			if len(p.Title) > 30 {
				t.Errorf("%s: the title is too long", where)
			}
			if len(p.Description) < 40 || !strings.Contains(p.Description, "Normal: ") {
				t.Errorf("%s: the description does not state the normal value", where)
			}
			unit(t, where, p.FieldConfig.Defaults.Unit)
			if p.FieldConfig.Defaults.NoValue == "" {
				t.Errorf("%s: it would show No data", where)
			}
			for key := range p.Options {
				check(t, where, p.Type, key)
			}
			for key := range p.FieldConfig.Defaults.Custom {
				check(t, where, p.Type+" custom", key)
			}
			for _, o := range p.FieldConfig.Overrides {
				for _, property := range o.Properties {
					check(t, where, "property", property.ID)
					if property.ID == "unit" {
						unit(t, where, property.Value.(string))
					}
				}
			}
			for _, tr := range p.Transformations {
				check(t, where, "transformation", tr.ID)
			}
			if len(p.Targets) == 0 {
				t.Errorf("%s: no query", where)
			}
		}
	}
}

// unit checks that Grafana has the unit. It accepts "suffix:word" for any word.
func unit(t *testing.T, where, name string) {
	t.Helper()
	if !strings.HasPrefix(name, "suffix:") && !slices.Contains([]string{"none", "s", "percentunit", "bytes", "Bps"}, name) {
		t.Errorf("%s: unit %q", where, name)
	}
}

// grid marks the cells of a panel and checks that they are free.
func grid(t *testing.T, where string, p gPanel, cells map[[2]int]string) {
	t.Helper()
	g := p.GridPos
	if g.W < 3 || g.H < 1 || g.X < 0 || g.X+g.W > columnsOfGrid {
		t.Errorf("%s: does not fit: %+v", where, g)
	}
	for x := g.X; x < g.X+g.W; x++ {
		for y := g.Y; y < g.Y+g.H; y++ {
			if other := cells[[2]int{x, y}]; other != "" {
				t.Fatalf("%s overlaps %s", where, other)
			}
			cells[[2]int{x, y}] = where
		}
	}
}

// TestNames checks that every series has a name, and that every override matches one.
func TestNames(t *testing.T) {
	for _, b := range boards() {
		for _, r := range b.rows {
			for _, p := range r.panels {
				var names []string
				for _, q := range p.queries {
					if q.name == "" && p.kind != table {
						t.Errorf("%s, %s: a series without a name", b.file, p.title)
					}
					names = append(names, q.name)
				}
				for _, c := range p.columns {
					names = append(names, c.title)
				}
				if p.kind == table && p.sort != "" && !slices.Contains(names, p.sort) {
					t.Errorf("%s, %s: sorted by %q", b.file, p.title, p.sort)
				}
				for _, o := range p.overrides {
					if !slices.ContainsFunc(names, func(name string) bool { return name == o.name || strings.Contains(name, "{{") }) {
						t.Errorf("%s, %s: no series is named %q", b.file, p.title, o.name)
					}
				}
			}
		}
	}
}

// TestText checks the JSON as a whole.
func TestText(t *testing.T) {
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		var d struct {
			SchemaVersion int
			Time          gTime
			Templating    struct{ List []struct{ Name string } }
		}
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatal(err)
		}
		if d.SchemaVersion != 41 && d.SchemaVersion != 42 {
			t.Errorf("%s: schema %d", name, d.SchemaVersion)
		}
		if !regexp.MustCompile(`^now-\d+[hd]$`).MatchString(d.Time.From) || d.Time.To != "now" {
			t.Errorf("%s: time %v", name, d.Time)
		}
		if found := regexp.MustCompile(`20\d\d-\d\d|"__inputs"|"__requires"|\$\{DS_`).Find(text); found != nil {
			t.Errorf("%s has %s", name, found)
		}
		for _, uid := range regexp.MustCompile(`(?s)"type": "prometheus",\s+"uid": "(.*?)"`).FindAllSubmatch(text, -1) {
			if string(uid[1]) != "${datasource}" {
				t.Errorf("%s: data source %s", name, uid[1])
			}
		}
		declared := []string{"__rate_interval", "__range", "__url_time_range", "__value", "__data", "__all"}
		for _, v := range d.Templating.List {
			declared = append(declared, v.Name)
			if !regexp.MustCompile(`\$\{?` + v.Name + `\b`).Match(text) {
				t.Errorf("%s: the variable %s is not used", name, v.Name)
			}
		}
		for _, used := range regexp.MustCompile(`\$\{?([a-z_]\w*)`).FindAllSubmatch(text, -1) {
			if !slices.Contains(declared, string(used[1])) {
				t.Errorf("%s: unknown variable %s", name, used[1])
			}
		}
	}
}

// TestLinks checks that link targets exist, and that links keep node, job and time range.
func TestLinks(t *testing.T) {
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	runbooks := 0
	for name, text := range files {
		for _, url := range regexp.MustCompile(`"url": "(.*?)"`).FindAllStringSubmatch(string(text), -1) {
			uid, isBoard := strings.CutPrefix(strings.SplitN(url[1], "?", 2)[0], "/d/")
			_, page, isRunbook := strings.Cut(url[1], "/runbooks/")
			switch {
			case isBoard && (uid == smartnodeUID || uid == fleetUID):
				if !strings.Contains(url[1], "${job:queryparam}") || !strings.Contains(url[1], "${datasource:queryparam}") {
					t.Errorf("%s: %s loses the selected variables", name, url[1])
				}
				if strings.Contains(url[1], "var-node") && !strings.Contains(url[1], "${__url_time_range}") {
					t.Errorf("%s: %s loses the time range", name, url[1])
				}
			case isRunbook && page == "${__value.raw}":
			case isRunbook:
				if _, ok := alerts.Runbook(page); !ok {
					t.Errorf("%s: no runbook %s", name, page)
				}
				runbooks++
			default:
				t.Errorf("%s: unexpected link to %s", name, url[1])
			}
		}
	}
	if runbooks < 20 {
		t.Errorf("only %d links to runbooks", runbooks)
	}
}

func TestColours(t *testing.T) {
	for _, b := range boards() {
		text, err := json.Marshal(b.render())
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range regexp.MustCompile(`"(?:color|fixedColor|iconColor)":"(.*?)"`).FindAllSubmatch(text, -1) {
			check(t, b.file, "colour", string(c[1]))
		}
	}
}

func TestExpand(t *testing.T) {
	for _, q := range Queries() {
		if expr := Expand(q.Expr, "raptoreum", "node-1", ""); strings.Contains(strings.ReplaceAll(expr, `"$1"`, ""), "$") {
			t.Errorf("%s, %s: %s", q.Dashboard, q.Panel, expr)
		}
	}
	if got, want := Expand(`rate(x{job=~"$job",node="$node",vantage=~"$vantage"}[$__rate_interval])`, "", "a", ""), `rate(x{job=~"raptoreum.*",node="a",vantage=~".*"}[5m])`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
