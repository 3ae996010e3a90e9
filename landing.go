package main

import (
	"html/template"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/exporter-toolkit/web"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/fleet"
	"raptoreum_exporter/internal/poll"
)

// result is what one probe found.
type result struct {
	Node    string
	At      time.Time
	Took    time.Duration // of the handshake, as far as it came
	Success bool
	Why     string
}

const historyLimit = 100 // results, and as many failures

// history keeps the last result of each node, and failures for longer than the rest.
type history struct {
	mu       sync.Mutex
	last     map[daemon.Hash]result // as they are probed; those that left the fleet go with the next page
	failures []result               // the newest last
}

func (h *history) add(node daemon.Hash, r result) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last[node] = r
	if !r.Success {
		if len(h.failures) == historyLimit {
			h.failures = slices.Delete(h.failures, 0, 1)
		}
		h.failures = append(h.failures, r)
	}
}

// of returns the last result of each node, those that failed first, and the newest failures.
func (h *history) of(nodes []fleet.Node) (last, failures []result) {
	h.mu.Lock()
	defer h.mu.Unlock()
	kept := make(map[daemon.Hash]result, len(nodes))
	for i := range nodes {
		n := &nodes[i]
		r, ok := h.last[n.ProTxHash]
		if !ok {
			r = result{Why: "not probed yet"}
		} else {
			kept[n.ProTxHash] = r
		}
		r.Node = n.Name
		last = append(last, r)
	}
	h.last = kept
	slices.SortStableFunc(last, func(a, b result) int { // nodes come by name
		switch {
		case a.Success == b.Success:
			return 0
		case b.Success:
			return -1
		}
		return 1
	})
	failures = slices.Clone(h.failures)
	slices.Reverse(failures)
	return last, failures
}

// landing shows where everything is, and the fleet.
type landing struct {
	telemetry string
	fleet     *fleet.Fleet // nil: none
	history   *history
	logger    log.Logger
}

// ServeHTTP implements http.Handler.
func (l *landing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	config := web.LandingConfig{
		Name:        name,
		Description: "Metrics of a Raptoreum smartnode for Prometheus.",
		Version:     ownVersion(),
		Profiling:   "false",
		Links: []web.LandingLinks{
			{Address: l.telemetry, Text: "Metrics"},
			{Address: "/runbooks/README", Text: "Runbooks", Description: "what to do about each alert"},
			{Address: "/-/healthy", Text: "Health", Description: "of this exporter, not of the smartnode"},
		},
	}
	if l.fleet != nil {
		config.Links = append(config.Links, web.LandingLinks{Address: "/sd", Text: "Service discovery", Description: "the fleet, for Prometheus"})
		extra, err := l.nodes(r)
		if err != nil {
			level.Error(l.logger).Log("msg", "landing page", "err", err)
		}
		config.ExtraHTML = extra
		config.ExtraCSS = "td, th { text-align: left; padding: 0.2em 1.5em 0.2em 0; }"
	}
	page, err := web.NewLandingPage(config)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	page.ServeHTTP(w, r)
}

const nodesPage = `<h2>Fleet</h2>
<p>Each with the result of the last probe, those with trouble first.</p>
<table>
<tr><th>node ({{len .Last}})</th><th>result</th><th>at</th><th>handshake took</th></tr>
{{range .Last}}<tr><td><a href="probe?target={{.Node}}&amp;debug=true">{{.Node}}</a></td><td>{{if .Success}}well{{else}}<b>{{.Why}}</b>{{end}}</td><td>{{at .At}}</td><td>{{took .Took}}</td></tr>
{{end}}</table>
{{with .Failures}}<h2>Last failures</h2>
<table>
<tr><th>node</th><th>result</th><th>at</th></tr>
{{range .}}<tr><td>{{.Node}}</td><td>{{.Why}}</td><td>{{at .At}}</td></tr>
{{end}}</table>
{{end}}`

// nodes is the part of the page that lists the fleet.
func (l *landing) nodes(r *http.Request) (string, error) {
	page, err := template.New("nodes").Funcs(template.FuncMap{
		"at": func(t time.Time) string {
			if t.IsZero() {
				return ""
			}
			return t.UTC().Format("15:04:05 UTC, 2 January")
		},
		"took": func(d time.Duration) string {
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
	data.Last, data.Failures = l.history.of(l.fleet.Snapshot(r.Context(), poll.NoWait).Nodes)
	var b strings.Builder
	err = page.Execute(&b, data)
	return b.String(), err
}
