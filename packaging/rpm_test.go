//go:build deb

package packaging_test

import (
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestRPM checks that the rpm has the files of the deb, keeps changed flags, and requires the package with useradd.
func TestRPM(t *testing.T) {
	needs(t, "rpm")
	needs(t, "dpkg-deb")
	rpms, err := filepath.Glob("../dist/*." + map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH] + ".rpm")
	if err != nil || len(rpms) != 1 {
		t.Fatalf("dist/ has %v; run make package", rpms)
	}
	debs, err := filepath.Glob("../dist/*_" + runtime.GOARCH + ".deb")
	if err != nil || len(debs) != 1 {
		t.Fatalf("dist/ has %v; run make package", debs)
	}
	query := func(args ...string) []string {
		return strings.Split(strings.TrimSpace(run(t, "rpm", append([]string{"-qp"}, append(args, rpms[0])...)...)), "\n")
	}
	var inDeb []string
	for line := range strings.Lines(run(t, "dpkg-deb", "-c", debs[0])) {
		words := strings.Fields(line)
		if path := strings.TrimPrefix(words[5], "."); !strings.HasSuffix(path, "/") {
			inDeb = append(inDeb, words[0]+" "+path)
		}
	}
	inRPM := slices.DeleteFunc(query("--qf", "[%{FILEMODES:perms} %{FILENAMES}\n]"), func(line string) bool { return line[0] == 'd' })
	// What only one of them has.
	only := func(line string) bool {
		return strings.Contains(line, "/lintian/") || strings.Contains(line, "/changelog.Debian.gz") || strings.Contains(line, "/licenses/")
	}
	inDeb, inRPM = slices.DeleteFunc(inDeb, only), slices.DeleteFunc(inRPM, only)
	slices.Sort(inDeb)
	slices.Sort(inRPM)
	if !slices.Equal(inDeb, inRPM) || len(inDeb) < 60 {
		t.Errorf("files of the deb\n%s\nof the rpm\n%s", strings.Join(inDeb, "\n"), strings.Join(inRPM, "\n"))
	}
	keeps := slices.DeleteFunc(query("--qf", "[%{FILEFLAGS:fflags} %{FILENAMES}\n]"), func(line string) bool { return !strings.HasPrefix(line, "cn ") })
	if want := []string{"cn /etc/raptoreum_exporter/flags", "cn /etc/raptoreum_exporter/heal.flags"}; !slices.Equal(keeps, want) {
		t.Errorf("an upgrade keeps %q, want %q", keeps, want)
	}
	if got := query("--requires"); !slices.Equal(got, []string{"shadow-utils"}) {
		t.Errorf("it requires %q", got)
	}
	if out := run(t, "rpm", "-K", "--nosignature", rpms[0]); !strings.Contains(out, "digests OK") {
		t.Error(out)
	}
}
