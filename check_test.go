package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"raptoreum_exporter/internal/simnet"
)

// ran is what the program printed, and its exit code.
type ran struct {
	stdout, stderr string
	code           int
}

// program runs the program itself, which is this test under its name.
func program(t *testing.T, args ...string) ran {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Args[0], cmd.Stdout, cmd.Stderr = name, &stdout, &stderr
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	if err := cmd.Run(); err != nil {
		if _, ok := errors.AsType[*exec.ExitError](err); !ok {
			t.Fatal(err)
		}
	}
	r := ran{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
	for _, secret := range []string{testPassword, testBLSKey} {
		if strings.Contains(r.stdout+r.stderr, secret) {
			t.Errorf("%q prints a secret:\n%s%s", args, r.stdout, r.stderr)
		}
	}
	return r
}

// playing starts a fake network and returns the flags that lead to it.
func playing(t *testing.T, scenario string, faults ...func(*simnet.State)) (n *simnet.Network, flags []string) {
	t.Helper()
	s, err := simnet.Load(os.DirFS("testdata/scenarios/" + scenario))
	if err != nil {
		t.Fatal(err)
	}
	n, err = simnet.Start(simnet.Config{Scenario: s, Captures: os.DirFS("testdata/captures"), User: "rtm", Password: testPassword, AuthDelay: time.Millisecond, OwnAddress: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	n.AddBlock() // the recorded tip is old
	n.Set(func(s *simnet.State) {
		s.Started, s.PeersIn, s.PeersOut = time.Now().Add(-72*time.Hour), 6, 8
	})
	for _, fault := range faults {
		n.Set(fault)
	}
	flags = []string{"--daemon.conf=" + writeConf(t, n), "--no-collector.release", "--no-collector.process", "--no-collector.host", "--no-collector.datadir"}
	for _, url := range n.ExplorerURLs() {
		flags = append(flags, "--explorer.url="+url)
	}
	return n, flags
}

// TestCheck runs the command beside a fake network: one call finds each trouble, and its exit code tells.
func TestCheck(t *testing.T) {
	for _, test := range []struct {
		name, scenario string
		fault          func(*simnet.State)
		code           int
		says           string
	}{
		{"healthy", "healthy", func(*simnet.State) {}, 0, `^OK: this machine, all \d+ checks\n`},
		{"penalty", "healthy", func(s *simnet.State) { s.Penalty = 66 }, 2, `^CRITICAL: this machine, PoSe: penalty 66 of 100`},
		// Its hash is found in the list only.
		{"banned", "pose-banned", func(*simnet.State) {}, 2, `^CRITICAL: this machine, PoSe: banned at block 611(?s:.*)in the console of the wallet that pays the fee: protx update_service "a5d51f7a[0-9a-f]{56}" "127.0.0.1:\d+" "<operator BLS secret: from your own records>"`},
		{"refused", "healthy", func(s *simnet.State) { s.Daemon, s.Port = simnet.DaemonRefused, simnet.PortClosed }, 2, `^CRITICAL: this machine, raptoreumd: does not answer`},
		{"refuses us", "healthy", func(s *simnet.State) { s.Daemon = simnet.DaemonUnauthorized }, 1, `^WARNING: this machine, raptoreumd: refuses`},
		{"warming up", "healthy", func(s *simnet.State) { s.Daemon = simnet.DaemonWarmingUp }, 1, `^WARNING: this machine, raptoreumd: is starting: `},
		{"forked", "healthy", func(s *simnet.State) {
			for i := range s.Explorers {
				s.Explorers[i].Mode = simnet.ExplorerForked
			}
		}, 2, `^CRITICAL: this machine, fork: `},
		{"no explorer", "healthy", func(s *simnet.State) {
			for i := range s.Explorers {
				s.Explorers[i].Mode = simnet.ExplorerDown
			}
		}, 1, `^WARNING: this machine, explorers: none answers`},
		{"port closed", "healthy", func(s *simnet.State) { s.Port = simnet.PortAcceptClose }, 1, `^WARNING: this machine, port: the handshake with 127.0.0.1:\d+ fails in phase version`},
		{"other shape", "healthy", func(s *simnet.State) { s.Daemon = simnet.DaemonOtherShape }, 2, `raptoreumd: answers what is not understood`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, flags := playing(t, test.scenario, test.fault)
			r := program(t, append(flags, "check")...)
			if r.code != test.code || !regexp.MustCompile(test.says).MatchString(r.stdout) || r.stderr != "" {
				t.Errorf("exit %d, want %d and %s\n%s%s", r.code, test.code, test.says, r.stdout, r.stderr)
			}
			var report struct {
				Verdict  string
				Findings []struct{ Section, Name, Verdict, Text string }
			}
			r = program(t, append([]string{"check", "--json"}, flags...)...)
			if err := json.Unmarshal([]byte(r.stdout), &report); err != nil || r.code != test.code {
				t.Errorf("--json: exit %d, %v\n%s", r.code, err, r.stdout)
			}
			if want := []string{"ok", "warning", "critical", "unknown"}[test.code]; report.Verdict != want {
				t.Errorf("--json says %s, want %s", report.Verdict, want)
			}
			r = program(t, append(flags, "check", "--quiet")...)
			if (r.stdout == "") != (test.code == 0) || r.code != test.code || strings.Contains(r.stdout, "\nok ") {
				t.Errorf("--quiet: exit %d\n%s", r.code, r.stdout)
			}
		})
	}
}

// TestCheckHung: silence is told after the time of one look, and not later.
func TestCheckHung(t *testing.T) {
	t.Parallel()
	_, flags := playing(t, "healthy", func(s *simnet.State) { s.Daemon = simnet.DaemonHung })
	began := time.Now()
	r := program(t, append(flags, "check", "--quiet", "--smartnode.protx=d5309c7cb07da0f4eed3b0d6efcabc180314028577b65c506c072d486b37856a")...)
	if r.code != 2 || !strings.HasPrefix(r.stdout, "CRITICAL: this machine, raptoreumd: is hung") || !strings.Contains(r.stdout, "raptoreumd does not tell; not banned, as 127.0.0.1:") {
		t.Errorf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if took := time.Since(began); took > checkTime+checkRest+3*time.Second {
		t.Errorf("it took %s", took)
	}
}

// TestCheckWrong: what is wrong with the call is one line, and its exit code none that tells of the node.
func TestCheckWrong(t *testing.T) {
	for _, test := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"check", "--bogus"}, 3, "unknown long flag '--bogus'; see --help"},
		{[]string{"--bogus", "check"}, 3, "unknown long flag '--bogus'; see --help"},
		{[]string{"--bogus"}, 2, "unknown long flag '--bogus'; see --help"},
		{[]string{"check", "--watch", "--json"}, 3, "--watch: goes without --json, --quiet and --target"},
		{[]string{"check", "--quiet", "--json"}, 3, "--json, --quiet: give one of them"},
		{[]string{"check", "--target=paris-1"}, 3, "--target: give the file that names it with --fleet.config"},
		{[]string{"check", "--runbook=Nope"}, 3, `--runbook: there is none of "Nope"; --runbook=README lists them`},
		{[]string{"check", "--log.level=loud"}, 3, `--log.level: "loud" is none of debug, info, warn, error`},
		{[]string{"check", "--daemon.conf=nosuch", "--daemon.user=x"}, 3, "--daemon.user: needs --daemon.password-file"},
		{[]string{"--json"}, 2, "unknown long flag '--json'; see --help"},
	} {
		r := program(t, test.args...)
		if r.code != test.code || r.stderr != name+": "+test.says+"\n" || r.stdout != "" {
			t.Errorf("%q: exit %d, %q, %q", test.args, r.code, r.stdout, r.stderr)
		}
	}
	if r := program(t, "check", "--runbook=RaptoreumDaemonHung"); r.code != 0 || !strings.HasPrefix(r.stdout, "# RaptoreumDaemonHung\n") {
		t.Errorf("--runbook: %+v", r)
	}
}

