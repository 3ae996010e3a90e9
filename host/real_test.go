package host_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"raptoreum_exporter/host"
)

// start runs this test binary as raptoreumd until the test ends.
func start(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "raptoreumd")
	if err := os.Symlink(self, binary); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "-datadir="+dir)
	cmd.Env = append(os.Environ(), sleeping+"=1")
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	waitFor(t, cmd.Process.Pid, func(cmdline []byte) bool { return len(cmdline) > 0 }) // set a little after exec
	return cmd
}

// waitFor waits until the command line of a process is as wanted.
func waitFor(t *testing.T, pid int, wanted func(cmdline []byte) bool) {
	t.Helper()
	file := filepath.Join("/proc", strconv.Itoa(pid), "cmdline")
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		cmdline, err := os.ReadFile(file)
		if err == nil && wanted(cmdline) {
			return
		}
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("got command line %q, error %v", cmdline, err)
		}
	}
}

// TestDaemonReal finds a real process. Other raptoreumd may run on this machine: its -datadir
// distinguishes them, and once it has exited only its pid is compared.
func TestDaemonReal(t *testing.T) {
	dir := t.TempDir()
	cmd := start(t, dir)
	pid := cmd.Process.Pid
	write(t, dir, map[string]string{"raptoreumd.pid": strconv.Itoa(pid) + "\n"})

	h, err := host.New(host.Config{})
	if err != nil {
		t.Fatal(err)
	}
	byFile := host.Query{PidFile: filepath.Join(dir, "raptoreumd.pid"), Datadir: dir}
	byScan := host.Query{Datadir: dir, Conf: filepath.Join(dir, "raptoreum.conf")}
	for name, q := range map[string]host.Query{"pid file": byFile, "scan": byScan} {
		if p, err := h.Daemon(q); err != nil || p.PID != pid {
			t.Errorf("%s: got %+v and error %v, want pid %d", name, p, err, pid)
		}
	}

	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	notFound := func(when string) {
		for name, q := range map[string]host.Query{"pid file": byFile, "scan": byScan} {
			p, err := h.Daemon(q)
			if p.PID == pid {
				t.Errorf("%s, %s: still got %+v", when, name, p)
			} else if err != nil && !errors.Is(err, host.ErrNotRunning) && !errors.Is(err, host.ErrSeveral) {
				t.Errorf("%s, %s: got error %v", when, name, err)
			}
		}
	}
	waitFor(t, pid, func([]byte) bool { // a zombie until it is waited for; its command line is empty a little earlier
		stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
		return err == nil && strings.Contains(string(stat), ") Z ")
	})
	notFound("zombie")
	_ = cmd.Wait()
	notFound("reaped")
}

// TestDaemonRealUsers: the only daemon is found, whether or not its user is in the user database.
func TestDaemonRealUsers(t *testing.T) {
	for _, uid := range []int{os.Getuid(), 1<<31 - 7} {
		dir := t.TempDir()
		process{pid: 7, args: "raptoreumd", uid: uid}.write(t, dir)
		write(t, dir, map[string]string{"proc/self": ""})
		h, err := host.New(host.Config{Procfs: filepath.Join(dir, "proc")})
		if err != nil {
			t.Fatal(err)
		}
		if p, err := h.Daemon(host.Query{}); err != nil || p.PID != 7 {
			t.Errorf("uid %d: got %+v and error %v, want pid 7", uid, p, err)
		}
	}
}
