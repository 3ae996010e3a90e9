//go:build deb

package packaging_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"raptoreum_exporter/internal/child"
	"raptoreum_exporter/internal/tools"
)

// machine is the root folder of a Debian system without systemd, in which packages are installed.
type machine string

// newMachine copies a root folder that debootstrap created once, with the release and the mirror of the
// host's apt.
func newMachine(t *testing.T) machine {
	t.Helper()
	if os.Getuid() != 0 {
		unlessCI(t, "not root, which debootstrap and chroot need")
	}
	for _, program := range []string{"debootstrap", "apt-get", "unshare", "chroot", "timeout"} {
		needs(t, program)
	}
	codename := regexp.MustCompile(`(?m)^VERSION_CODENAME=(\w+)`).FindStringSubmatch(tools.Read(t, "/etc/os-release"))
	if codename == nil {
		unlessCI(t, "a system without releases; debootstrap needs one")
	}
	cached, err := filepath.Abs("../.bin/root-" + codename[1])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(cached); err != nil {
		mirror := regexp.MustCompile(`(?m)^` + codename[1] + ` main (\S+)$`).FindStringSubmatch(
			run(t, "apt-get", "indextargets", "--format", "$(CODENAME) $(COMPONENT) $(REPO_URI)", "Identifier: Packages"))
		if mirror == nil {
			t.Fatalf("apt has no mirror of %s; run apt-get update", codename[1])
		}
		run(t, "rm", "-rf", cached+".new")
		run(t, "timeout", "600", "unshare", "--mount", "debootstrap", "--variant=minbase", codename[1], cached+".new", mirror[1])
		if t.Failed() {
			t.FailNow()
		}
		if err := os.Rename(cached+".new", cached); err != nil {
			t.Fatal(err)
		}
	}
	m := machine(filepath.Join(t.TempDir(), "root"))
	run(t, "cp", "-a", "--reflink=auto", cached, string(m))
	return m
}

func (m machine) path(name string) string { return filepath.Join(string(m), name) }

// command runs a program in m as a user, with /proc in a separate mount namespace, so that no mount is left
// behind. It is killed after a minute.
func (m machine) command(t *testing.T, user string, args ...string) *exec.Cmd {
	const script = `root=$1 user=$2; shift 2; mount -t proc proc "$root/proc" && exec chroot --userspec="$user" "$root" "$@"`
	command := exec.CommandContext(t.Context(), "timeout",
		append([]string{"60", "unshare", "--mount", "sh", "-c", script, "sh", string(m), user + ":" + user}, args...)...)
	command.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive", "HOME=/nonexistent"}
	command.Dir = string(m)
	return command
}

// root runs a program in m as root and returns its output. The test fails if the program fails.
func (m machine) root(t *testing.T, args ...string) string {
	t.Helper()
	out, err := m.command(t, "root", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// install installs a package and returns the output.
func (m machine) install(t *testing.T, deb string, options ...string) string {
	t.Helper()
	run(t, "cp", deb, m.path("/root/package.deb"))
	defer os.Remove(m.path("/root/package.deb"))
	return m.root(t, append(append([]string{"dpkg"}, options...), "-i", "/root/package.deb")...)
}

// files returns every file of m with its kind, mode and owner. It ignores dpkg's own records and the backups
// that useradd makes of /etc/passwd and similar files.
func (m machine) files(t *testing.T) (files []string) {
	t.Helper()
	ignored := regexp.MustCompile(`^/var/lib/dpkg/|^/var/log/dpkg\.log$|^/etc/(passwd|group|shadow|gshadow|subuid|subgid)-$`)
	err := filepath.WalkDir(string(m), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := "/" + strings.TrimPrefix(strings.TrimPrefix(path, string(m)), "/")
		if ignored.MatchString(name) {
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		files = append(files, name+" "+owned(info))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func owned(info fs.FileInfo) string {
	stat := info.Sys().(*syscall.Stat_t)
	return fmt.Sprintf("%s %d:%d", info.Mode(), stat.Uid, stat.Gid)
}

// setting returns a setting of the installed unit.
func setting(t *testing.T, m machine, name string) string {
	t.Helper()
	unit := tools.Read(t, m.path("/usr/lib/systemd/system/raptoreum_exporter.service"))
	found := regexp.MustCompile(`(?m)^`+name+`=(.*)$`).FindAllStringSubmatch(unit, -1)
	if len(found) != 1 {
		t.Fatalf("the unit has %d lines %s=", len(found), name)
	}
	return found[0][1]
}

// serve runs the command of the unit in m as its user and returns /metrics and the log.
func serve(t *testing.T, m machine) (metrics, log string) {
	t.Helper()
	address := tools.FreeAddress(t)
	args := append(strings.Fields(setting(t, m, "ExecStart")),
		"--web.listen-address="+address, "--no-collector.explorer", "--no-collector.release")
	command := m.command(t, setting(t, m, "User"), args...)
	var written bytes.Buffer
	command.Stdout, command.Stderr = &written, &written
	ended, err := child.Start(command)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
			break
		}
		if time.Now().After(deadline) {
			_ = command.Process.Signal(syscall.SIGTERM)
			<-ended
			t.Fatalf("not listening: %v\n%s", err, written.String())
		}
	}
	for page, into := range map[string]*string{"/-/healthy": new(string), "/metrics": &metrics} {
		var code int
		if code, *into = get(t, client, "http://"+address+page, "", ""); code != http.StatusOK {
			t.Errorf("%s: %d", page, code)
		}
	}
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	<-ended
	if code := command.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit code %d\n%s", code, written.String())
	}
	return metrics, written.String()
}
