//go:build deb

package packaging_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"raptoreum_exporter/internal/simnet"
	"raptoreum_exporter/internal/tools"
)

// TestDebPassword checks that the installed exporter monitors a daemon of another user with a separate RPC
// password, as README.md describes, and that heal can read it too.
func TestDebPassword(t *testing.T) {
	const password = "password-of-the-test"
	scenario, err := simnet.Load(os.DirFS("../testdata/scenarios/healthy"))
	if err != nil {
		t.Fatal(err)
	}
	network, err := simnet.Start(simnet.Config{
		Scenario: scenario, Captures: os.DirFS("../testdata/captures"), User: debUser, Password: password, AuthDelay: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(network.Close)

	m := newMachine(t)
	first, _ := debs(t)
	m.install(t, first)
	// The user of raptoreumd, with a home folder that others cannot enter.
	m.root(t, "useradd", "--create-home", "raptoreum")
	m.root(t, "install", "-d", "-o", "raptoreum", "-m", "0700", "/home/raptoreum/.raptoreumcore")
	m.root(t, "chmod", "0700", "/home/raptoreum")
	m.root(t, "sh", "-euc", "printf '%s\\n' "+password+" | install -o root -g "+debUser+" -m 0640 /dev/stdin /etc/raptoreum_exporter/rpcpassword")

	_, section, ok := strings.Cut(tools.Read(t, "README.md"), "\n### A separate RPC password")
	if !ok {
		t.Fatal("README.md has no section about a separate RPC password")
	}
	section, _, _ = strings.Cut(section, "\n### ")
	flags := regexp.MustCompile("(?s)```\n(--daemon.url=.*?)```").FindStringSubmatch(section)
	datadir := regexp.MustCompile("(?s)```sh\n(echo .*?)```").FindStringSubmatch(section)
	if flags == nil || datadir == nil {
		t.Fatal("README.md lacks the flags or the commands for the data directory")
	}
	lines := strings.NewReplacer("http://127.0.0.1:10225", network.RPCURL(), "=HASH", "="+strings.Repeat("a", 64)).Replace(flags[1])
	if strings.Contains(lines, ":10225") {
		t.Fatal("README.md has a different address")
	}
	path := m.path("/etc/raptoreum_exporter/flags")
	if err := os.WriteFile(path, []byte(tools.Read(t, path)+lines), 0o644); err != nil {
		t.Fatal(err)
	}
	if metrics, log := serve(t, m); !strings.Contains(metrics, "\nraptoreum_up 1\n") || strings.Contains(metrics, "\nraptoreum_datadir_free_bytes ") {
		t.Errorf("without access to the data directory:\n%s\n%s", metrics, log)
	}

	// The commands of README.md; root needs no sudo.
	m.root(t, "sh", "-euc", "sudo() { \"$@\"; }\n"+datadir[1])
	metrics, log := serve(t, m)
	for _, want := range []string{"\nraptoreum_up 1\n", "\nraptoreum_datadir_free_bytes ", "\nraptoreum_smartnode_expected 1\n"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("/metrics has no %s:\n%s\n%s", strings.TrimSpace(want), metrics, log)
		}
	}
	if strings.Contains(metrics+log, password) {
		t.Error("the password appears in metrics or log")
	}
	out := m.root(t, "sh", "-c", "raptoreum_exporter check || true") // with the flags of the service
	if !strings.Contains(out, "raptoreumd      ready") {
		t.Errorf("unexpected output of check:\n%s", out)
	}
	out = m.root(t, "raptoreum_exporter", "heal", "@/etc/raptoreum_exporter/flags", "@/etc/raptoreum_exporter/heal.flags", "--dry-run")
	if !strings.Contains(out, `msg="would leave"`) {
		t.Errorf("unexpected output of heal:\n%s", out)
	}
}
