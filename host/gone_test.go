package host

import (
	"os"
	"testing"

	"github.com/prometheus/procfs"
)

// TestGone: a process or a /proc that is gone during the reading is unknown, never something else.
func TestGone(t *testing.T) {
	dir := t.TempDir()
	proc, err := procfs.NewFS(dir)
	if err != nil {
		t.Fatal(err)
	}
	gone, err := procfs.NewProc(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	gone.PID = 1 << 30
	h := &Host{proc: proc, config: Config{Procfs: dir}}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if p, err := h.Daemon(Query{PidFile: dir + "/pid"}); err == nil {
		t.Errorf("found %+v", p)
	}
	if all, err := h.Running(); err == nil {
		t.Errorf("running: %+v", all)
	}
	if m := h.mountPoint("/var"); m != "" {
		t.Errorf("mount point %s", m)
	}
	if u := unit(gone); u != "" || h.contained(gone, procfs.ProcStatus{}) {
		t.Errorf("unit %q of no process, contained %t", u, h.contained(gone, procfs.ProcStatus{}))
	}
	if cores, err := parseCPUMax("x 100000"); err == nil {
		t.Errorf("%g cores", cores)
	}
	if pid := readPid(dir + "/pid"); pid != 0 {
		t.Errorf("pid %d", pid)
	}
}
