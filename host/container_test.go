package host_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"

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
		pidFile   string
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
		{"two containers", []at{{20, mounted, 1}, {21, mounted, 1}}, "", 0, false, host.ErrSeveral},
		{"two containers, one with the pid in the pid file", []at{{20, mounted, 1}, {21, mounted, 8}}, "8\n", 21, false, nil},
		{"outside, other paths", []at{{20, mounted, 0}}, "", 0, false, host.ErrAnother},
	} {
		dir := t.TempDir()
		write(t, dir, map[string]string{"one/raptoreumd.pid": test.pidFile, "proc/1/cmdline": "/sbin/init\x00"})
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
