package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"raptoreum_exporter/internal/tools"

	"github.com/google/go-cmp/cmp"
)

// elsewhere are commands that the test of the README does not run, and where they are tried or why not.
func elsewhere() map[string]string {
	return map[string]string{
		`^make `:                           "its targets are what CI runs",
		`^scp `:                            "copies to another machine",
		`^sudo dpkg -i `:                   "packaging/deb_test.go installs it",
		`^sudo systemctl `:                 "needs a running systemd",
		`^journalctl `:                     "needs a running systemd",
		`^amtool check-config alerts/`:     "alerts/tools_test.go",
		`^curl -s "https://api\.telegram`:  "asks Telegram",
		`^sed -i -E .* alerts\.yml$`:       "alerts/tools_test.go runs it on a copy",
		`^\./raptoreum_exporter .*cookie-`: "the fake daemon of this test has a password",
	}
}

// blocks returns the shell commands of a text, a block each.
func blocks(t *testing.T, file string) (found []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		switch block[1] {
		case "sh":
			found = append(found, block[2])
		case "":
			t.Errorf("%s: a block without a language:\n%s", file, block[2])
		}
	}
	return found
}

// runnable leaves out the commands that are tried elsewhere.
func runnable(block string) string {
	var lines []string
	for line := range strings.Lines(block) {
		here := true
		for pattern := range elsewhere() {
			here = here && !regexp.MustCompile(pattern).MatchString(strings.TrimSpace(line))
		}
		if here {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// TestReadme runs every command of README.md that needs no other machine, in the order in which they
// stand there, beside a fake network: as an owner would who pastes them one after the other.
func TestReadme(t *testing.T) {
	if testing.Short() {
		t.Skip("runs other programs")
	}
	n, flags := playing(t, "healthy")
	_, port, _ := net.SplitHostPort(tools.FreeAddress(t))
	box := t.TempDir()
	bin, home, etc := filepath.Join(box, "bin"), filepath.Join(box, "home"), filepath.Join(box, "etc")
	for _, dir := range []string{bin, etc, filepath.Join(home, ".raptoreumcore")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	write := func(path, content string) {
		if err := os.WriteFile(path, []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{filepath.Join(bin, name), filepath.Join(box, name)} {
		if err := os.Symlink(self, path); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(bin, "sudo"), "#!/bin/sh\nexec \"$@\"\n")
	// Only root can give a file to another user.
	write(filepath.Join(bin, "install"), "#!/bin/sh\nfor last; do :; done\nexec cat >\"$last\"\n")
	conf, err := os.ReadFile(strings.TrimPrefix(flags[0], "--daemon.conf="))
	if err != nil {
		t.Fatal(err)
	}
	write(filepath.Join(home, ".raptoreumcore", "raptoreum.conf"), string(conf))
	shipped, err := os.ReadFile("packaging/etc/flags")
	if err != nil {
		t.Fatal(err)
	}
	write(filepath.Join(etc, "flags"), string(shipped))
	write(filepath.Join(box, "rpcpassword"), testPassword+"\n")
	served := &servers{t: t, port: port}
	t.Cleanup(served.stop)
	env := append(os.Environ(), "HOME="+home, "PATH="+bin+":"+os.Getenv("PATH"), "RAPTOREUM_EXPORTER_COLLECTOR_RELEASE=false",
		"RAPTOREUM_EXPORTER_EXPLORER_URL="+strings.Join(n.ExplorerURLs(), "\n"), "RAPTOREUM_EXPORTER_HEAL_HISTORY="+filepath.Join(box, "history.json"))
	// What the rpcauth line lets in, the fake knows by its one user.
	here := strings.NewReplacer("127.0.0.1:10227", "127.0.0.1:"+port, "/etc/raptoreum_exporter", etc, "127.0.0.1:10225", strings.TrimPrefix(n.RPCURL(), "http://"),
		"--daemon.user=raptoreum_exporter", "--daemon.user=rtm", "password=$(openssl rand -hex 24)", "password="+testPassword)
	ran := 0
	for _, block := range blocks(t, "README.md") {
		script := runnable(block)
		if strings.TrimSpace(script) == "" {
			continue
		}
		ran++
		served.stop()
		said := filepath.Join(t.TempDir(), "said") // not a pipe, which what serves would keep open
		out, err := os.Create(said)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", served.script(here.Replace(script)))
		cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = box, env, out, out
		if err := cmd.Run(); err != nil {
			text, _ := os.ReadFile(said)
			t.Errorf("%v:\n%s\n%s", err, script, text)
		}
		out.Close()
	}
	if ran < 8 {
		t.Errorf("%d blocks ran", ran)
	}
	text, err := os.ReadFile(filepath.Join(home, ".raptoreumcore", "raptoreum.conf"))
	if err != nil || !regexp.MustCompile(`^rpcauth=raptoreum_exporter:[0-9a-f]{32}\$[0-9a-f]{64}\n`).Match(text) {
		t.Errorf("no rpcauth in raptoreum.conf: %v", err)
	}
}

// servers are the exporters that a block starts.
type servers struct {
	t    *testing.T
	port string
	pids string
}

var serving = regexp.MustCompile(`(?m)^(\./raptoreum_exporter --.*)$`)

// script starts what serves in the background, and waits until it answers, before the next command.
func (s *servers) script(script string) string {
	s.pids = filepath.Join(s.t.TempDir(), "pids")
	if !strings.Contains(script, "./raptoreum_exporter --") && strings.Contains(script, "curl -s 127.0.0.1:"+s.port) {
		// The unit serves by now.
		script = fmt.Sprintf("raptoreum_exporter @$(dirname $HOME)/etc/flags --web.listen-address=127.0.0.1:%s &\necho $! >>%s\n%s\n%s", s.port, s.pids, s.wait(), script)
	}
	return serving.ReplaceAllStringFunc(script, func(line string) string {
		if strings.Contains(line, "--fleet.check-config") {
			return line
		}
		return fmt.Sprintf("kill $(cat %[2]s) 2>/dev/null || true\n%[1]s --web.listen-address=127.0.0.1:%[3]s &\necho $! >%[2]s\n%[4]s", line, s.pids, s.port, s.wait())
	})
}

func (s *servers) wait() string {
	return fmt.Sprintf("for i in $(seq 100); do curl -s -o /dev/null 127.0.0.1:%[1]s/-/ready && break; sleep 0.1; done; curl -s -o /dev/null 127.0.0.1:%[1]s/-/ready; sleep 1; curl -s -o /dev/null 127.0.0.1:%[1]s/metrics", s.port)
}

// stop ends them, by their pids.
func (s *servers) stop() {
	text, err := os.ReadFile(s.pids)
	if err != nil {
		return
	}
	for _, field := range strings.Fields(string(text)) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			s.t.Fatal(err)
		}
		if process, err := os.FindProcess(pid); err == nil {
			_ = process.Signal(os.Interrupt) // it may have ended
		}
	}
	for range 100 {
		if response, err := http.Get("http://127.0.0.1:" + s.port + "/-/ready"); err != nil {
			return
		} else {
			response.Body.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.t.Error("an exporter does not end")
}

// TestReadmeTargets: what README.md has made, the Makefile makes.
func TestReadmeTargets(t *testing.T) {
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range regexp.MustCompile("(?m)(?:`|^)make ([a-z0-9 -]+?)(?:`|$| +#)").FindAllStringSubmatch(string(readme), -1) {
		for target := range strings.FieldsSeq(found[1]) {
			if !regexp.MustCompile(`(?m)^` + target + `:`).Match(makefile) {
				t.Errorf("make %s: no such target", target)
			}
		}
	}
	for pattern := range elsewhere() {
		used := slices.ContainsFunc(blocks(t, "README.md"), func(b string) bool {
			return regexp.MustCompile("(?m)" + pattern).MatchString(b)
		})
		if !used {
			t.Errorf("%s is in no command of README.md", pattern)
		}
	}
}

// TestReadmeFrench: the French part for operators has the same commands, in the same order.
func TestReadmeFrench(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, part, begins := strings.Cut(string(text), "<!-- for operators;")
	part, _, ends := strings.Cut(part, "<!-- end of the part for operators -->")
	if !begins || !ends {
		t.Fatal("README.md has no part for operators")
	}
	file := filepath.Join(t.TempDir(), "part.md")
	if err := os.WriteFile(file, []byte(part), 0o600); err != nil {
		t.Fatal(err)
	}
	// Comments may be of another language.
	bare := func(blocks []string) (lines []string) {
		for _, b := range blocks {
			for line := range strings.Lines(b) {
				line, _, _ = strings.Cut(line, " # ")
				lines = append(lines, strings.TrimSpace(line))
			}
		}
		return lines
	}
	if diff := cmp.Diff(bare(blocks(t, file)), bare(blocks(t, "README.fr.md"))); diff != "" {
		t.Errorf("-README.md +README.fr.md:\n%s", diff)
	}
}

// TestReadmeCheck: the output that README.md shows is that of a recorded daemon.
func TestReadmeCheck(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	output, err := os.ReadFile("testdata/scenarios/pose-punished/check.txt")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "$ raptoreum_exporter check\n"+string(output)+"```\n") {
		t.Error("README.md shows another output of check than testdata/scenarios/pose-punished/check.txt")
	}
}
