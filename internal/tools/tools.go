// Package tools is what tests of several packages share: it finds the programs of Prometheus and
// Alertmanager and free addresses, and compares with expected files.
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

// Find returns the paths of a program: of the pinned version below root, else where it is installed, and
// of the oldest supported version. Without any the test is skipped, which on CI is a failure.
func Find(t testing.TB, root, program string) (paths []string) {
	t.Helper()
	installed, _ := exec.LookPath(program) // not there is fine
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
		t.Fatalf("no %s; make %s first", program, ".bin/"+program)
	default:
		t.Skipf("no %s: make rules builds it", program)
	}
	return paths
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

// FreeAddress returns an address of loopback where nobody listens.
func FreeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Golden compares what a test got with a file, or writes that when update is set.
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
		t.Errorf("-want +got (make golden writes it anew):\n%s", diff)
	}
}
