package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"raptoreum_exporter/collector"
	"raptoreum_exporter/judge"
)

//go:embed templates
var files embed.FS

const (
	pageRefresh = 30 // seconds
	nodeRefresh = 60 // seconds: a node is probed at most once a minute
	// renderEvery is the max age of a rendered page: what a view costs does not depend on the number of viewers.
	renderEvery = 5 * time.Second
	// shownChanges is the max number of changes on a page; /status.json has all.
	shownChanges = 20
)

// pages serves the pages for people and /status.json.
type pages struct {
	observer  *observer
	statuses  *statuses
	prober    *prober
	telemetry string
	logger    log.Logger

	templates *template.Template
	style     template.CSS
	policy    string // Content-Security-Policy

	mu       sync.Mutex
	rendered *rendered
}

// rendered is one status in all forms.
type rendered struct {
	at                  time.Time
	page, still, asJSON []byte // still does not refresh
}

func newPages(c Config, o *observer, p *prober) *pages {
	style, err := files.ReadFile("templates/style.css")
	if err != nil { // they are embedded
		panic(err)
	}
	templates := template.Must(template.New("").Funcs(functions()).ParseFS(files, "templates/*.html"))
	sum := sha256.Sum256(style)
	return &pages{
		observer: o,
		statuses: &statuses{
			history: o.history, fleet: c.Sources.Fleet, probe: collector.NewProbe(),
			daemon: c.Sources.Daemon != nil, version: c.Version,
		},
		prober: p, telemetry: strings.TrimPrefix(c.Web.TelemetryPath, "/"), logger: c.Logger,
		templates: templates, style: template.CSS(style), // our own
		policy: "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; style-src 'sha256-" +
			base64.StdEncoding.EncodeToString(sum[:]) + "'",
	}
}

// view is what the templates show.
type view struct {
	*status
	Node              string // empty: the page of all
	Root              string // relative address of /
	Refresh, Every    int    // seconds; Refresh is 0 if the page does not refresh
	Style             template.CSS
	Problems, Healthy []judge.Finding
	Headlines         []string
	Open              bool     // shows Healthy at once
	Changes           []change // at most shownChanges
	Earlier           int      // number of others
	Young             bool     // this exporter did not run for the whole hour
	Links             []link
}

type link struct{ Address, Text string }

func (p *pages) view(s *status, report *judge.Report) *view {
	v := &view{status: s, Style: p.style, Every: pageRefresh, Refresh: pageRefresh, Changes: s.Changes}
	if report != nil {
		for _, f := range report.Findings {
			if f.Verdict == judge.OK {
				v.Healthy = append(v.Healthy, f)
			} else {
				v.Problems = append(v.Problems, f)
			}
		}
	}
	if report != nil {
		who := "This machine"
		if report.Node != "" {
			who = report.Node
		}
		v.Headlines = []string{headline(who, v.Problems, len(v.Healthy))}
	}
	if len(s.Nodes) > 0 {
		v.Headlines = append(v.Headlines, fmt.Sprintf("Fleet of %d: %s.", len(s.Nodes), countVerdicts(s.Nodes)))
	}
	v.Open = len(s.Nodes) == 0 && len(v.Problems) == 0 || report != nil && report.Node != ""
	v.Young = s.At.Sub(s.Since) < historyAge
	if len(v.Changes) > shownChanges {
		v.Earlier, v.Changes = len(v.Changes)-shownChanges, v.Changes[:shownChanges]
	}
	v.Links = []link{
		{p.telemetry, "Metrics"}, {"status.json", "status.json"}, {"runbooks/README", "Runbooks"}, {"-/healthy", "Health of this exporter"},
	}
	if p.statuses.fleet != nil {
		v.Links = append(v.Links, link{"sd", "Service discovery"})
	}
	return v
}

