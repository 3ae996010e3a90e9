package systemtest

import (
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"raptoreum_exporter/internal/harness"
	"raptoreum_exporter/internal/tools"
)

var update = flag.Bool("update", false, "update README.md")

// elsewhere maps prefixes of commands that TestReadme does not run to where they are tested, or why they are not.
func elsewhere() map[string]string {
	return map[string]string{
		"make ":                             "its targets are what CI runs",
		"scp ":                              "copies to another machine",
		"sudo dpkg -i ":                     "packaging/deb_test.go installs it",
		"sudo raptoreum_exporter setup":     "packaging/setup_test.go runs it in a Debian with systemd",
		"sudo apt install ":                 "packaging/setup_test.go installs them",
		"sudo systemctl restart raptoreumd": "there is no raptoreumd",
		"sudo systemctl enable ":            "needs a running systemd",
		"sudo journalctl ":                  "needs a running systemd",
		"amtool check-config alerts/":       "alerts/tools_test.go",
		`curl -s "https://api.telegram`:     "contacts Telegram",
		"sed -i -E ":                        "alerts/runbook_test.go runs it on a copy",
		"./raptoreum_exporter --daemon.url=http://127.0.0.1:10225 --daemon.cookie-": "the fake daemon of this test has a password",
	}
}

// shims replace what needs root or a running systemd. The exporter's shim serves in the background and returns
// once it answers, so the next command of a block finds it.
func shims(real, box string, port string) map[string]string {
	serve := fmt.Sprintf(`for flag; do shift; case $flag in --web.listen-address=*) ;; *) set -- "$@" "$flag" ;; esac; done
[ -f %[1]s/pid ] && kill $(cat %[1]s/pid) && while kill -0 $(cat %[1]s/pid) 2>/dev/null; do sleep 0.05; done
%[2]s "$@" --web.listen-address=127.0.0.1:%[3]s >%[1]s/served 2>&1 &
echo $! >%[1]s/pid
for i in $(seq 100); do curl -s -o /dev/null 127.0.0.1:%[3]s/-/ready && break; sleep 0.1; done
sleep 1; curl -s -o /dev/null 127.0.0.1:%[3]s/metrics
`, box, real, port)
	return map[string]string{
		"bin/sudo":      "exec \"$@\"\n",
		"bin/install":   "for last; do :; done\nexec cat >\"$last\"\n", // only root can give a file to another user
		"bin/openssl":   "[ \"$1 $3\" = 'rand 24' ] || exec /usr/bin/openssl \"$@\"\necho " + harness.Password + "\n",
		"bin/systemctl": "set -- @" + box + "/etc/flags\n" + serve, // only restart raptoreum_exporter
		name: `case "$*" in
*check*|*heal*|*--help*|*--version*) exec ` + real + ` "$@" ;;
esac
` + serve,
	}
}

