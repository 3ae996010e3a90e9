package setup_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"raptoreum_exporter/setup"
)

// The environment of this test binary as a setup that kills itself before a change.
const (
	killAt   = "SETUP_TEST_KILL_AT"
	killRoot = "SETUP_TEST_ROOT"
	killUndo = "SETUP_TEST_UNDO"
)

// killed runs setup and sends SIGKILL to itself before the change of a number.
func killed() {
	at, _ := strconv.Atoi(os.Getenv(killAt))
	m := &machine{TB: &testing.T{}, root: os.Getenv(killRoot)}
	step := 0
	_, _, err := m.run(func(c *setup.Config) {
		c.Undo = os.Getenv(killUndo) != ""
		c.System.Step = func(string) error {
			if step++; step == at {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			}
			return nil
		}
	})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(0)
}

// kill runs setup in another process, and reports whether it was killed.
func (m *machine) kill(at int, undo string) bool {
	m.Helper()
	self, err := os.Executable()
	if err != nil {
		m.Fatal(err)
	}
	command := exec.Command(self)
	command.Env = append(os.Environ(), killAt+"="+strconv.Itoa(at), killRoot+"="+m.root, killUndo+"="+undo)
	out, err := command.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Sys().(syscall.WaitStatus).Signaled() {
		return true
	}
	if err != nil {
		m.Fatalf("%v\n%s", err, out)
	}
	return false
}

// stopped adds a raptoreumd with a password and one with a cookie. They do not answer, which is quick.
func stopped(t testing.TB) *machine {
	m := newMachine(t)
	m.one("1")
	m.write("/home/rtm2/.raptoreumcore/raptoreum.conf", "rpcport=1\n")
	m.process(200, 1002, "/x")
	return m
}

// TestKilled: a kill -9 before each change leaves every file old or new; then --undo takes everything back, and
// another run completes it.
func TestKilled(t *testing.T) {
	t.Parallel()
	m := stopped(t)
	before := m.files()
	for at := 1; ; at++ {
		if !m.kill(at, "") {
			t.Logf("%d changes", at-1)
			break
		}
		m.whole(t, at)
		m.must(undo)
		if m.same(before, fmt.Sprint("killed at ", at)); t.Failed() {
			return
		}
		m.kill(at, "")
		m.must(nil)
		if out := m.must(nil); !strings.Contains(out, "Nothing to change.") {
			t.Fatalf("killed at %d: the second run after it:\n%s", at, out)
		}
		m.must(undo)
		if m.same(before, fmt.Sprint("killed at, and completed ", at)); t.Failed() {
			return
		}
	}
	for at := 1; m.kill(at, "yes"); at++ { // the installation is complete
		m.whole(t, at)
		m.must(undo)
		if m.same(before, fmt.Sprint("undo killed at ", at)); t.Failed() {
			return
		}
		m.must(nil)
	}
	m.same(before, "undo")
}

// whole fails if a file has a part of its content only.
func (m *machine) whole(t *testing.T, at int) {
	t.Helper()
	for _, name := range []string{"/etc/raptoreum_exporter/rtm1/flags", "/etc/raptoreum_exporter/rtm1/rpcpassword", "/home/rtm2/.raptoreumcore/raptoreum.conf"} {
		if m.exists(name) && !strings.HasSuffix(m.read(name), "\n") {
			t.Errorf("killed at %d: %s has %q", at, name, m.read(name))
		}
	}
	if !m.exists("/home/rtm2/.raptoreumcore/raptoreum.conf") || !strings.HasSuffix(m.read("/home/rtm2/.raptoreumcore/raptoreum.conf"), "rpcport=1\n") {
		t.Errorf("killed at %d: raptoreum.conf was lost", at)
	}
}

// TestDiskFull: an error before each change leaves the machine as it was.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	m := stopped(t)
	before := m.files()
	for at := 1; ; at++ {
		step := 0
		full := func(c *setup.Config) {
			c.System.Step = func(what string) error {
				if step++; step == at {
					return fmt.Errorf("%s: %w", what, syscall.ENOSPC)
				}
				return nil
			}
		}
		out, _, err := m.run(full)
		if step < at {
			break
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("step %d: %v\n%s", at, err, out)
		}
		if m.same(before, fmt.Sprintf("full at %d: %v", at, err)); t.Failed() {
			return
		}
	}
	after := m.files()
	for at := 1; ; at++ {
		step := 0
		_, _, err := m.run(func(c *setup.Config) {
			c.Undo = true
			c.System.Step = func(what string) error {
				if step++; step == at {
					return syscall.ENOSPC
				}
				return nil
			}
		})
		if step < at {
			break
		}
		if err == nil {
			t.Fatalf("undo, step %d: no error", at)
		}
		if strings.Contains(err.Error(), "Nothing was changed") {
			m.same(after, fmt.Sprintf("undo, full at %d", at))
		} else {
			m.must(undo)
			m.same(before, fmt.Sprintf("undo, full at %d", at))
			m.must(nil)
			after = m.files()
		}
		if t.Failed() {
			return
		}
	}
	m.same(before, "undo")
}
