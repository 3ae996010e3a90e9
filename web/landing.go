package web

import (
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	toolkit "github.com/prometheus/exporter-toolkit/web"

	"raptoreum_exporter/config"
	"raptoreum_exporter/fleet"
	"raptoreum_exporter/internal/poll"
)

// landing serves the landing page: links, and the state of the fleet.
type landing struct {
	telemetry string
	fleet     *fleet.Fleet // nil: none
	results   *results
	version   string
	logger    log.Logger
}

// ServeHTTP implements http.Handler.
func (l *landing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	config := toolkit.LandingConfig{
		Name:        config.Program,
		Description: "Prometheus exporter for Raptoreum smartnodes.",
		Version:     l.version,
		Profiling:   "false",
		Links: []toolkit.LandingLinks{
			{Address: l.telemetry, Text: "Metrics"},
			{Address: "/runbooks/README", Text: "Runbooks", Description: "what to do about each alert"},
			{Address: "/-/healthy", Text: "Health", Description: "health of this exporter, not of the smartnode"},
		},
	}
	if l.fleet != nil {
		config.Links = append(config.Links, toolkit.LandingLinks{Address: "/sd", Text: "Service discovery", Description: "the fleet, for Prometheus"})
		extra, err := l.nodes(r)
		if err != nil {
			level.Error(l.logger).Log("msg", "landing page", "err", err)
		}
		config.ExtraHTML = extra
		config.ExtraCSS = "td, th { text-align: left; padding: 0.2em 1.5em 0.2em 0; }"
	}
	page, err := toolkit.NewLandingPage(config)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	page.ServeHTTP(w, r)
}

const nodesPage = `<h2>Fleet</h2>
<p>Result of the last probe of each node, failed ones first.</p>
<table>
<tr><th>node ({{len .Last}})</th><th>result</th><th>at</th><th>handshake</th></tr>
{{range .Last}}<tr><td><a href="probe?target={{.Node}}&amp;debug=true">{{.Node}}</a></td><td>{{if .Success}}ok{{else}}<b>{{.Text}}</b>{{end}}</td><td>{{at .At}}</td><td>{{duration .Duration}}</td></tr>
{{end}}</table>
{{with .Failures}}<h2>Last failures</h2>
<table>
<tr><th>node</th><th>result</th><th>at</th></tr>
{{range .}}<tr><td>{{.Node}}</td><td>{{.Text}}</td><td>{{at .At}}</td></tr>
{{end}}</table>
{{end}}`

// nodes returns the part of the page that lists the fleet.
func (l *landing) nodes(r *http.Request) (string, error) {
	page, err := template.New("nodes").Funcs(template.FuncMap{
		"at": func(t time.Time) string {
			if t.IsZero() {
				return ""
			}
			return t.UTC().Format("15:04:05 UTC, 2 January")
		},
		"duration": func(d time.Duration) string {
			if d == 0 {
				return ""
			}
			return d.Round(time.Millisecond).String()
		},
	}).Parse(nodesPage)
	if err != nil {
		return "", err
	}
	var data struct{ Last, Failures []result }
	data.Last, data.Failures = l.results.of(l.fleet.Snapshot(r.Context(), poll.NoWait).Nodes)
	var b strings.Builder
	err = page.Execute(&b, data)
	return b.String(), err
}
