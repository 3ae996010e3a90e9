package host_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"raptoreum_exporter/host"
)

// TestDaemonInContainer: a container has its own paths and pids, so a raptoreumd in one may be ours whatever its arguments
// say, and is never certain to be.
func TestDaemonInContainer(t *testing.T) {
	const mounted = "raptoreumd -datadir=/data -conf=/data/raptoreum.conf"
	type at struct {
		pid   int
		args  string
		inner int // pid in its container; 0: it runs in none
	}
	for _, test := range []struct {
		name      string
		processes []at
		pidFile   string // "-": there is none
		want      int
		certain   bool
		err       error
	}{
		{"other paths", []at{{20, mounted, 1}}, "", 20, false, nil},
		{"other paths, its pid file", []at{{20, mounted, 7}}, "7\n", 20, false, nil},
		{"the pid file of another node", []at{{20, mounted, 1}}, "7\n", 0, false, host.ErrAnother},
		{"no arguments", []at{{20, "raptoreumd", 1}}, "", 20, false, nil},
		{"our paths", []at{{20, "raptoreumd -datadir=$DIR/one", 1}}, "", 20, false, nil},
		{"our paths, and its pid here in the pid file by chance", []at{{20, "raptoreumd -datadir=$DIR/one", 1}}, "20\n", 20, false, nil},
		{"our paths, beside another", []at{{20, "raptoreumd -datadir=$DIR/one", 1}, {21, mounted, 1}}, "", 20, false, nil},
		{"ours runs outside", []at{{20, mounted, 1}, {21, "raptoreumd -datadir=$DIR/one", 0}}, "", 21, true, nil},
		{"ours runs outside, by its pid file", []at{{20, mounted, 1}, {21, "raptoreumd", 0}}, "21\n", 21, true, nil},
		{"its pid file is elsewhere", []at{{20, mounted + " -pid=/run/x", 1}}, "-", 20, false, nil},
		{"our pid file is removed", []at{{20, mounted, 1}}, "-", 0, false, host.ErrAnother},
		{"two containers", []at{{20, mounted, 1}, {21, mounted, 1}}, "", 0, false, host.ErrSeveral},
		{"two containers, one with the pid in the pid file", []at{{20, mounted, 1}, {21, mounted, 8}}, "8\n", 21, false, nil},
		{"outside, other paths", []at{{20, mounted, 0}}, "", 0, false, host.ErrAnother},
	} {
		dir := t.TempDir()
		write(t, dir, map[string]string{"one/raptoreumd.pid": test.pidFile, "proc/1/cmdline": "/sbin/init\x00"})
		if test.pidFile == "-" {
			if err := os.Remove(filepath.Join(dir, "one/raptoreumd.pid")); err != nil {
				t.Fatal(err)
			}
		}
		h := newHost(t, dir)
		for _, p := range test.processes {
			process{pid: p.pid, args: p.args}.write(t, dir)
			if p.inner > 0 {
				write(t, dir, map[string]string{fmt.Sprintf("proc/%d/status", p.pid): fmt.Sprintf("Name:\tx\nTgid:\t%[1]d\nUid:\t1\t1\t1\t1\nNSpid:\t%[1]d\t%[2]d\n", p.pid, p.inner)})
			}
		}
		one := filepath.Join(dir, "one")
		got, err := h.Daemon(host.Query{PidFile: one + "/raptoreumd.pid", Datadir: one, Conf: one + "/raptoreum.conf"})
		if got.PID != test.want || got.Certain != test.certain || !errors.Is(err, test.err) {
			t.Errorf("%s: pid %d, certain %t, %v, want %d, %t, %v", test.name, got.PID, got.Certain, err, test.want, test.certain, test.err)
		}
	}
}

// TestPidFileOfAnotherStart: in most containers the pid is 1, but each writes its pid file when it starts.
func TestPidFileOfAnotherStart(t *testing.T) {
	dir := t.TempDir()
	h := newHost(t, dir)
	pidFile := filepath.Join(dir, "one/raptoreumd.pid")
	write(t, dir, map[string]string{
		"one/raptoreumd.pid": "1\n", "proc/1/cmdline": "/sbin/init\x00", "proc/stat": "btime 1000000000\n",
	})
	process{pid: 20, args: "raptoreumd -datadir=/data"}.write(t, dir)
	write(t, dir, map[string]string{
		"proc/20/status": "Name:\tx\nTgid:\t20\nUid:\t1\t1\t1\t1\nNSpid:\t20\t1\n",
		"proc/20/stat":   "20 (raptoreumd) S 1 20 20 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 5000 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
	})
	for after, want := range map[time.Duration]int{10 * time.Second: 20, -time.Hour: 0, time.Hour: 0} {
		at := time.Unix(1000000050, 0).Add(after) // the process started 50 s after the boot
		if err := os.Chtimes(pidFile, at, at); err != nil {
			t.Fatal(err)
		}
		if got, err := h.Daemon(host.Query{PidFile: pidFile, Datadir: dir + "/one"}); got.PID != want || (want == 0) != errors.Is(err, host.ErrAnother) {
			t.Errorf("written %s after the start: pid %d, %v, want %d", after, got.PID, err, want)
		}
	}
}
