package host_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"raptoreum_exporter/host"
)

// thread is /proc/PID/stat or that of a thread, with a state, major faults and clock ticks of waiting for block I/O.
func thread(tid int, state string, faults, delay int) string {
	return fmt.Sprintf("%d (raptoreum-init) %s 1 1 1 0 -1 4194304 0 0 %d 0 100 200 0 0 20 0 9 0 50 4096 2"+strings.Repeat(" 0", 17)+" %d"+strings.Repeat(" 0", 10), tid, state, faults, delay)
}

func TestDisk(t *testing.T) {
	const io = "rchar: 9\nwchar: 9\nsyscr: 9\nsyscw: 9\nread_bytes: 4096\nwrite_bytes: 8192\ncancelled_write_bytes: 5\n"
	process := map[string]string{"stat": thread(7, "S", 12, 1), "task/7/stat": thread(7, "S", 5, 1), "task/8/stat": thread(8, "D", 7, 50), "task/9/stat": thread(9, "D", 0, 0)}
	for _, test := range []struct {
		name    string
		files   map[string]string // "": does not exist
		want    host.Disk
		wantErr bool
	}{
		{name: "io is not readable", want: host.Disk{Blocked: 2, MajorFaults: 12, DelaySeconds: 0.51}},
		{name: "with io", files: map[string]string{"io": io}, want: host.Disk{Blocked: 2, MajorFaults: 12, DelaySeconds: 0.51, Bytes: new(uint64(12288))}},
		{name: "io is damaged", files: map[string]string{"io": "rchar: x\n"}, want: host.Disk{Blocked: 2, MajorFaults: 12, DelaySeconds: 0.51}},
		{name: "a thread has ended", files: map[string]string{"task/8/stat": "", "task/8/x": "x"}, want: host.Disk{Blocked: 1, MajorFaults: 12, DelaySeconds: 0.01}},
		{name: "the process has ended", files: map[string]string{"stat": ""}, wantErr: true},
	} {
		dir := t.TempDir()
		for _, files := range []map[string]string{process, test.files} {
			for name, content := range files {
				write(t, dir, map[string]string{"proc/7/" + name: content})
				if content == "" {
					if err := os.Remove(filepath.Join(dir, "proc/7", name)); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		got, err := newHost(t, dir).Disk(host.Process{PID: 7})
		if diff := cmp.Diff(test.want, got); diff != "" || (err != nil) != test.wantErr {
			t.Errorf("%s: error %v, -want +got:\n%s", test.name, err, diff)
		}
	}
	dir := t.TempDir()
	write(t, dir, map[string]string{"proc/7/stat": thread(7, "S", 0, 0)})
	if d, err := newHost(t, dir).Disk(host.Process{PID: 7}); err == nil {
		t.Errorf("threads unknown: %+v", d)
	}
}

// TestDiskReal: a thread whose child has its memory until it exits (vfork) waits in state D, and one that sleeps does not.
func TestDiskReal(t *testing.T) {
	h, err := host.New(host.Config{})
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for how, want := range map[string]int{"1": 0, blocked: 1} {
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), sleeping+"="+how)
		if _, err := cmd.StdinPipe(); err != nil {
			t.Fatal(err)
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // its child has to end with it
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() {
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			_ = cmd.Wait()
		}()
		var d host.Disk
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
			if d, err = h.Disk(host.Process{PID: cmd.Process.Pid}); err != nil || d.Bytes == nil && os.Geteuid() == 0 {
				t.Fatalf("%+v, %v", d, err)
			}
			if d.Blocked == want {
				break
			}
		}
		if d.Blocked != want {
			t.Errorf("%s: %d threads in state D, want %d", how, d.Blocked, want)
		}
	}
}
