//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"raptoreum_exporter/dashboards"
	"raptoreum_exporter/internal/drill"
)

const (
	smartnodeBoard  = "raptoreum-smartnode"
	fleetBoard      = "raptoreum-fleet"
	fleetTable      = "Smartnodes, worst first"
	annotationRefID = "Anno"
)

// viewer reads the dashboards from the JSON with given variables at a point in time.
type viewer struct {
	screens   map[string]*dashboards.Screen
	stack     *drill.Stack
	program   *drill.Program // the Prometheus to query
	at        time.Time
	job, node string
}

// screens returns the dashboards by uid.
func screens(t *testing.T) map[string]*dashboards.Screen {
	t.Helper()
	all := map[string]*dashboards.Screen{}
	for uid, file := range map[string]string{smartnodeBoard: "smartnode.json", fleetBoard: "fleet.json"} {
		text, err := os.ReadFile(root + "/dashboards/" + file)
		if err != nil {
			t.Fatal(err)
		}
		if all[uid], err = dashboards.Open(text); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// displayed is a value as displayed by a panel.
type displayed struct {
	dashboards.Shown
	labels map[string]string
	value  float64
}

// String returns the name, the text, and the colour if it has a meaning. The fake explorers have only an
// address, which is replaced.
func (s displayed) String() string {
	text := s.Text
	if s.Name != "" {
		text = regexp.MustCompile(`127\.0\.0\.1:\d+`).ReplaceAllString(s.Name, "explorer") + ": " + text
	}
	switch s.Colour {
	case "", "text", "transparent":
		return text
	case "#7b8087":
		return text + " grey"
	}
	return text + " " + s.Colour
}

// read returns the values that a panel displays.
func (v viewer) read(board, panel string) (all []displayed, err error) {
	for _, q := range dashboards.Queries() {
		if q.Dashboard != board || q.Panel != panel || q.RefID == annotationRefID || strings.Contains(q.Expr, "offset 1h") { // has no result in the first hour
			continue
		}
		expr, err := drill.ScaleExpr(dashboards.Expand(q.Expr, v.job, v.node, ""))
		if err != nil {
			return nil, err
		}
		samples, err := v.stack.Evaluate(v.program, expr, v.at)
		if err != nil {
			return nil, err
		}
		first := len(all)
		for _, s := range samples {
			if strings.HasPrefix(q.Expr, "time() - ") { // an age is real time
				s.Value *= drill.Scale
			}
			shown, err := v.screens[board].Show(panel, q.RefID, s.Labels, &s.Value)
			if err != nil {
				return nil, err
			}
			all = append(all, displayed{shown, s.Labels, s.Value})
		}
		slices.SortFunc(all[first:], func(a, b displayed) int { return strings.Compare(a.String(), b.String()) })
	}
	if len(all) == 0 { // no query has a result
		shown, err := v.screens[board].Show(panel, "A", nil, nil)
		return []displayed{{Shown: shown}}, err
	}
	return all, nil
}

// text returns the content of a panel in one line.
func (v viewer) text(board, panel string) (string, error) {
	all, err := v.read(board, panel)
	var texts []string
	for _, s := range all {
		texts = append(texts, s.String())
	}
	return strings.Join(texts, ", "), err
}

// matches reports whether got matches want: 3..5 stands for any number from 3 to 5, * for any text of one
// value, and " or " separates alternatives.
func matches(got, want string) bool {
	return slices.ContainsFunc(strings.Split(want, " or "), func(want string) bool { return matchesOne(got, want) })
}

func matchesOne(got, want string) bool {
	if before, after, ok := strings.Cut(want, "*"); ok && !strings.Contains(before, "..") {
		if !strings.HasPrefix(got, before) {
			return false
		}
		length := strings.IndexByte(got[len(before):]+",", ',')
		return length > 0 && matchesOne(got[len(before)+length:], after)
	}
	at := regexp.MustCompile(`(-?\d[\d.]*?)\.\.(-?\d[\d.]*)`).FindStringSubmatchIndex(want)
	if at == nil {
		return got == want
	}
	if !strings.HasPrefix(got, want[:at[0]]) {
		return false
	}
	number := regexp.MustCompile(`^-?\d[\d.]*`).FindString(got[at[0]:])
	value, err := strconv.ParseFloat(number, 64)
	low, _ := strconv.ParseFloat(want[at[2]:at[3]], 64)
	high, _ := strconv.ParseFloat(want[at[4]:at[5]], 64)
	return err == nil && low <= value && value <= high && matchesOne(got[at[0]+len(number):], want[at[1]:])
}

func TestMatches(t *testing.T) {
	for _, test := range []struct {
		got, want string
		ok        bool
	}{
		{"ACT NOW red", "ACT NOW red", true},
		{"ACT NOW orange", "ACT NOW red", false},
		{"", "", true},
		{"", "0%", false},
		{"e: 0 blocks green, e: -1 blocks green", "e: -1..1 blocks green, e: -1..1 blocks green", true},
		{"e: 0 blocks green, e: -2 blocks green", "e: -1..1 blocks green, e: -1..1 blocks green", false},
		{"e: 1 blocks red", "e: -1..1 blocks green", false},
		{"3.2 hours", "3.0..6.5 hours", true},
		{"UNKNOWN", "3.0..6.5 hours", false},
		{"45 s green", "0..60 s green or 1..20 mins green", true},
		{"a: 3 ms, b: 4 blocks", "a: *, b: 4..5 blocks", true},
		{"a: 4 blocks, b: 3 ms", "a: 4..5 blocks, b: *", true},
		{"a: 4 blocks, b: ", "a: 4..5 blocks, b: *", false},
		{"a: 3 ms, c: 4 ms", "a: *, b: *", false},
		{"a: 3 ms, b: 4 ms", "a: *", false},
		{"a: 3 ms", "a: *, b: *", false},
		{"45 mins green", "0..60 s green or 1..20 mins green", false},
	} {
		if matches(test.got, test.want) != test.ok {
			t.Errorf("%q and %q: want %v", test.got, test.want, test.ok)
		}
	}
}

// checkPanels checks both dashboards during each outage and on a quiet day.
func checkPanels(t *testing.T, runs []run, results []result) {
	t.Helper()
	boards, all := screens(t), outagePanels()
	for i, r := range runs {
		name := results[i].Name
		other, known := all[name]
		if r.outage != nil && !known {
			t.Errorf("%s: no entry in expected_panels_test.go", name)
		}
		if r.outage != nil || name == "nothing-happens" {
			v := viewer{boards, r.stack, r.stack.Prometheus[0], results[i].at, r.nodes[0].Job, r.nodes[0].Name}
			failures := v.compareAlerts(r.outage)
			if other != nil || r.outage == nil {
				failures = append(failures, v.compare(other)...)
			}
			for _, failure := range failures {
				t.Errorf("%s: %s", name, failure)
			}
		}
	}
	checkSlowPanels(t, runs, results)
	checkCauses(t, runs, results)
}

// compare returns the differences of the panels from healthyPanels with the given changes.
func (v viewer) compare(other changes) (failures []string) {
	_, rows, err := v.rows()
	if err != nil {
		return []string{err.Error()}
	}
	found := 0
	for _, want := range healthyPanels() {
		if shows, ok := other[want.panel]; ok {
			want.shows, found = shows, found+1
		}
		want.shows = strings.ReplaceAll(want.shows, "{node}", v.node)
		got, err := rows[v.node][strings.TrimPrefix(want.panel, "row: ")], error(nil)
		if want.board != "" {
			got, err = v.text(want.board, want.panel)
		}
		if err != nil || !matches(got, want.shows) {
			failures = append(failures, fmt.Sprintf("%s shows %q, want %q (%v)", want.panel, got, want.shows, err))
		}
	}
	if found != len(other) {
		failures = append(failures, fmt.Sprintf("expected_panels_test.go has %d entries, of which %d match a panel", len(other), found))
	}
	return failures
}

// compareAlerts returns the expected alerts that the alert tables lack, or their content if there should be none.
func (v viewer) compareAlerts(o *drill.Outage) (failures []string) {
	mine, err := v.read(smartnodeBoard, "Alerts for this smartnode")
	if err != nil {
		return []string{err.Error()}
	}
	all, err := v.read(fleetBoard, "Firing alerts")
	if err != nil {
		return []string{err.Error()}
	}
	if o == nil {
		if shows := fmt.Sprint(mine, all); shows != "[State: no alerts green] [State: OK green]" {
			failures = append(failures, "the alert tables show "+shows)
		}
		return failures
	}
	has := func(list []displayed, a drill.Alert, shows string) bool {
		return slices.ContainsFunc(list, func(s displayed) bool {
			return s.labels["alertname"] == a.Name && s.labels["severity"] == a.Severity && s.String() == shows
		})
	}
	for _, a := range o.Want {
		shows := map[string]string{"critical": "State: ACT NOW red", "warning": "State: ACT TODAY orange"}[a.Severity]
		if !has(all, a, shows) {
			failures = append(failures, fmt.Sprintf("Firing alerts lacks %s %s: %v", a, shows, all))
		}
		if o.Of == 0 && !has(mine, a, "State: firing red") { // alerts about several nodes have no node label
			failures = append(failures, fmt.Sprintf("Alerts for this smartnode lacks %s: %v", a, mine))
		}
	}
	return failures
}
