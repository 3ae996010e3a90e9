package setup_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"raptoreum_exporter/setup"
)

const (
	hash     = "d5309c7cb07da0f4eed3b0d6efcabc180314028577b65c506c072d486b37856a"
	password = "hunter22-of-the-test"
)

// machine is a fake root directory.
type machine struct {
	testing.TB
	root  string
	calls []string // of other programs
	fails string   // this call fails
	taken string   // address that another program uses
	gone  string   // unit whose package was removed
	pages func(url string) (string, error)
}

// newMachine has the package installed and its exporter running, and the users rtm1, rtm2 and rtm3.
func newMachine(t testing.TB) *machine {
	t.Helper()
	// In memory, because setup waits for the disk after each file.
	dir, err := os.MkdirTemp("/dev/shm", "setup")
	if err != nil {
		dir = filepath.Dir(t.TempDir())
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	m := &machine{TB: t, root: filepath.Join(dir, "root")}
	if err := os.Mkdir(m.root, 0o755); err != nil {
		t.Fatal(err)
	}
	m.build()
	return m
}

func (m *machine) build() {
	passwd, group := "root:x:0:0:root:/root:/bin/bash\n", "root:x:0:\n"
	for i, name := range []string{"rtm1", "rtm2", "rtm3"} {
		passwd += fmt.Sprintf("%s:x:%d:%[2]d::/home/%[1]s:/bin/bash\n", name, 1001+i)
		group += fmt.Sprintf("%s:x:%d:\n", name, 1001+i)
	}
	// Users can enter it.
	_ = os.Chmod(filepath.Dir(m.root), 0o755)
	_ = os.Chmod(m.root, 0o755)
	passwd += "raptoreum_exporter:x:990:990::/nonexistent:/usr/sbin/nologin\n"
	m.write("/etc/passwd", passwd)
	m.write("/etc/group", group+"raptoreum_exporter:x:990:\nprometheus:x:991:\n")
	m.write("/usr/lib/systemd/system/raptoreum_exporter@.service", "")
	flags, err := os.ReadFile("../packaging/etc/flags")
	if err != nil {
		m.Fatal(err)
	}
	m.write("/etc/raptoreum_exporter/flags", string(flags))
	m.write("/etc/raptoreum_exporter/heal.flags", "# Comments only.\n")
	m.write("/proc/1/cmdline", "/sbin/init\x00")
	m.write("/proc/stat", "")
	for _, dir := range []string{"/run/units", "/run/owners", "/etc/systemd/system", "/var/lib"} {
		if err := os.MkdirAll(m.path(dir), 0o755); err != nil {
			m.Fatal(err)
		}
	}
	m.link("/proc/self", "1")
	m.link("/proc/1/ns/pid", "pid:[1]")
	m.set("raptoreum_exporter.service", true)
}

func (m *machine) path(name string) string { return filepath.Join(m.root, name) }

func (m *machine) write(name, content string) {
	m.Helper()
	if err := os.MkdirAll(filepath.Dir(m.path(name)), 0o755); err != nil {
		m.Fatal(err)
	}
	if err := os.WriteFile(m.path(name), []byte(content), 0o644); err != nil {
		m.Fatal(err)
	}
}

// owners has a file for each inode of another user than root, with its owner: only root could change the real one.
// It is on disk for runs in other processes.
func (m *machine) owners(info fs.FileInfo) string {
	return m.path(fmt.Sprintf("/run/owners/%d", info.Sys().(*syscall.Stat_t).Ino))
}

func (m *machine) owner(info fs.FileInfo) (uid, gid int) {
	if text, err := os.ReadFile(m.owners(info)); err == nil {
		_, _ = fmt.Sscan(string(text), &uid, &gid)
	}
	return uid, gid
}

func (m *machine) chown(path string, uid, gid int) {
	info, err := os.Lstat(path)
	if err != nil {
		m.Fatal(err)
	}
	if err := os.WriteFile(m.owners(info), fmt.Appendf(nil, "%d %d", uid, gid), 0o600); err != nil {
		m.Fatal(err)
	}
}

// own changes the owner of a file, also the real one if this test can.
func (m *machine) own(name string, uid int) {
	m.Helper()
	m.chown(m.path(name), uid, uid)
	if os.Geteuid() == 0 {
		if err := os.Lchown(m.path(name), uid, uid); err != nil {
			m.Fatal(err)
		}
	}
}

func (m *machine) link(name, to string) {
	m.Helper()
	if err := os.MkdirAll(filepath.Dir(m.path(name)), 0o755); err != nil {
		m.Fatal(err)
	}
	if err := os.Symlink(to, m.path(name)); err != nil {
		m.Fatal(err)
	}
}

func (m *machine) read(name string) string {
	m.Helper()
	text, err := os.ReadFile(m.path(name))
	if err != nil {
		m.Fatal(err)
	}
	return string(text)
}

func (m *machine) exists(name string) bool {
	_, err := os.Lstat(m.path(name))
	return err == nil
}

// process is a raptoreumd in the fake proc.
func (m *machine) process(pid, uid int, cgroup string, args ...string) {
	dir := fmt.Sprintf("/proc/%d/", pid)
	m.write(dir+"cmdline", strings.Join(append([]string{"/usr/local/bin/raptoreumd"}, args...), "\x00")+"\x00")
	m.write(dir+"comm", "raptoreum-init\n")
	m.write(dir+"status", fmt.Sprintf("Name:\traptoreum-init\nTgid:\t%d\nUid:\t%[2]d\t%[2]d\t%[2]d\t%[2]d\nGid:\t%[2]d\t%[2]d\t%[2]d\t%[2]d\n", pid, uid))
	m.write(dir+"cgroup", "0::"+cgroup+"\n")
	m.link(dir+"ns/pid", "pid:[1]")
}

// set starts and enables a unit, or the contrary.
func (m *machine) set(unit string, running bool) {
	for _, kind := range []string{"enabled", "active"} {
		file := m.path("/run/units/" + unit + "." + kind)
		if !running {
			_ = os.Remove(file)
		} else if err := os.WriteFile(file, nil, 0o600); err != nil {
			m.Fatal(err)
		}
	}
}

func (m *machine) running(unit string) bool {
	return m.exists("/run/units/"+unit+".enabled") && m.exists("/run/units/"+unit+".active")
}

// exec is systemctl with files as memory, and dpkg and others that say nothing.
func (m *machine) exec(_ context.Context, name string, args ...string) (string, error) {
	call := strings.Join(append([]string{filepath.Base(name)}, args...), " ")
	query := len(args) > 0 && strings.HasPrefix(args[0], "is-")
	if !query {
		m.calls = append(m.calls, call)
	}
	if m.fails != "" && strings.HasPrefix(call, m.fails) {
		return "it is broken\n", errors.New(call + ": exit status 1: it is broken")
	}
	if name != "systemctl" || len(args) < 2 {
		return "", nil
	}
	if args[1] == m.gone {
		return "Failed to get unit file state for " + m.gone + ": No such file or directory\n", errors.New("exit status 1")
	}
	file := func(kind string) string { return m.path("/run/units/" + args[1] + "." + kind) }
	switch args[0] {
	case "is-enabled":
		return map[bool]string{true: "enabled\n", false: "disabled\n"}[m.exists("/run/units/"+args[1]+".enabled")], nil
	case "is-active":
		return map[bool]string{true: "active\n", false: "inactive\n"}[m.exists("/run/units/"+args[1]+".active")], nil
	case "reset-failed":
		return "", nil
	case "enable":
		return "", os.WriteFile(file("enabled"), nil, 0o600)
	case "start", "restart", "reload-or-restart":
		return "", os.WriteFile(file("active"), nil, 0o600)
	case "disable":
		return "", os.Remove(file("enabled"))
	case "stop":
		return "", os.Remove(file("active"))
	}
	return "", fmt.Errorf("unexpected call: %s", call)
}

func (m *machine) system() setup.System {
	return setup.System{
		Root: m.root, Exec: m.exec,
		Get: func(_ context.Context, url string) (string, error) {
			if m.pages != nil {
				return m.pages(url)
			}
			return "raptoreum_exporter_build_info 1\n", nil
		},
		Chown: func(path string, uid, gid int) error { m.chown(path, uid, gid); return nil },
		Owner: m.owner,
		As:    func(_, _ int, f func()) { f() },
		Free:  func(address string) bool { return address != m.taken },
		Sleep: func(context.Context, time.Duration) {},
	}
}
