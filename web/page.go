package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"errors"
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

// rendered is one status, in the forms that were requested.
type rendered struct {
	status *status
	at     time.Time
	forms  map[form]body
}

// form is a form of the status.
type form int

const (
	refreshing form = iota // the page
	still                  // the page that does not refresh
	asJSON
)

// body is compressed once for all viewers, who may be on a phone: the page of a large fleet repeats itself.
type body struct{ plain, gzip []byte }

func newBody(plain []byte) (body, error) {
	var compressed bytes.Buffer
	w := gzip.NewWriter(&compressed)
	_, err := w.Write(plain)
	err = errors.Join(err, w.Close())
	return body{plain, compressed.Bytes()}, err
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
		templates: templates, style: template.CSS(style), //nolint:gosec // our own
		policy: "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; style-src 'sha256-" +
			base64.StdEncoding.EncodeToString(sum[:]) + "'",
	}
}

// current returns a form of the current status, and makes it before if that is due. It returns false if the
// request ended before the first gathering.
func (p *pages) current(r *http.Request, f form) (body, bool, error) {
	if !p.fresh() {
		seen := p.observer.current(r.Context()) // may wait for raptoreumd
		if seen == nil {
			return body{}, false, nil
		}
		p.mu.Lock()
		if p.rendered == nil || time.Since(p.rendered.at) >= renderEvery {
			p.rendered = &rendered{p.statuses.make(r.Context(), seen), time.Now(), map[form]body{}}
		}
		p.mu.Unlock()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	made, ok := p.rendered.forms[f]
	if ok {
		return made, true, nil
	}
	plain, err := p.render(p.rendered.status, f)
	if err == nil {
		made, err = newBody(plain)
	}
	if err == nil {
		p.rendered.forms[f] = made
	}
	return made, true, err
}

func (p *pages) fresh() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rendered != nil && time.Since(p.rendered.at) < renderEvery
}

func (p *pages) render(s *status, f form) ([]byte, error) {
	var out bytes.Buffer
	if f == asJSON {
		encoder := json.NewEncoder(&out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		err := encoder.Encode(s)
		return out.Bytes(), err
	}
	v := p.view(s, s.Self)
	if f == still {
		v.Refresh = 0
	}
	err := p.templates.ExecuteTemplate(&out, "page.html", v)
	return out.Bytes(), err
}

// serve answers with a form of the current status.
func (p *pages) serve(w http.ResponseWriter, r *http.Request, contentType string, f form) {
	made, known, err := p.current(r, f)
	switch {
	case err != nil:
		p.fail(w, err)
	case !known:
		w.Header().Set("Retry-After", "5")
		http.Error(w, "raptoreumd has not answered yet; try again", http.StatusServiceUnavailable)
	default:
		p.write(w, r, contentType, http.StatusOK, made)
	}
}

func (p *pages) fail(w http.ResponseWriter, err error) {
	level.Error(p.logger).Log("msg", "rendering a page failed", "err", err)
	http.Error(w, "rendering the page failed; see the log of the exporter", http.StatusInternalServerError)
}

func (p *pages) write(w http.ResponseWriter, r *http.Request, contentType string, status int, made body) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Security-Policy", p.policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Accept-Encoding")
	text := made.plain
	if made.gzip != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		text = made.gzip
	}
	w.WriteHeader(status)
	_, _ = w.Write(text) // an error means that the client disconnected
}

const html = "text/html; charset=utf-8"

// page serves /.
func (p *pages) page(w http.ResponseWriter, r *http.Request) {
	f := refreshing
	if r.URL.Query().Get("refresh") == "off" {
		f = still
	}
	p.serve(w, r, html, f)
}

// json serves /status.json.
func (p *pages) json(w http.ResponseWriter, r *http.Request) {
	p.serve(w, r, "application/json; charset=utf-8", asJSON)
}

// node serves /node/{name}. It probes the node as /probe does.
func (p *pages) node(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	probed, families, err := p.prober.probe(r.Context(), name)
	switch {
	case err != nil && forPeople(r):
		p.document(w, r, err.status(http.StatusNotFound), "No such node", template.HTML("<h1>No such node</h1><p>"+template.HTMLEscapeString(err.Error())+`</p><p><a href="../">All nodes</a></p>`)) //nolint:gosec // escaped
		return
	case err != nil:
		http.Error(w, err.Error(), err.status(http.StatusNotFound))
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
	v.Links = append(p.links(v.Root), link{v.Root + "probe?target=" + v.Node + "&debug=true", "Last probe in full"})
	var out bytes.Buffer
	if err := p.templates.ExecuteTemplate(&out, "node.html", v); err != nil {
		p.fail(w, err)
		return
	}
	p.write(w, r, html, http.StatusOK, body{plain: out.Bytes()})
}
