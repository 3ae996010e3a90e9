package host_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"raptoreum_exporter/host"
)

// TestRunning: all raptoreumd with what their command lines and cgroups say.
func TestRunning(t *testing.T) {
	dir := t.TempDir()
	for pid, p := range map[string]struct{ args, cgroup, namespace string }{
		"7":  {"raptoreumd -datadir=/d --conf=c -daemon -rpcport=1", "0::/system.slice/my.service\n", "pid:[1]"},
		"8":  {"raptoreumd", "0::/user.slice/user-1.slice/user@1.service/app.slice/x.service\n", "pid:[2]"},
		"9":  {"raptoreum-cli stop", "0::/\n", "pid:[1]"},
		"10": {"/opt/raptoreumd", "0::/system.slice/system-x.slice/x@1.service\n", "pid:[1]"},
	} {
		process{pid: 1, args: p.args}.write(t, filepath.Join(dir, "unused"))
		data, err := os.ReadFile(filepath.Join(dir, "unused/proc/1/cmdline"))
		if err != nil {
			t.Fatal(err)
		}
		write(t, dir, map[string]string{
			"proc/" + pid + "/cmdline": string(data), "proc/" + pid + "/comm": "x\n", "proc/" + pid + "/cgroup": p.cgroup,
			"proc/" + pid + "/status": "Name:\tx\nTgid:\t" + pid + "\nUid:\t1\t1\t1\t1\nGid:\t2\t2\t2\t2\n",
		})
		link(t, filepath.Join(dir, "proc", pid, "ns/pid"), p.namespace)
	}
	h := newHost(t, dir)
	if err := os.Remove(filepath.Join(dir, "proc/self")); err != nil {
		t.Fatal(err)
	}
	link(t, filepath.Join(dir, "proc/self/ns/pid"), "pid:[1]")
	got, err := h.Running()
	if err != nil {
		t.Fatal(err)
	}
	want := []host.Running{
		{PID: 7, UID: 1, GID: 2, Datadir: "/d", Conf: "c", Unit: "my.service", Options: map[string]string{"datadir": "/d", "conf": "c", "rpcport": "1"}},
		{PID: 8, UID: 1, GID: 2, Container: true, Options: map[string]string{}},
		{PID: 10, UID: 1, GID: 2, Unit: "x@1.service", Options: map[string]string{}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func link(t *testing.T, name, to string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(to, name); err != nil {
		t.Fatal(err)
	}
}

// TestDatadirOfAnother: below a home that this user may not enter, the mount point has the space.
func TestDatadirOfAnother(t *testing.T) {
	for path, want := range map[string]string{"/home/rtm/.raptoreumcore": "/home", "/homes/x": "/", "/home": "/home"} {
		dir := t.TempDir()
		write(t, dir, map[string]string{"proc/7/mountinfo": "1 0 8:1 / / rw - ext4 a rw\n2 1 8:2 / /home rw - ext4 b rw\n3 1 8:3 / /srv rw - ext4 c rw\n"})
		link(t, filepath.Join(dir, "proc/self"), "7")
		asked := ""
		h, err := host.New(host.Config{Procfs: filepath.Join(dir, "proc"), Statfs: func(p string) (free, size uint64, err error) {
			if asked == "" {
				asked = p
				return 0, 0, fs.ErrPermission
			}
			asked = p
			return 1, 2, nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		if space, err := h.Datadir(path); err != nil || space.Size != 2 || asked != want {
			t.Errorf("%s: %v %v of %s, want that of %s", path, space, err, asked, want)
		}
	}
}
