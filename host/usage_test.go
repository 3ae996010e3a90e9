package host_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"raptoreum_exporter/host"
)

// TestUsage reads what this process uses, twice: the second time its start is known.
func TestUsage(t *testing.T) {
	h, err := host.New(host.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		u := h.Usage(host.Process{PID: os.Getpid()})
		if u.CPUSeconds == nil || u.OpenFiles == nil || *u.OpenFiles < 3 || u.MaxFiles == nil || u.MaxVirtualMemory == nil ||
			u.VirtualMemory == nil || u.ResidentMemory == nil || *u.ResidentMemory < 1<<20 {
			t.Fatalf("%+v", u)
		}
		started := time.Unix(int64(*u.StartTime), 0)
		if age := time.Since(started); age < -2*time.Second || age > time.Hour {
			t.Errorf("started %s", started)
		}
	}
	all, own := h.Usage(host.Process{PID: os.Getpid()}), h.OwnUsage()
	if math.Abs(*own.CPUSeconds-*all.CPUSeconds) > 0.5 || *own.StartTime != *all.StartTime || *own.OpenFiles != *all.OpenFiles || *own.MaxFiles != *all.MaxFiles ||
		math.Abs(float64(*own.ResidentMemory-*all.ResidentMemory)) > 4<<20 || math.Abs(float64(*own.VirtualMemory)-float64(*all.VirtualMemory)) > 256<<20 {
		t.Errorf("as any process %+v, as this one %+v", all, own)
	}
	if u := h.Usage(host.Process{PID: 1 << 30}); u != (host.Usage{}) {
		t.Errorf("of no process: %+v", u)
	}
}

// stat is /proc/PID/stat of a process that started so many clock ticks after boot, with 3 s of CPU time.
func stat(pid, start int) string {
	return fmt.Sprintf("%d (raptoreumd) S 1 1 1 0 -1 4194304 0 0 0 0 100 200 0 0 20 0 9 0 %d 4096 2"+strings.Repeat(" 0", 28), pid, start)
}

// TestOwnUsage: in a container that mounts the proc of the host, our pid there is another one.
func TestOwnUsage(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"proc/stat":                              "btime 1000\n",
		"proc/4242/stat":                         stat(4242, 500),
		fmt.Sprintf("proc/%d/stat", os.Getpid()): stat(os.Getpid(), 100),
		fmt.Sprintf("proc/%d/fd/0", os.Getpid()): "",
		"proc/4242/fd/0":                         "", "proc/4242/fd/1": "",
		"proc/4242/statm": "300 200 100 10 0 50 0\n",
	})
	if err := os.Symlink("4242", filepath.Join(dir, "proc/self")); err != nil {
		t.Fatal(err)
	}
	h, err := host.New(host.Config{Procfs: filepath.Join(dir, "proc")})
	if err != nil {
		t.Fatal(err)
	}
	u := h.OwnUsage()
	if u.OpenFiles == nil || *u.OpenFiles != 2 || u.StartTime == nil || *u.StartTime != 1005 || u.CPUSeconds == nil {
		t.Fatalf("%+v", u)
	}
	if page := os.Getpagesize(); *u.VirtualMemory != uint64(300*page) || *u.ResidentMemory != 200*page {
		t.Errorf("%d and %d bytes of memory", *u.VirtualMemory, *u.ResidentMemory)
	}
	if u.MaxFiles == nil || *u.MaxFiles < 3 || u.MaxVirtualMemory == nil {
		t.Errorf("limits: %+v", u)
	}
	if err := os.Remove(filepath.Join(dir, "proc/self")); err != nil {
		t.Fatal(err)
	}
	if u := h.OwnUsage(); u != (host.Usage{}) {
		t.Errorf("without self: %+v", u)
	}
}

// TestDaemonAgain: the process of the pid file is compared once, and again when another one has its pid.
func TestDaemonAgain(t *testing.T) {
	dir := t.TempDir()
	process{pid: 21, args: "raptoreumd -datadir=/one"}.write(t, dir)
	write(t, dir, map[string]string{"proc/21/stat": stat(21, 100), "pid": "21\n"})
	h := newHost(t, dir)
	q := host.Query{PidFile: filepath.Join(dir, "pid"), Datadir: "/one"}
	if p, err := h.Daemon(q); err != nil || p.PID != 21 || !p.Certain {
		t.Fatalf("%+v, %v", p, err)
	}
	write(t, dir, map[string]string{"proc/21/cmdline": "sleep\x00", "proc/21/comm": "sleep\n"})
	if p, err := h.Daemon(q); err != nil || p.PID != 21 || !p.Certain {
		t.Errorf("read again: %+v, %v", p, err)
	}
	if p, err := h.Daemon(host.Query{PidFile: q.PidFile, Datadir: "/two"}); err == nil {
		t.Errorf("of another node: %+v", p)
	}
	write(t, dir, map[string]string{"proc/21/stat": stat(21, 101)})
	if p, err := h.Daemon(q); err == nil {
		t.Errorf("another process: %+v", p)
	}
}