// TestCheckSlow: explorers that say nothing, and a daemon that takes its time, are no hung daemon.
func TestCheckSlow(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for those who are silent")
	}
	for name, fault := range map[string]func(*simnet.State){
		"explorers": func(s *simnet.State) {
			for i := range s.Explorers {
				s.Explorers[i].Mode = simnet.ExplorerSlowDrip
			}
		},
		"daemon": func(s *simnet.State) { s.RPCDelay = simnet.Duration(600 * time.Millisecond) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, flags := playing(t, "healthy", fault)
			if r := program(t, append(flags, "check")...); r.code == 2 || !strings.Contains(r.stdout, "raptoreumd      ready, version") {
				t.Errorf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
			}
		})
	}
}

// TestCheckInterrupted: a look that is cut off says nothing of the daemon.
func TestCheckInterrupted(t *testing.T) {
	t.Parallel()
	_, flags := playing(t, "healthy", func(s *simnet.State) { s.Daemon = simnet.DaemonHung })
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, append(flags, "check")...)
	var out bytes.Buffer
	cmd.Args[0], cmd.Stdout, cmd.Stderr = name, &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if _ = cmd.Wait(); cmd.ProcessState.ExitCode() != 3 || out.String() != name+": interrupted before the look had ended\n" {
		t.Errorf("exit %d: %s", cmd.ProcessState.ExitCode(), out.String())
	}
}