// TestReadme runs the commands of README.md that need no other machine beside a fake network, in order, as an
// owner pastes them.
func TestReadme(t *testing.T) {
	if testing.Short() {
		t.Skip("runs other programs")
	}
	t.Parallel()
	n, o := harness.Command(t, "healthy")
	_, port, _ := net.SplitHostPort(tools.FreeAddress(t))
	box := t.TempDir()
	write := func(path, content string) {
		path = filepath.Join(box, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for path, script := range shims(binary, box, port) {
		write(path, "#!/bin/bash\n"+script)
	}
	if err := os.Symlink(filepath.Join(box, name), filepath.Join(box, "bin", name)); err != nil {
		t.Fatal(err)
	}
	write("home/.raptoreumcore/raptoreum.conf", tools.Read(t, o.Daemon.Conf))
	write("etc/flags", tools.Read(t, "../packaging/etc/flags"))
	write("rpcpassword", harness.Password+"\n")
	t.Cleanup(func() { stopServed(t, box) })
	env := append(os.Environ(), "HOME="+filepath.Join(box, "home"), "PATH="+filepath.Join(box, "bin")+":"+os.Getenv("PATH"),
		"RAPTOREUM_EXPORTER_COLLECTOR_RELEASE=false", "RAPTOREUM_EXPORTER_EXPLORER_URL="+strings.Join(n.ExplorerURLs(), "\n"),
		"RAPTOREUM_EXPORTER_HEAL_HISTORY="+filepath.Join(box, "history.json"))
	// The addresses and paths of the test. The fake daemon has a single user.
	local := strings.NewReplacer("127.0.0.1:10227", "127.0.0.1:"+port, "127.0.0.1:10240", "127.0.0.1:"+port, "/etc/raptoreum_exporter", filepath.Join(box, "etc"),
		"127.0.0.1:10225", strings.TrimPrefix(n.RPCURL(), "http://"), "--daemon.user=raptoreum_exporter", "--daemon.user=rtm")
	ran := 0
	for _, block := range blocks(t, "../README.md") {
		script := local.Replace(runnable(block))
		if strings.TrimSpace(script) == "" {
			continue
		}
		ran++
		output, err := os.Create(filepath.Join(t.TempDir(), "output")) // not a pipe, which a serving exporter would keep open
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script)
		cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = box, env, output, output
		if err := cmd.Run(); err != nil {
			t.Errorf("%v:\n%s\n%s", err, script, tools.Read(t, output.Name()))
		}
		output.Close()
	}
	if ran < 8 {
		t.Errorf("%d blocks ran", ran)
	}
	conf := tools.Read(t, filepath.Join(box, "home/.raptoreumcore/raptoreum.conf"))
	if !regexp.MustCompile(`^rpcauth=raptoreum_exporter:[0-9a-f]{32}\$[0-9a-f]{64}\n`).MatchString(conf) {
		t.Error("no rpcauth in raptoreum.conf")
	}
}

// stopServed stops the exporter that a shim left in the background.
func stopServed(t *testing.T, box string) {
	t.Helper()
	pid, err := strconv.Atoi(strings.TrimSpace(tools.Read(t, filepath.Join(box, "pid"))))
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if syscall.Kill(pid, syscall.SIGTERM) != nil {
			return // it has exited
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Error("an exporter does not exit")
}

// blocks returns the shell commands of a Markdown file, block by block.
func blocks(t *testing.T, file string) (found []string) {
	t.Helper()
	for _, block := range regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$").FindAllStringSubmatch(tools.Read(t, file), -1) {
		switch block[1] {
		case "sh":
			found = append(found, block[2])
		case "":
			t.Errorf("%s: a block without a language:\n%s", file, block[2])
		}
	}
	return found
}

// runnable returns the block without the commands that are tested elsewhere.
func runnable(block string) string {
	var lines []string
	for line := range strings.Lines(block) {
		skipped := false
		for prefix := range elsewhere() {
			skipped = skipped || strings.HasPrefix(line, prefix)
		}
		if !skipped {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// TestReadmeTargets: the make targets of README.md exist, and so do all skipped commands.
func TestReadmeTargets(t *testing.T) {
	makefile, readme := tools.Read(t, "../Makefile"), tools.Read(t, "../README.md")
	for _, found := range regexp.MustCompile("(?m)(?:`|^)make ([a-z0-9 -]+?)(?:`|$| +#)").FindAllStringSubmatch(readme, -1) {
		for target := range strings.FieldsSeq(found[1]) {
			if !strings.Contains(makefile, "\n"+target+":") {
				t.Errorf("make %s: no such target", target)
			}
		}
	}
	for prefix := range elsewhere() {
		if !slices.ContainsFunc(blocks(t, "../README.md"), func(b string) bool { return strings.Contains("\n"+b, "\n"+prefix) }) {
			t.Errorf("README.md has no command %s", prefix)
		}
	}
}

// TestReadmeFrench: README.fr.md has the commands of the part for operators, in the same order.
func TestReadmeFrench(t *testing.T) {
	_, part, begins := strings.Cut(tools.Read(t, "../README.md"), "<!-- for operators;")
	part, _, ends := strings.Cut(part, "<!-- end of the part for operators -->")
	if !begins || !ends {
		t.Fatal("README.md has no part for operators")
	}
	file := filepath.Join(t.TempDir(), "part.md")
	if err := os.WriteFile(file, []byte(part), 0o600); err != nil {
		t.Fatal(err)
	}
	commands := func(blocks []string) (lines []string) { // without comments, which are translated
		for _, b := range blocks {
			for line := range strings.Lines(b) {
				line, _, _ = strings.Cut(line, " # ")
				lines = append(lines, strings.TrimSpace(line))
			}
		}
		return lines
	}
	if diff := cmp.Diff(commands(blocks(t, file)), commands(blocks(t, "../README.fr.md"))); diff != "" {
		t.Errorf("-README.md +README.fr.md:\n%s", diff)
	}
}

// TestReadmeCheck: the output of check in README.md is the golden file of a recorded daemon.
func TestReadmeCheck(t *testing.T) {
	const begin, end = "$ raptoreum_exporter check\n", "```\n"
	readme, output := tools.Read(t, "../README.md"), tools.Read(t, "../testdata/scenarios/pose-punished/check.txt")
	before, rest, found := strings.Cut(readme, begin)
	shown, after, ends := strings.Cut(rest, end)
	switch {
	case !found || !ends:
		t.Fatal("README.md shows no output of check")
	case *update:
		if err := os.WriteFile("../README.md", []byte(before+begin+output+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	case shown != output:
		t.Error("the output of check in README.md differs from testdata/scenarios/pose-punished/check.txt; run make golden")
	}
}
