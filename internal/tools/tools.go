// Package tools finds the programs of Prometheus and Alertmanager for tests.
package tools

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
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
