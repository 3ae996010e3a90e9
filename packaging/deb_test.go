//go:build deb

package packaging_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"raptoreum_exporter/internal/tools"
)

const (
	debUser    = "raptoreum_exporter"
	debPackage = "raptoreum-exporter"
)

// debs returns the package built by make package for this machine, and one with a higher version.
func debs(t *testing.T) (first, second string) {
	t.Helper()
	made, err := filepath.Glob("../dist/*_" + runtime.GOARCH + ".deb")
	if err != nil || len(made) != 1 {
		t.Fatalf("dist/ has %v; run make package", made)
	}
	dir := t.TempDir()
	later := exec.CommandContext(t.Context(), ".bin/nfpm", "package", "-f", "packaging/nfpm.yaml", "-p", "deb", "-t", dir)
	later.Dir = ".."
	later.Env = append(os.Environ(), "ARCH="+runtime.GOARCH, "DEB_VERSION=99.0.0")
	if out, err := later.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	found, err := filepath.Glob(dir + "/*.deb")
	if err != nil || len(found) != 1 {
		t.Fatalf("nfpm created %v", found)
	}
	return made[0], found[0]
}

// otherFlags returns a copy of a package with a higher version and different default flags.
func otherFlags(t *testing.T, deb string) string {
	t.Helper()
	dir := t.TempDir()
	run(t, "dpkg-deb", "-R", deb, dir+"/tree")
	run(t, "sed", "-i", "s/^Version: .*/Version: 99.0.1-1/", dir+"/tree/DEBIAN/control")
	run(t, "sed", "-i", "$a # More of it.", dir+"/tree/etc/raptoreum_exporter/flags")
	run(t, "dpkg-deb", "-b", dir+"/tree", dir+"/other.deb")
	return dir + "/other.deb"
}

