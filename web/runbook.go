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
	text, ok := alerts.Runbook(name)
	if !ok || !strings.Contains(r.Header.Get("Accept"), "text/html") {
		alerts.ServeRunbook(w, r)
		return
	}
	rendered, err := markdown(text)
	if err != nil {
		p.fail(w, err)
		return
	}
	var out bytes.Buffer
	err = p.templates.ExecuteTemplate(&out, "runbook.html", struct {
		Name, Root, Version string
		Style               template.CSS
		Text                template.HTML
		Links               []link
	}{name, "../", p.statuses.version, p.style, rendered, p.links("../")})
	if err != nil {
		p.fail(w, err)
		return
	}
	p.write(w, r, html, body{plain: out.Bytes()})
}

// markdown renders a runbook. Its links to other runbooks are files in the repository and paths here.
func markdown(text []byte) (template.HTML, error) {
	text = regexp.MustCompile(`(\]\(\w+)\.md`).ReplaceAll(text, []byte("$1"))
	var out bytes.Buffer
	renderer := goldmark.New(goldmark.WithExtensions(extension.Table), goldmark.WithParserOptions(parser.WithAutoHeadingID()))
	err := renderer.Convert(text, &out)
	return template.HTML(out.String()), err //nolint:gosec // our own text; goldmark omits raw HTML
}
