// Package alerts embeds the runbooks of the alerts, so that the exporter can serve them. The runbook_url
// annotation of an alert points to the exporter that the alert is about.
package alerts

import (
	"cmp"
	"embed"
	"net/http"
)

//go:embed runbooks/*.md
var runbooks embed.FS

// Index is the name of the runbook that lists all others.
const Index = "README"

// Runbook returns the runbook of an alert in Markdown. It returns false if there is no runbook of that name.
func Runbook(alert string) ([]byte, bool) {
	text, err := runbooks.ReadFile("runbooks/" + alert + ".md")
	return text, err == nil
}

// ServeRunbook serves the runbook named by the path value {alert}. Without a name it serves the Index, and
// for an unknown name it replies with status 404.
func ServeRunbook(w http.ResponseWriter, r *http.Request) {
	text, ok := Runbook(cmp.Or(r.PathValue("alert"), Index))
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8") // so that browsers display the Markdown
	_, _ = w.Write(text)                                        // fails only if the client disconnected
}
