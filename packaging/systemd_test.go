package packaging_test

import (
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"raptoreum_exporter/internal/tools"
)

// TestUnits checks that systemd-analyze accepts the units and rates their exposure as low. Heal's 2.1 comes
// from root, two of its capabilities, AF_UNIX, and what the exporter needs too.
func TestUnits(t *testing.T) {
	needs(t, "systemd-analyze")
	dir := t.TempDir()
	units, err := filepath.Glob("systemd/*")
	if err != nil || len(units) != 6 {
		t.Fatal(units, err)
	}
	verify := []string{"verify", "--man=no"}
	for _, unit := range units {
		// The program is not installed here, so another one replaces it.
		text := strings.ReplaceAll(tools.Read(t, unit), "/usr/bin/raptoreum_exporter", "/bin/true")
		verify = append(verify, write(t, filepath.Join(dir, filepath.Base(unit)), text))
	}
	if out := run(t, "systemd-analyze", verify...); strings.Contains(out, dir) {
		t.Error(out)
	}
	for unit, threshold := range map[string]string{"raptoreum_exporter": "20", "raptoreum_heal": "21"} {
		out := run(t, "systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold="+threshold, "systemd/"+unit+".service")
		lines := strings.Split(strings.TrimSpace(out), "\n")
		t.Log(lines[len(lines)-1])
	}
}

// TestTemplates checks that the units for several raptoreumd differ from those for one only in what names the instance.
func TestTemplates(t *testing.T) {
	instance := strings.NewReplacer(" of the Raptoreum smartnode %i", " of a Raptoreum smartnode", " the raptoreumd of %i", " raptoreumd", "/%i", "")
	for _, name := range []string{"raptoreum_exporter.service", "raptoreum_heal.service", "raptoreum_heal.timer"} {
		// Comments before the first section say what the unit is.
		_, want, _ := strings.Cut(tools.Read(t, "systemd/"+name), "[Unit]")
		_, got, _ := strings.Cut(tools.Read(t, "systemd/"+strings.Replace(name, ".", "@.", 1)), "[Unit]")
		if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(instance.Replace(got), "\n")); diff != "" {
			t.Errorf("%s: -single +template:\n%s", name, diff)
		}
	}
}

// TestUnitsCommand checks that the units start the program with the installed flag files, and that the program
// has all flags in them, including the commented examples.
func TestUnitsCommand(t *testing.T) {
	start := func(unit string) []string {
		line := regexp.MustCompile(`(?m)^ExecStart=(.*)$`).FindStringSubmatch(tools.Read(t, "systemd/"+unit))
		if line == nil {
			t.Fatal(unit, "has no ExecStart=")
		}
		return strings.Fields(line[1])
	}
	serve, heal := start("raptoreum_exporter.service"), start("raptoreum_heal.service")
	if want := []string{"/usr/bin/raptoreum_exporter", "@/etc/raptoreum_exporter/flags"}; !slices.Equal(serve, want) {
		t.Errorf("ExecStart %q, want %q", serve, want)
	}
	if want := []string{"/usr/bin/raptoreum_exporter", "heal", "@/etc/raptoreum_exporter/flags", "@/etc/raptoreum_exporter/heal.flags"}; !slices.Equal(heal, want) {
		t.Errorf("ExecStart %q, want %q", heal, want)
	}
	known := flagsOf(t)
	for _, file := range []string{"etc/flags", "etc/heal.flags"} {
		for _, line := range strings.Split(tools.Read(t, file), "\n") {
			flag, example := strings.CutPrefix(line, "#--")
			switch {
			case line != "" && !strings.HasPrefix(line, "#"):
				t.Errorf("%s: %q is set by default", file, line)
			case example && !known[strings.Split(flag, "=")[0]]:
				t.Errorf("%s: unknown flag %q", file, line)
			}
		}
	}
	// The default files have only comments.
	out := run(t, exporter(t), "heal", "@etc/flags", "@etc/heal.flags", "--dry-run", "--daemon.url=http://127.0.0.1:1", "--heal.history="+t.TempDir()+"/history.json")
	if !strings.Contains(out, `msg="would `) {
		t.Error(out)
	}
}

// TestReload checks that SIGHUP, which systemctl reload sends, does not stop the service.
func TestReload(t *testing.T) {
	fleet := write(t, filepath.Join(t.TempDir(), "fleet.yml"), "nodes: [{protx: d5309c7cb07da0f4eed3b0d6efcabc180314028577b65c506c072d486b37856a, name: one}]\n")
	for name, flags := range map[string][]string{
		"fleet": {"--fleet.config=" + fleet, "--vantage=test", "--daemon.url=http://127.0.0.1:1"},
		"alone": {"@etc/flags"},
	} {
		t.Run(name, func(t *testing.T) {
			address, command, ended := serving(t, flags...)
			if err := command.Process.Signal(syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
			select {
			case <-ended:
				t.Errorf("SIGHUP ended the exporter: %v", command.ProcessState)
			case <-time.After(300 * time.Millisecond):
				if status, body := get(t, http.DefaultClient, "http://"+address+"/-/healthy", "", ""); status != http.StatusOK {
					t.Error(status, body)
				}
			}
		})
	}
}

// flagsOf returns the names of all flags of the program and its commands.
func flagsOf(t *testing.T) map[string]bool {
	t.Helper()
	known := map[string]bool{}
	out, err := exec.Command(exporter(t), "--help-long").CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	for _, flag := range regexp.MustCompile(`--(\[no-\])?([a-z][a-z0-9.-]*)`).FindAllStringSubmatch(string(out), -1) {
		known[flag[2]] = true
		if flag[1] != "" {
			known["no-"+flag[2]] = true
		}
	}
	if !known["fleet.config"] || !known["heal.command"] || !known["no-collector.host"] {
		t.Fatalf("too few flags: %v", known)
	}
	return known
}
