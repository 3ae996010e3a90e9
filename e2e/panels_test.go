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
	smartnodeBoard = "raptoreum-smartnode"
	fleetBoard     = "raptoreum-fleet"
	fleetTable     = "Smartnodes, worst first"
	mark           = "Anno" // the query of an annotation
)

// viewer looks at the dashboards as they are in the JSON, at a moment, with their variables chosen.
type viewer struct {
	screens   map[string]*dashboards.Screen
	stack     *drill.Stack
	program   *drill.Program // the Prometheus that is asked
	at        time.Time
	job, node string
}

// screens are the dashboards by uid.
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

// seen is a value as a panel shows it.
type seen struct {
	dashboards.Shown
	labels map[string]string
	value  float64
}

// String is the name, the text and the colour, as far as there is one that means something. The fake
// explorers have only an address.
func (s seen) String() string {
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

// look returns all that a panel shows.
func (v viewer) look(board, panel string) (all []seen, err error) {
	for _, q := range dashboards.Queries() {
		if q.Dashboard != board || q.Panel != panel || q.RefID == mark || strings.Contains(q.Expr, "offset 1h") { // which is known after an hour
			continue
		}
		expr, err := drill.ScaleExpr(dashboards.Expand(q.Expr, v.job, v.node, ""))
		if err != nil {
			return nil, err
		}
		samples, err := v.stack.Ask(v.program, expr, v.at)
		if err != nil {
			return nil, err
		}
		first := len(all)
		for _, s := range samples {
			if strings.HasPrefix(q.Expr, "time() - ") { // an age is a real time
				s.Value *= drill.Scale
			}
			shown, err := v.screens[board].Show(panel, q.RefID, s.Labels, &s.Value)
			if err != nil {
				return nil, err
			}
			all = append(all, seen{shown, s.Labels, s.Value})
		}
		slices.SortFunc(all[first:], func(a, b seen) int { return strings.Compare(a.String(), b.String()) })
	}
	if len(all) == 0 { // no query has an answer
		shown, err := v.screens[board].Show(panel, "A", nil, nil)
		return []seen{{Shown: shown}}, err
	}
	return all, nil
}

// text is what a panel shows, in one line.
func (v viewer) text(board, panel string) (string, error) {
	all, err := v.look(board, panel)
	var texts []string
	for _, s := range all {
		texts = append(texts, s.String())
	}
	return strings.Join(texts, ", "), err
}

// matches compares what is shown with what is wanted: 3..5 stands for any number from 3 to 5, * for any text
// of one value, and there may be several texts with "or" between.
func matches(got, want string) bool {
	return slices.ContainsFunc(strings.Split(want, " or "), func(want string) bool { return fits(got, want) })
}

func fits(got, want string) bool {
	if before, after, ok := strings.Cut(want, "*"); ok && !strings.Contains(before, "..") {
		if !strings.HasPrefix(got, before) {
			return false
		}
		length := strings.IndexByte(got[len(before):]+",", ',')
		return length > 0 && fits(got[len(before)+length:], after)
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
	return err == nil && low <= value && value <= high && fits(got[at[0]+len(number):], want[at[1]:])
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

// checkPanels looks at both dashboards during each outage and on a quiet day.
func checkPanels(t *testing.T, runs []run, results []result) {
	t.Helper()
	boards, all := screens(t), shownInstead()
	for i, r := range runs {
		name := results[i].Name
		other, known := all[name]
		if r.outage != nil && !known {
			t.Errorf("%s: it has no entry in expected_panels_test.go", name)
		}
		if r.outage != nil || name == "nothing-happens" {
			v := viewer{boards, r.stack, r.stack.Prometheus[0], results[i].at, r.hit[0].Job, r.hit[0].Name}
			for _, wrong := range slices.Concat(v.compare(other), v.compareAlerts(r.outage)) {
				t.Errorf("%s: %s", name, wrong)
			}
		}
	}
}

// compare says what the panels show other than on a good day, but for what has to differ.
func (v viewer) compare(other differs) (wrong []string) {
	_, rows, err := v.rows()
	if err != nil {
		return []string{err.Error()}
	}
	found := 0
	for _, want := range shownOnGoodDay() {
		if shows, ok := other[want.panel]; ok {
			want.shows, found = shows, found+1
		}
		want.shows = strings.ReplaceAll(want.shows, "{node}", v.node)
		got, err := rows[v.node][strings.TrimPrefix(want.panel, "row: ")], error(nil)
		if want.board != "" {
			got, err = v.text(want.board, want.panel)
		}
		if err != nil || !matches(got, want.shows) {
			wrong = append(wrong, fmt.Sprintf("%s shows %q, want %q (%v)", want.panel, got, want.shows, err))
		}
	}
	if found != len(other) {
		wrong = append(wrong, fmt.Sprintf("expected_panels_test.go has %d entries, of which %d are of a panel", len(other), found))
	}
	return wrong
}

// compareAlerts says which alerts the lists do not show that have to fire, and what they show when none has.
func (v viewer) compareAlerts(o *drill.Outage) (wrong []string) {
	mine, err := v.look(smartnodeBoard, "Alerts for this smartnode")
	if err != nil {
		return []string{err.Error()}
	}
	all, err := v.look(fleetBoard, "Firing alerts")
	if err != nil {
		return []string{err.Error()}
	}
	if o == nil {
		if shows := fmt.Sprint(mine, all); shows != "[No alerts in the time range] [No firing alerts]" {
			wrong = append(wrong, "the lists of alerts show "+shows)
		}
		return wrong
	}
	has := func(list []seen, a drill.Alert, shows string) bool {
		return slices.ContainsFunc(list, func(s seen) bool {
			return s.labels["alertname"] == a.Name && s.labels["severity"] == a.Severity && s.String() == shows
		})
	}
	for _, a := range o.Want {
		shows := map[string]string{"critical": "State: ACT NOW red", "warning": "State: ACT TODAY orange"}[a.Severity]
		if !has(all, a, shows) {
			wrong = append(wrong, fmt.Sprintf("Firing alerts has no %s %s, but %v", a, shows, all))
		}
		if o.Of == 0 && !has(mine, a, "State: firing red") { // what is about several has no node
			wrong = append(wrong, fmt.Sprintf("Alerts for this smartnode has no %s, but %v", a, mine))
		}
	}
	return wrong
}