// TestCheckTarget judges nodes of the fleet from outside.
func TestCheckTarget(t *testing.T) {
	t.Parallel()
	n, flags := playing(t, "healthy")
	if err := n.SetCrowd([]simnet.Member{{Address: loopback(t, 0)}, {Address: loopback(t, 1), Port: simnet.PortSilent}}); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "fleet.yml")
	writeFleet(t, file, n, 2)
	flags = append(flags, "check", "--fleet.config="+file, "--fleet.allow-private", "--vantage=here")
	for target, want := range map[string]struct {
		code int
		says string
	}{
		"node-0": {0, "OK: node-0, all "},
		"node-1": {2, "CRITICAL: node-1, port: the handshake with "},
		"nobody": {3, ""},
	} {
		r := program(t, append(flags, "--target="+target)...)
		if r.code != want.code || !strings.HasPrefix(r.stdout, want.says) {
			t.Errorf("%s: exit %d\n%s%s", target, r.code, r.stdout, r.stderr)
		}
	}
}

// TestCheckWatch records a terminal, in which the progress of a sync is one line that changes.
func TestCheckWatch(t *testing.T) {
	if testing.Short() {
		t.Skip("a look each 5 seconds")
	}
	t.Parallel()
	script, err := exec.LookPath("script")
	if err != nil {
		t.Skip("no script, of util-linux, to record a terminal with")
	}
	n, flags := playing(t, "healthy", func(s *simnet.State) {
		s.InitialBlockDownload, s.SyncFinished = true, false
		s.NetworkHeight, s.Headers, s.PeersHeight, s.Height = 1000, 1000, 1000, 600
	})
	go func() {
		for height := 600; height < 1000; height += 20 {
			time.Sleep(500 * time.Millisecond)
			n.Set(func(s *simnet.State) { s.Height = height })
		}
		n.Set(func(s *simnet.State) { s.Height, s.InitialBlockDownload, s.SyncFinished = 1000, false, true })
	}()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), name)
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	record := filepath.Join(t.TempDir(), "terminal")
	command := fmt.Sprintf("stty cols 80; '%s' check --watch '%s'", link, strings.Join(flags, "' '"))
	if out, err := exec.CommandContext(t.Context(), script, "-qec", command, record).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	recorded, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	var frames []string
	for frame := range strings.SplitSeq(string(recorded), "\r\x1b[K") {
		frames = append(frames, strings.TrimSpace(frame))
	}
	t.Logf("%q", frames)
	all := strings.Join(frames[1:], "\n") // before the first is what script says
	if !regexp.MustCompile(`^\[#+\.*\] +\d+\.\d %  measuring  \d+/1000\n(\[#+\.*\] +\d+\.\d %  \d+ s left, \d+ blocks/s  \d+/1000\n)+synced at block 1000`).MatchString(all) {
		t.Errorf("recorded\n%s", all)
	}
}
