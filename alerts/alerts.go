// Package alerts carries the runbooks of the alerts into the program, which serves them: the
// runbook_url of an alert points at the exporter that it is about.
package alerts

import (
	"embed"
	"net/http"
)

//go:embed runbooks/*.md
var runbooks embed.FS

// Runbook returns the text of an alert's runbook, in Markdown; false: there is none of that name.
func Runbook(alert string) ([]byte, bool) {
	text, err := runbooks.ReadFile("runbooks/" + alert + ".md")
	return text, err == nil
}

// ServeRunbook answers with the runbook that the path names as {alert}; README is the list of them.
func ServeRunbook(w http.ResponseWriter, r *http.Request) {
	text, ok := Runbook(r.PathValue("alert"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8") // Markdown that a browser shows
	_, _ = w.Write(text)                                        // the error is that of a reader who has gone
}
