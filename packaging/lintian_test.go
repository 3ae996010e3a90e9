//go:build deb

package packaging_test

import (
	"strings"
	"testing"
)

// TestDebLintian checks the deb with Debian's own checker. Overrides have their reasons in lintian-overrides.
func TestDebLintian(t *testing.T) {
	needs(t, "lintian")
	first, _ := debs(t)
	out := run(t, "lintian", "--allow-root", "--no-cfg", "--fail-on=error", "--tag-display-limit=0", first)
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "E: ") {
			t.Error(line)
		}
	}
	t.Log(out)
}