// TestDeb installs, uses, upgrades, removes and purges the package.
func TestDeb(t *testing.T) {
	m := newMachine(t)
	first, second := debs(t)
	before := m.files(t)

	t.Log(m.install(t, first))
	checkInstalled(t, m)
	checkServes(t, m)
	checkCheck(t, m)

	const edit = "--log.format=json\n"
	flags := m.path("/etc/raptoreum_exporter/flags")
	edited := tools.Read(t, flags) + edit
	if err := os.WriteFile(flags, []byte(edited), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Log(m.install(t, second))
	if got := tools.Read(t, flags); got != edited {
		t.Errorf("the upgrade changed flags:\n%s", got)
	}
	if got := m.root(t, "dpkg-query", "-W", "-f", "${Version}", debPackage); got != "99.0.0-1" {
		t.Errorf("the version after the upgrade is %s", got)
	}
	checkServes(t, m)
	// Also if both sides changed the file and the owner keeps theirs: dpkg adds ours beside it.
	t.Log(m.install(t, otherFlags(t, second), "--force-confold"))
	if got := tools.Read(t, flags); got != edited {
		t.Errorf("the upgrade with other defaults changed flags:\n%s", got)
	}
	if _, err := os.Lstat(flags + ".dpkg-dist"); err != nil {
		t.Error(err)
	}

	// Files that the owner and heal created since then.
	write(t, m.path("/etc/raptoreum_exporter/rpcpassword"), "secret")
	m.root(t, "install", "-d", "/var/lib/raptoreum_heal")
	write(t, m.path("/var/lib/raptoreum_heal/history.json"), "{}")

	t.Log(m.root(t, "dpkg", "--remove", debPackage))
	if got := tools.Read(t, flags); got != edited {
		t.Errorf("flags after the removal:\n%s", got)
	}
	for _, gone := range []string{"/usr/bin/raptoreum_exporter", "/usr/lib/systemd/system/raptoreum_exporter.service"} {
		if _, err := os.Lstat(m.path(gone)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", gone, err)
		}
	}
	t.Log(m.root(t, "dpkg", "--purge", debPackage))
	if diff := cmp.Diff(before, m.files(t)); diff != "" {
		t.Errorf("files left behind (+) or removed (-):\n%s", diff)
	}
	for _, list := range []string{"passwd", "group", "shadow", "gshadow"} {
		if text := tools.Read(t, m.path("/etc/"+list)); strings.Contains(text, debUser) {
			t.Errorf("the user is still in /etc/%s", list)
		}
	}
}

// checkInstalled checks that root owns all files, others cannot write, and the user is unprivileged.
func checkInstalled(t *testing.T, m machine) {
	t.Helper()
	const doc, share = "/usr/share/doc/raptoreum-exporter/", "/usr/share/raptoreum-exporter/"
	for path, want := range map[string]string{
		"/usr/bin/raptoreum_exporter":                               "-rwxr-xr-x 0:0",
		"/usr/lib/systemd/system/raptoreum_exporter.service":        "-rw-r--r-- 0:0",
		"/usr/lib/systemd/system/raptoreum_heal.service":            "-rw-r--r-- 0:0",
		"/usr/lib/systemd/system/raptoreum_heal.timer":              "-rw-r--r-- 0:0",
		"/etc/raptoreum_exporter":                                   "drwxr-xr-x 0:0",
		"/etc/raptoreum_exporter/flags":                             "-rw-r--r-- 0:0",
		"/etc/raptoreum_exporter/heal.flags":                        "-rw-r--r-- 0:0",
		doc + "README.md":                                           "-rw-r--r-- 0:0",
		"/usr/lib/systemd/system/raptoreum_exporter@.service":       "-rw-r--r-- 0:0",
		"/usr/share/man/man1/raptoreum_exporter.1.gz":               "-rw-r--r-- 0:0",
		"/usr/share/bash-completion/completions/raptoreum_exporter": "-rw-r--r-- 0:0",
		doc + "copyright":                                           "-rw-r--r-- 0:0",
		doc + "third-party-licenses.gz":                             "-rw-r--r-- 0:0",
		doc + "changelog.gz":                                        "-rw-r--r-- 0:0",
		doc + "packaging/README.md":                                 "-rw-r--r-- 0:0",
		doc + "README.fr.md":                                        "-rw-r--r-- 0:0",
		doc + "STATUS.md":                                           "-rw-r--r-- 0:0",
		share + "alerts/alerts.yml":                                 "-rw-r--r-- 0:0",
		share + "alerts/alertmanager.yml":                           "-rw-r--r-- 0:0",
		share + "alerts/templates/raptoreum.tmpl":                   "-rw-r--r-- 0:0",
		share + "alerts/templates/0.28/since.tmpl":                  "-rw-r--r-- 0:0",
		share + "alerts/runbooks/README.md":                         "-rw-r--r-- 0:0",
		share + "dashboards/smartnode.json":                         "-rw-r--r-- 0:0",
		share + "dashboards/fleet.json":                             "-rw-r--r-- 0:0",
		share + "dashboards/provisioning/dashboards/raptoreum.yml":  "-rw-r--r-- 0:0",
		share + "prometheus/node.yml":                               "-rw-r--r-- 0:0",
	} {
		if info, err := os.Lstat(m.path(path)); err != nil {
			t.Error(err)
		} else if got := owned(info); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	user := regexp.MustCompile(`(?m)^` + debUser + `:x:(\d{1,3}):\d+:[^:]*:/nonexistent:/usr/sbin/nologin$`)
	if passwd := tools.Read(t, m.path("/etc/passwd")); !user.MatchString(passwd) {
		t.Errorf("the user is not a system user without home and shell:\n%s", passwd)
	}
	conffiles := m.root(t, "dpkg-query", "-W", "-f", "${Conffiles}", debPackage)
	for _, name := range []string{" /etc/raptoreum_exporter/flags ", " /etc/raptoreum_exporter/heal.flags "} {
		if !strings.Contains(conffiles, name) {
			t.Errorf("%s is not a configuration file:%s", name, conffiles)
		}
	}
	if _, err := os.Lstat(m.path("/etc/systemd/system/timers.target.wants/raptoreum_heal.timer")); err == nil {
		t.Error("heal is enabled by default")
	}
}

// checkServes checks that the exporter answers with the default flags and logs what is missing.
func checkServes(t *testing.T, m machine) {
	t.Helper()
	metrics, log := serve(t, m)
	if !strings.Contains(metrics, "\nraptoreum_host_memory_total_bytes ") || strings.Contains(metrics, "\nraptoreum_up ") {
		t.Errorf("/metrics:\n%s", metrics)
	}
	if !strings.Contains(log, "no raptoreum.conf") {
		t.Errorf("the log does not say that no daemon is configured:\n%s", log)
	}
}

// checkCheck runs check as the exporter's user. Without a daemon the result is unknown.
func checkCheck(t *testing.T, m machine) {
	t.Helper()
	command := m.command(t, debUser, "raptoreum_exporter", "@/etc/raptoreum_exporter/flags", "check",
		"--no-collector.explorer", "--no-collector.release")
	out, err := command.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Errorf("check: %v, want exit code 3, unknown", err)
	}
	t.Logf("%s", out)
}

// TestDebSystemd checks that with systemd the installation starts the exporter, and that an upgrade restarts it
// only if it was running.
func TestDebSystemd(t *testing.T) {
	m := newMachine(t)
	first, second := debs(t)
	// A fake systemctl that records its calls. All units are enabled, and active if the file /active exists.
	const stub = `#!/bin/sh
echo "$*" >>/calls
case "$*" in
*is-enabled*) echo enabled ;;
*is-active*) test -e /active ;;
esac
`
	if err := os.WriteFile(m.path("/usr/bin/systemctl"), []byte(stub), 0o755); err != nil {
		t.Fatal(err)
	}
	m.root(t, "install", "-d", "/run/systemd/system")
	calls := func() []string {
		text, _ := os.ReadFile(m.path("/calls")) // missing: none
		_ = os.Remove(m.path("/calls"))
		t.Logf("%s", text)
		return strings.Split(string(text), "\n")
	}
	did := func(calls []string, action, unit string) bool {
		return slices.ContainsFunc(calls, func(call string) bool {
			words := strings.Fields(call)
			return slices.Contains(words, action) && slices.Contains(words, unit)
		})
	}
	const unit = "raptoreum_exporter.service"
	m.install(t, first)
	if got := calls(); !did(got, "start", unit) || did(got, "start", "raptoreum_heal.timer") {
		t.Errorf("the installation called systemctl with %q", got)
	}
	m.install(t, second)
	if got := calls(); did(got, "start", unit) || did(got, "restart", unit) {
		t.Errorf("the upgrade of a stopped exporter called systemctl with %q", got)
	}
	write(t, m.path("/active"), "")
	m.install(t, second)
	if got := calls(); !did(got, "restart", unit) || did(got, "stop", unit) {
		t.Errorf("the upgrade of a running exporter called systemctl with %q", got)
	}
	_ = os.Remove(m.path("/active"))
	m.root(t, "dpkg", "--remove", debPackage)
	calls()
	m.install(t, second)
	if got := calls(); !did(got, "start", unit) {
		t.Errorf("the installation after a removal called systemctl with %q", got)
	}
	m.root(t, "dpkg", "--purge", debPackage)
	if got := calls(); !did(got, "stop", unit) || !did(got, "--now", "raptoreum_heal.timer") {
		t.Errorf("the removal called systemctl with %q", got)
	}
}
