package host_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"raptoreum_exporter/host"
)

// sleeping, when set in the environment, makes the test binary wait, in place of raptoreumd.
const sleeping = "HOST_TEST_SLEEP"

// blocked as its value makes the test binary wait in state D, like one that waits for the disk.
const blocked = "blocked"

func TestMain(m *testing.M) {
	switch os.Getenv(sleeping) {
	case "":
	case blocked:
		// The kernel makes the parent wait for the exit of its child.
		child, _, _ := syscall.RawSyscall6(syscall.SYS_CLONE, syscall.CLONE_VFORK|uintptr(syscall.SIGCHLD), 0, 0, 0, 0, 0)
		if child == 0 {
			minute := syscall.Timespec{Sec: 60}
			_, _, _ = syscall.RawSyscall(syscall.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&minute)), 0, 0)
			_, _, _ = syscall.RawSyscall(syscall.SYS_EXIT_GROUP, 0, 0, 0)
		}
		os.Exit(0)
	default:
		_, _ = os.Stdin.Read(make([]byte, 1)) // ends with the test that holds the other end
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// write creates files below dir.
func write(tb testing.TB, dir string, files map[string]string) {
	tb.Helper()
	for name, content := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
}

// newHost returns a Host on dir/proc and dir/cgroup with home directories in dir/home/UID. It adds
// the "self" that New requires.
func newHost(tb testing.TB, dir string) *host.Host {
	tb.Helper()
	write(tb, dir, map[string]string{"proc/self": ""})
	h, err := host.New(host.Config{
		Procfs:   filepath.Join(dir, "proc"),
		Cgroupfs: filepath.Join(dir, "cgroup"),
		Home: func(uid uint64) (string, error) {
			if uid == 0 {
				return "", errors.New("unknown user")
			}
			return filepath.Join(dir, "home", strconv.FormatUint(uid, 10)), nil
		},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return h
}

func TestNew(t *testing.T) {
	empty := t.TempDir()
	file := filepath.Join(empty, "file")
	write(t, empty, map[string]string{"file": ""})
	for name, tc := range map[string]struct {
		procfs string
		ok     bool
	}{
		"default":       {"", true},
		"missing":       {filepath.Join(empty, "missing"), false},
		"a file":        {file, false},
		"other folder":  {empty, false},
		"the real proc": {"/proc", true},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := host.New(host.Config{Procfs: tc.procfs})
			if (err == nil) != tc.ok {
				t.Fatalf("got error %v, want ok %v", err, tc.ok)
			}
			if err != nil && !strings.Contains(err.Error(), tc.procfs+" is not a proc file system: ") {
				t.Errorf("%q does not say what is not a proc file system", err)
			}
		})
	}
}

func TestDatadir(t *testing.T) {
	broken := errors.New("broken")
	h, err := host.New(host.Config{Statfs: func(path string) (free, size uint64, err error) {
		if path != "/data" {
			return 0, 0, broken
		}
		return 3, 7, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := h.Datadir("/data")
	if diff := cmp.Diff(host.Space{Free: 3, Size: 7}, got); diff != "" || err != nil {
		t.Errorf("error %v, -want +got:\n%s", err, diff)
	}
	if _, err := h.Datadir("/other"); !errors.Is(err, broken) || !strings.Contains(err.Error(), "/other") {
		t.Errorf("got %v, want the path and the cause", err)
	}
}

func TestDatadirReal(t *testing.T) {
	h, err := host.New(host.Config{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	got, err := h.Datadir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		t.Fatal(err)
	}
	if want := s.Blocks * uint64(s.Frsize); got.Size != want || got.Free == 0 || got.Free > got.Size {
		t.Errorf("got %+v, want size %d and some of it free", got, want)
	}
	if _, err := h.Datadir(filepath.Join(dir, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want fs.ErrNotExist", err)
	}
}