// current returns the rendered status, and renders before if that is due. It returns nil if ctx was done before
// the first gathering.
func (p *pages) current(r *http.Request) (*rendered, error) {
	p.mu.Lock()
	last := p.rendered
	p.mu.Unlock()
	if last != nil && time.Since(last.at) < renderEvery {
		return last, nil
	}
	seen := p.observer.current(r.Context()) // outside the lock: it may wait for raptoreumd
	if seen == nil {
		return nil, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.rendered != last && time.Since(p.rendered.at) < renderEvery {
		return p.rendered, nil
	}
	s := p.statuses.make(r.Context(), seen)
	now := &rendered{at: time.Now()}
	var page, still, asJSON bytes.Buffer
	v := p.view(s, s.Self)
	if err := p.templates.ExecuteTemplate(&page, "page.html", v); err != nil {
		return nil, err
	}
	v.Refresh = 0
	if err := p.templates.ExecuteTemplate(&still, "page.html", v); err != nil {
		return nil, err
	}
	encoder := json.NewEncoder(&asJSON)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(s); err != nil {
		return nil, err
	}
	now.page, now.still, now.asJSON = page.Bytes(), still.Bytes(), asJSON.Bytes()
	p.rendered = now
	return now, nil
}

// serve answers with one form of the current status.
func (p *pages) serve(w http.ResponseWriter, r *http.Request, contentType string, form func(*rendered) []byte) {
	now, err := p.current(r)
	switch {
	case err != nil:
		p.fail(w, err)
	case now == nil:
		w.Header().Set("Retry-After", "5")
		http.Error(w, "raptoreumd has not answered yet; try again", http.StatusServiceUnavailable)
	default:
		p.write(w, contentType, form(now))
	}
}

func (p *pages) fail(w http.ResponseWriter, err error) {
	level.Error(p.logger).Log("msg", "rendering a page failed", "err", err)
	http.Error(w, "rendering the page failed; see the log of the exporter", http.StatusInternalServerError)
}

func (p *pages) write(w http.ResponseWriter, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Security-Policy", p.policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	_, _ = w.Write(body) // an error means that the client disconnected
}

const html = "text/html; charset=utf-8"

// page serves /.
func (p *pages) page(w http.ResponseWriter, r *http.Request) {
	p.serve(w, r, html, func(now *rendered) []byte {
		if r.URL.Query().Get("refresh") == "off" {
			return now.still
		}
		return now.page
	})
}

// json serves /status.json.
func (p *pages) json(w http.ResponseWriter, r *http.Request) {
	p.serve(w, r, "application/json; charset=utf-8", func(now *rendered) []byte { return now.asJSON })
}

// node serves /node/{name}. It probes the node as /probe does.
func (p *pages) node(w http.ResponseWriter, r *http.Request) {
	probed, families := p.prober.probe(w, r, r.PathValue("name"), http.StatusNotFound)
	if probed == nil {
		return
	}
	at := time.Now()
	report := judge.Judge(judge.Input{Families: families, At: at, Node: probed.Node.Name})
	sortWorstFirst(report.Findings)
	s := &status{
		Verdict: report.Verdict, Summary: report.Summary(), At: at.UTC(), Since: p.statuses.history.began.UTC(), Version: p.statuses.version,
		Changes: slices.DeleteFunc(p.statuses.history.lastHour(at), func(c change) bool { return c.Node != probed.Node.Name }),
	}
	v := p.view(s, &report)
	v.Node, v.Root, v.Every, v.Refresh = probed.Node.Name, "../", nodeRefresh, nodeRefresh
	if r.URL.Query().Get("refresh") == "off" {
		v.Refresh = 0
	}
	for i := range v.Links {
		v.Links[i].Address = v.Root + v.Links[i].Address
	}
	v.Links = append(v.Links, link{v.Root + "probe?target=" + v.Node + "&debug=true", "Last probe in full"})
	var body bytes.Buffer
	if err := p.templates.ExecuteTemplate(&body, "node.html", v); err != nil {
		p.fail(w, err)
		return
	}
	p.write(w, html, body.Bytes())
}
