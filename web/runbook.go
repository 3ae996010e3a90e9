package web

import (
	"bytes"
	"cmp"
	"html/template"
	"net/http"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"

	"raptoreum_exporter/alerts"
)

// runbook serves /runbooks/: as a page to browsers, because they show plain text too small on a phone, and as
// Markdown to everything else.
func (p *pages) runbook(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Accept")
	name := cmp.Or(r.PathValue("alert"), alerts.Index)
	if !forPeople(r) {
		alerts.ServeRunbook(w, r)
		return
	}
	text, known := alerts.Runbook(name)
	if !known {
		p.document(w, r, http.StatusNotFound, "No such runbook", `<h1>No such runbook</h1><p><a href="README">All runbooks</a></p>`)
		return
	}
	rendered, err := markdown(text)
	if err != nil {
		p.fail(w, err)
		return
	}
	p.document(w, r, http.StatusOK, name+" - runbook", rendered)
}

// forPeople reports whether the request is a browser's.
func forPeople(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }

// document answers with a page of text, whose address is in a folder.
func (p *pages) document(w http.ResponseWriter, r *http.Request, status int, title string, text template.HTML) {
	var out bytes.Buffer
	err := p.templates.ExecuteTemplate(&out, "document.html", struct {
		Title, Root, Version string
		Style                template.CSS
		Text                 template.HTML
		Links                []link
	}{title, "../", p.statuses.version, p.style, text, p.links("../")})
	if err != nil {
		p.fail(w, err)
		return
	}
	p.write(w, r, html, status, body{plain: out.Bytes()})
}

// markdown renders a runbook. Its links to other runbooks are files in the repository and paths here.
func markdown(text []byte) (template.HTML, error) {
	text = regexp.MustCompile(`(\]\(\w+)\.md`).ReplaceAll(text, []byte("$1"))
	var out bytes.Buffer
	renderer := goldmark.New(goldmark.WithExtensions(extension.Table), goldmark.WithParserOptions(parser.WithAutoHeadingID()))
	err := renderer.Convert(text, &out)
	return template.HTML(out.String()), err //nolint:gosec // our own text; goldmark omits raw HTML
}
