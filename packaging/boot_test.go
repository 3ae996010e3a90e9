//go:build deb

package packaging_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"raptoreum_exporter/internal/child"
	"raptoreum_exporter/internal/tools"
)

// bootScript runs systemd as pid 1 of its own namespaces, with the folder $1 as root and a cgroup of its own. It has
// no network but loopback.
const bootScript = `set -eu
mount --make-rprivate /
mount --bind "$1" "$1"
mount -t proc proc "$1/proc"
mount -t sysfs sysfs "$1/sys"
mount -t cgroup2 cgroup2 "$1/sys/fs/cgroup"
for dir in run tmp dev; do mount -t tmpfs -o mode=755 tmpfs "$1/$dir"; done
chmod 1777 "$1/tmp"
for device in null zero full random urandom tty; do touch "$1/dev/$device"; mount --bind "/dev/$device" "$1/dev/$device"; done
mkdir "$1/dev/shm" "$1/dev/pts" "$1/.old"
ln -s /proc/self/fd "$1/dev/fd"
ln -s pts/ptmx "$1/dev/ptmx"
touch "$1/dev/console"
ip link set lo up
cd "$1"
pivot_root . .old
umount -l /.old
rmdir /.old
mount --make-rshared /
mount -t proc proc /proc
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --log-target=journal --unit=multi-user.target
`

// booted is a machine in which systemd runs.
type booted struct {
	machine
	pid int // of systemd
}

// watcherRoot returns a root folder with systemd, Prometheus and Alertmanager, made once.
func watcherRoot(t *testing.T) machine {
	t.Helper()
	m := newMachine(t)
	cached, err := filepath.Abs("../.bin/root-watcher")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(cached); err != nil {
		run(t, "cp", "/etc/resolv.conf", m.path("/etc/resolv.conf"))
		if strings.Contains(tools.Read(t, "/etc/os-release"), "\nID=ubuntu\n") {
			run(t, "sed", "-i", "s/ main$/ main universe/", m.path("/etc/apt/sources.list"))
		}
		out, err := exec.CommandContext(t.Context(), "unshare", "--mount", "sh", "-euc", `mount -t proc proc "$1/proc"
			chroot "$1" sh -euc 'export DEBIAN_FRONTEND=noninteractive; apt-get -qq update; apt-get -qq install --no-install-recommends systemd dbus prometheus prometheus-alertmanager; apt-get clean'`, "sh", string(m)).CombinedOutput()
		if err != nil {
			unlessCI(t, "no packages of Debian: "+string(out))
		}
		run(t, "cp", "-a", "--reflink=auto", string(m), cached+".new")
		if err := os.Rename(cached+".new", cached); err != nil {
			t.Fatal(err)
		}
		return m
	}
	run(t, "rm", "-rf", string(m))
	run(t, "cp", "-a", "--reflink=auto", cached, string(m))
	return m
}

// boot starts systemd in m until the test ends.
func (m machine) boot(t *testing.T) booted {
	t.Helper()
	cgroup := "/sys/fs/cgroup"
	if _, err := os.Stat(cgroup + "/unified"); err == nil {
		cgroup += "/unified"
	}
	cgroup += "/raptoreum-setup-" + strconv.Itoa(os.Getpid())
	if err := os.Mkdir(cgroup, 0o755); err != nil {
		t.Skip("no writable cgroup2:", err)
	}
	command := exec.CommandContext(t.Context(), "sh", "-euc", `echo $$ >"$2/cgroup.procs"
		exec unshare --mount --pid --fork --uts --ipc --net --cgroup --kill-child sh -c "$3" sh "$1"`, "sh", string(m), cgroup, bootScript)
	ended, err := child.Start(command)
	if err != nil {
		t.Fatal(err)
	}
	b := booted{machine: m}
	t.Cleanup(func() {
		<-ended
		// Its cgroups are empty when its processes are gone.
		for range 50 {
			if exec.Command("find", cgroup, "-depth", "-type", "d", "-delete").Run() == nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
	t.Cleanup(func() {
		if b.pid > 0 {
			_ = exec.Command("kill", "-KILL", strconv.Itoa(b.pid)).Run()
		}
	})
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		children, err := os.ReadFile("/proc/" + strconv.Itoa(command.Process.Pid) + "/task/" + strconv.Itoa(command.Process.Pid) + "/children")
		if err != nil {
			continue
		}
		b.pid, _ = strconv.Atoi(strings.TrimSpace(string(children)))
		if state, err := b.inside("systemctl", "is-system-running").CombinedOutput(); b.pid > 0 && (err == nil || strings.HasPrefix(string(state), "degraded")) {
			return b
		}
	}
	t.Skip("systemd does not start in a container here")
	return b
}

// inside is a program in the booted machine, as root.
func (b booted) inside(args ...string) *exec.Cmd {
	command := exec.Command("nsenter", append([]string{"-t", strconv.Itoa(b.pid), "-m", "-p", "-u", "-i", "-n", "-C", "-r", "-w"}, args...)...)
	command.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "HOME=/root", "DEBIAN_FRONTEND=noninteractive"}
	return command
}

// must runs a program and returns its output. The test fails if the program fails.
func (b booted) must(t *testing.T, args ...string) string {
	t.Helper()
	out, err := b.inside(args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}
