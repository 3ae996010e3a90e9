package web_test

import (
	"testing"

	"raptoreum_exporter/internal/harness"
)

// TestFirstView: the first view is complete, although nothing scrapes the exporter.
func TestFirstView(t *testing.T) {
	t.Parallel()
	e := harness.Start(t, "healthy", nil)
	fresh(e)
	for _, f := range readStatus(t, e).Self.Findings {
		if f.Verdict == "unknown" {
			t.Errorf("%+v", f)
		}
	}
}
