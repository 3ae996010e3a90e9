// Package dashboards describes the two Grafana dashboards and turns the descriptions into the JSON
// that Grafana imports: smartnode.json is about one node, fleet.json about all of them.
//
// A dashboard is a list of rows of panels. A panel has queries and the settings to display their
// results: unit, value mappings and colours. Thresholds that an alert also uses are in limits.go. A
// test compares them with alerts.yml. Nothing here is part of the exporter.
package dashboards

import (
	"bytes"
	"encoding/json"
	"strings"
)

//go:generate go test . -run TestUpToDate -update

// The UIDs by which the dashboards link to each other.
const (
	smartnodeUID = "raptoreum-smartnode"
	fleetUID     = "raptoreum-fleet"
)

// board is one dashboard.
type board struct {
	file, uid, title, description string
	from                          string // start of the default time range
	variables                     []variable
	annotations                   []annotation
	links                         []link
	rows                          []row
}

// row is a heading and the panels below it. The panels flow from left to right. Panels on one line
// have the same height.
type row struct {
	title  string // empty for the top of the dashboard
	panels []panel
}

func boards() []board { return []board{smartnode(), fleet()} }

// Files returns the JSON of the dashboards by file name.
func Files() (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, b := range boards() {
		var text bytes.Buffer
		enc := json.NewEncoder(&text)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(b.render()); err != nil {
			return nil, err
		}
		files[b.file] = text.Bytes()
	}
	return files, nil
}

// Query is one Prometheus query of a dashboard.
type Query struct {
	Dashboard string // the uid
	Panel     string // the title
	RefID     string
	Expr      string // with Grafana's variables; see Expand
	Instant   bool   // evaluated at the end of the time range only
}

// Queries returns the queries of all panels and annotations of all dashboards, in order.
func Queries() []Query {
	var all []Query
	for _, b := range boards() {
		for _, r := range b.rows {
			for _, p := range r.panels {
				for i, q := range p.queries {
					all = append(all, Query{b.uid, p.title, refID(i), q.expr, p.instant()})
				}
			}
		}
		for _, a := range b.annotations {
			all = append(all, Query{b.uid, a.name, "Anno", a.expr, false})
		}
	}
	return all
}

// Expand replaces the variables of an expression as Grafana does for a time range of one hour. An
// empty job or vantage selects all of them.
func Expand(expr, job, node, vantage string) string {
	if job == "" {
		job = allJobs
	}
	if vantage == "" {
		vantage = allVantages
	}
	return strings.NewReplacer(
		"$__rate_interval", "5m", "$__interval", "1m", "$__range", "1h",
		"$job", job, "$node", node, "$vantage", vantage,
	).Replace(expr)
}
