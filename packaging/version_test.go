package packaging_test

import (
	"os/exec"
	"strings"
	"testing"
)

// TestVersion checks that outputs of git describe become versions that Debian accepts and sorts correctly.
func TestVersion(t *testing.T) {
	var before string
	for _, test := range []struct{ described, want string }{
		{"271ed5a", "0~20261126.44.g271ed5a"},
		{"271ed5a-dirty", "0~20261126.44.g271ed5a.dirty"},
		{"v0.1.0-rc1", "0.1.0~rc1"},
		{"v0.1.0-rc1-4-gabc1234", "0.1.0~rc1+4.gabc1234"},
		{"v0.1.0", "0.1.0"},
		{"v0.1.0-dirty", "0.1.0+dirty"},
		{"v0.1.1", "0.1.1"},
		{"v0.1.1-4-g12ab345", "0.1.1+4.g12ab345"},
		{"v0.1.1-4-g12ab345-dirty", "0.1.1+4.g12ab345.dirty"},
		{"1.0", "1.0"},
	} {
		got := strings.TrimSpace(run(t, "./version.sh", test.described, "44", "1795675000"))
		if got != test.want {
			t.Errorf("%s: %s, want %s", test.described, got, test.want)
		}
		if _, err := exec.LookPath("dpkg"); err == nil {
			run(t, "dpkg", "--validate-version", got)
			if before != "" {
				run(t, "dpkg", "--compare-versions", before, "lt", got)
			}
		}
		before = got
	}
}
