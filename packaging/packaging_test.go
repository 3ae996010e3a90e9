// Package packaging_test checks the installed files with the program and with the tools that read them.
package packaging_test

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"raptoreum_exporter/internal/child"
	"raptoreum_exporter/internal/tools"
)

// built is the program, built once for all tests.
var built = struct {
	once sync.Once
	path string
	err  error
}{}

// TestMain skips all tests with -short, because each runs other programs.
func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() {
		os.Exit(0)
	}
	code := m.Run()
	if built.path != "" {
		_ = os.RemoveAll(filepath.Dir(built.path))
	}
	os.Exit(code)
}

// exporter returns the path of the program.
func exporter(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		dir, err := os.MkdirTemp("", "packaging")
		if err != nil {
			built.err = err
			return
		}
		built.path = filepath.Join(dir, "raptoreum_exporter")
		build := exec.Command("go", "build", "-o", built.path, "..")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			built.err = errors.New(string(out))
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.path
}

// write writes a file with mode 0600 and returns its path.
func write(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// run runs a program and returns its output. The test fails if the program fails.
func run(t *testing.T, program string, args ...string) string {
	t.Helper()
	return runIn(t, "", program, args...)
}

// runIn is like run, in a folder.
func runIn(t *testing.T, dir, program string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, args...)
	command.Dir = dir
	out, err := command.CombinedOutput()
	if err != nil {
		t.Errorf("%s %s: %v\n%s", filepath.Base(program), strings.Join(args, " "), err, out)
	}
	return string(out)
}

// unlessCI skips a test with a reason. On CI the test fails.
func unlessCI(t *testing.T, reason string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

// needs skips a test if a program is missing. .ci/run installs it.
func needs(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		unlessCI(t, "no "+program)
	}
}

// serving runs the program on a free loopback port until the test ends, without outbound requests.
func serving(t *testing.T, args ...string) (address string, command *exec.Cmd, ended <-chan struct{}) {
	t.Helper()
	address = tools.FreeAddress(t)
	command = exec.CommandContext(t.Context(), exporter(t), append([]string{
		"--web.listen-address=" + address, "--no-collector.explorer", "--no-collector.release",
	}, args...)...)
	command.Env = append(os.Environ(), "HOME="+t.TempDir())
	var log bytes.Buffer
	command.Stderr = &log
	ended, err := child.Start(command)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { <-ended }) // t.Context() is done before
	for range 100 {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
			return address, command, ended
		}
		select {
		case <-ended:
			t.Fatalf("the exporter does not start:\n%s", log.String())
		case <-time.After(100 * time.Millisecond):
		}
	}
	t.Fatal("the exporter is not listening")
	return address, command, ended
}

// get returns the status and the body of a page.
func get(t *testing.T, client *http.Client, url, user, password string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if user != "" {
		request.SetBasicAuth(user, password)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}
