// Package tools has helpers for tests of several packages: it finds the programs of Prometheus and Alertmanager and free
// addresses, reads files, and compares results with golden files.
package tools

import (
	"cmp"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// Find returns the paths of a program: the pinned version below root, else the installed one, and the
// oldest supported version. Without any of them the test is skipped, or fails on CI.
func Find(t testing.TB, root, program string) (paths []string) {
	t.Helper()
	installed, _ := exec.LookPath(program) // may be missing
	for _, path := range []string{
		cmp.Or(existing(root+"/.bin/"+program), installed), // make rules builds them
		existing(root + "/.bin/oldest/usr/bin/" + program), // .ci/run fetches them
	} {
		if path != "" {
			paths = append(paths, path)
		}
	}
	switch {
	case len(paths) > 0:
	case os.Getenv("CI") != "":
		t.Fatalf("no %s; run make %s", program, ".bin/"+program)
	default:
		t.Skipf("no %s; run make rules to build it", program)
	}
	return paths
}

// Command returns the command that runs a program of Prometheus or Alertmanager. It has a low priority, because tests
// with deadlines run at the same time, and collects garbage rarely, which saves a sixth of promtool's time.
func Command(t testing.TB, program string, args ...string) *exec.Cmd {
	t.Helper()
	command := exec.CommandContext(t.Context(), "nice", append([]string{"-n", "10", program}, args...)...)
	command.Env = append(os.Environ(), "GOGC=400")
	return command
}

func existing(path string) string {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return ""
	}
	if _, err := os.Stat(absolute); err != nil {
		return ""
	}
	return absolute
}

// Read returns the content of a file.
func Read(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// FreeAddress returns an unused loopback address.
func FreeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Golden compares the result of a test with a golden file, or writes the file if update is set.
func Golden(t testing.TB, update bool, path, got string) {
	t.Helper()
	if update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("-want +got (make golden updates it):\n%s", diff)
	}
}
