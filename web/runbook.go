package web

import (
	"bytes"
	"cmp"
	"fmt"
	"html/template"
	"net/http"
	"regexp"
	"strings"

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
	var out bytes.Buffer
	err := p.templates.ExecuteTemplate(&out, "runbook.html", struct {
		Name, Root, Version string
		Style               template.CSS
		Text                template.HTML
		Links               []link
	}{name, "../", p.statuses.version, p.style, newMarkdown().html(string(text)), p.links("../")})
	if err != nil {
		p.fail(w, err)
		return
	}
	p.write(w, r, html, body{plain: out.Bytes()})
}

// markdown renders the subset that the runbooks use: headings, paragraphs, lists of one level, code blocks, tables,
// code, bold and links. The text is our own, but escaped.
type markdown struct {
	out        strings.Builder
	open       string   // tag of the current block; empty: none
	pending    []string // lines of the current paragraph or item, because a link may span two
	bold, link *regexp.Regexp
}

func newMarkdown() *markdown {
	return &markdown{bold: regexp.MustCompile(`\*\*(.+?)\*\*`), link: regexp.MustCompile(`\[([^\]]+)\]\(([^)\s]+)\)`)}
}

func (m *markdown) html(text string) template.HTML {
	code, header := false, false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		level := len(line) - len(strings.TrimLeft(line, "#"))
		switch {
		case strings.HasPrefix(line, "```"):
			m.close()
			m.out.WriteString(map[bool]string{false: "<pre><code>", true: "</code></pre>\n"}[code])
			code = !code
		case code:
			m.out.WriteString(template.HTMLEscapeString(line) + "\n")
		case strings.TrimSpace(line) == "":
			m.close()
		case level > 0 && level < 4 && strings.HasPrefix(line[level:], " "):
			m.close()
			title := line[level+1:]
			fmt.Fprintf(&m.out, "<h%d id=\"%s\">%s</h%d>\n", level, m.anchor(title), m.inline(title), level)
		case strings.HasPrefix(line, "|---"):
			header = false
		case strings.HasPrefix(line, "|"):
			if m.open != "table" {
				m.begin("table")
				header = true
			}
			m.row(line, header)
		case strings.HasPrefix(line, "- "):
			if m.open != "ul" {
				m.begin("ul")
			}
			m.flush()
			m.out.WriteString("<li>")
			m.pending = []string{line[2:]}
		case m.open == "":
			m.begin("p")
			m.pending = []string{line}
		default: // the next line of a paragraph or an item
			m.pending = append(m.pending, strings.TrimSpace(line))
		}
	}
	m.close()
	return template.HTML(m.out.String()) //nolint:gosec // escaped by inline
}

func (m *markdown) begin(tag string) {
	m.close()
	m.open = tag
	m.out.WriteString("<" + tag + ">")
}

func (m *markdown) flush() {
	m.out.WriteString(m.inline(strings.Join(m.pending, "\n")))
	m.pending = nil
}

// anchor is the anchor that GitHub gives to a heading.
func (m *markdown) anchor(title string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			return r
		}
		return -1
	}, strings.ToLower(title))
}

func (m *markdown) close() {
	m.flush()
	if m.open != "" {
		m.out.WriteString("</" + m.open + ">\n")
	}
	m.open = ""
}

func (m *markdown) row(line string, header bool) {
	tag := map[bool]string{false: "td", true: "th"}[header]
	m.out.WriteString("<tr>")
	for _, text := range strings.Split(strings.Trim(line, "|"), "|") {
		fmt.Fprintf(&m.out, "<%s>%s</%s>", tag, m.inline(strings.TrimSpace(text)), tag)
	}
	m.out.WriteString("</tr>\n")
}

// inline renders what stands between backticks as code, and bold text and links elsewhere.
func (m *markdown) inline(text string) string {
	parts := strings.Split(template.HTMLEscapeString(text), "`")
	for i, part := range parts {
		if i%2 == 1 {
			parts[i] = "<code>" + part + "</code>"
			continue
		}
		part = m.bold.ReplaceAllString(part, "<strong>$1</strong>")
		parts[i] = m.link.ReplaceAllStringFunc(part, func(found string) string {
			link := m.link.FindStringSubmatch(found)
			return `<a href="` + strings.Replace(link[2], ".md", "", 1) + `">` + link[1] + `</a>`
		})
	}
	return strings.Join(parts, "")
}
