package systemtest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"raptoreum_exporter/internal/harness"
)

const (
	name = "raptoreum_exporter"
	// daemonName is a name of this test binary when it plays raptoreumd, which heal finds among all processes.
	daemonName = "raptoreumd"
)

// binary is the path of the program, built once.
var binary string

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == daemonName {
		time.Sleep(time.Minute)
		return
	}
	dir, err := os.MkdirTemp("", "raptoreum_exporter-systemtest-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, name)
	code := 1
	if out, err := exec.Command("go", "build", "-o", binary, "..").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
	} else {
		code = m.Run()
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

// result is the output and exit code of the program.
type result struct {
	stdout, stderr string
	code           int
}

// run runs the program.
func run(t *testing.T, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Stdout, cmd.Stderr, cmd.Env = &stdout, &stderr, append(os.Environ(), "HOME="+t.TempDir())
	if err := cmd.Run(); err != nil {
		if _, ok := errors.AsType[*exec.ExitError](err); !ok {
			t.Fatal(err)
		}
	}
	r := result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
	for _, secret := range []string{harness.Password, harness.BLSKey} {
		if strings.Contains(r.stdout+r.stderr, secret) {
			t.Errorf("%q prints a secret:\n%s%s", args, r.stdout, r.stderr)
		}
	}
	return r
}
