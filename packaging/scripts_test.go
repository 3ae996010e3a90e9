package packaging_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestScripts runs the scripts with the arguments of rpm, and of dpkg without the systemd helpers. deb_test.go
// checks the calls with a running systemd.
func TestScripts(t *testing.T) {
	for _, test := range []struct {
		name, script string
		args         []string
		known        bool // the user is there
		want         string
	}{
		{"rpm installs", "postinst", []string{"1"}, false, "useradd --system --user-group --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin raptoreum_exporter"},
		{"rpm upgrades", "postinst", []string{"2"}, true, ""},
		{"dpkg installs", "postinst", []string{"configure", ""}, false, "useradd --system --user-group --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin raptoreum_exporter"},
		{"dpkg upgrades", "postinst", []string{"configure", "1.0"}, true, ""},
		{"dpkg gives up an upgrade", "postinst", []string{"abort-upgrade", "1.0"}, true, ""},
		{"rpm removes the last", "prerm", []string{"0"}, true, ""},
		{"dpkg upgrades: before", "prerm", []string{"upgrade", "2.0"}, true, ""},
		{"rpm has removed the last", "postrm", []string{"0"}, true, ""},
		{"rpm has removed the one before", "postrm", []string{"1"}, true, ""},
		{"dpkg has removed", "postrm", []string{"remove"}, true, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			bin := t.TempDir()
			for _, program := range []string{"useradd", "userdel", "systemctl", "id", "rm"} {
				body := `echo "` + program + ` $*" >>` + bin + `/calls`
				if program == "id" && !test.known {
					body = "exit 1"
				}
				if err := os.Chmod(write(t, filepath.Join(bin, program), "#!/bin/sh\n"+body+"\n"), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			readlink, err := exec.LookPath("readlink")
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(readlink, filepath.Join(bin, "readlink")); err != nil {
				t.Fatal(err)
			}
			command := exec.CommandContext(t.Context(), "/bin/sh", append([]string{"scripts/" + test.script}, test.args...)...)
			command.Env = []string{"PATH=" + bin}
			if out, err := command.CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("%v\n%s", err, out)
			}
			text, _ := os.ReadFile(bin + "/calls") // missing: none
			var called []string
			for call := range strings.Lines(string(text)) {
				// If systemd runs on this machine, it is called too.
				if !strings.HasPrefix(call, "systemctl ") && !strings.HasPrefix(call, "id ") {
					called = append(called, strings.TrimSpace(call))
				}
			}
			if got := strings.Join(called, "\n"); got != test.want {
				t.Errorf("called %q, want %q", got, test.want)
			}
		})
	}
}
