// Package alerts carries the runbooks of the alerts into the program, which serves them: the
// runbook_url of an alert points at the exporter that it is about.
package alerts

import "embed"

//go:embed runbooks/*.md
var runbooks embed.FS

// Runbook returns the text of an alert's runbook, in Markdown; false: there is none of that name.
func Runbook(alert string) ([]byte, bool) {
	text, err := runbooks.ReadFile("runbooks/" + alert + ".md")
	return text, err == nil
}
