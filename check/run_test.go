package check_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"raptoreum_exporter/check"
	"raptoreum_exporter/config"
	"raptoreum_exporter/internal/harness"
	"raptoreum_exporter/internal/simnet"
	"raptoreum_exporter/judge"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// run runs the command beside a fake network and fails the test if a secret is printed.
func run(ctx context.Context, t *testing.T, o *harness.Options, c config.Check) (judge.Verdict, string, error) {
	t.Helper()
	return runWithin(ctx, t, o, c, check.Timeouts{})
}

// runWithin is run with other timeouts: the real ones for a daemon that does not answer add up to 80 s.
func runWithin(ctx context.Context, t *testing.T, o *harness.Options, c config.Check, limits check.Timeouts) (judge.Verdict, string, error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if err := c.Validate(o.Fleet); err != nil {
		t.Fatal(err)
	}
	verdict, err := check.Run(ctx, check.Config{
		Check: c, Sources: o.Connect(t), Collectors: o.Collectors, ProTxHash: o.ProTxHash, FleetFile: o.Fleet.File,
		Stdout: &stdout, Stderr: &stderr, Timeouts: limits,
	})
	if stderr.Len() > 0 {
		t.Errorf("on stderr: %s", &stderr)
	}
	for _, secret := range []string{harness.Password, harness.BLSKey} {
		if strings.Contains(stdout.String(), secret) {
			t.Errorf("a secret is printed:\n%s", &stdout)
		}
	}
	return verdict, stdout.String(), err
}

// TestRun: one check finds each fault.
func TestRun(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, scenario string
		fault          func(*simnet.State)
		verdict        judge.Verdict
		says           string
	}{
		{"healthy", "healthy", func(*simnet.State) {}, judge.OK, `^OK: this machine, all \d+ checks are ok\n`},
		{"penalty", "healthy", func(s *simnet.State) { s.Penalty = 66 }, judge.Critical, `^CRITICAL: this machine, PoSe: penalty 66 of 100`},
		// Its hash is only in the list.
		{"banned", "pose-banned", func(*simnet.State) {}, judge.Critical, `^CRITICAL: this machine, PoSe: banned at block 611(?s:.*)in the console of the wallet that pays the fee: protx update_service "a5d51f7a[0-9a-f]{56}" "127.0.0.1:\d+" "<operator BLS secret: from your own records>"`},
		{"refused", "healthy", func(s *simnet.State) { s.Daemon, s.Port = simnet.DaemonRefused, simnet.PortClosed }, judge.Critical, `^CRITICAL: this machine, raptoreumd: does not answer`},
		{"rejects us", "healthy", func(s *simnet.State) { s.Daemon = simnet.DaemonUnauthorized }, judge.Warning, `^WARNING: this machine, raptoreumd: rejects`},
		{"warming up", "healthy", func(s *simnet.State) { s.Daemon = simnet.DaemonWarmingUp }, judge.Warning, `^WARNING: this machine, raptoreumd: is starting: `},
		{"forked", "healthy", func(s *simnet.State) {
			for i := range s.Explorers {
				s.Explorers[i].Mode = simnet.ExplorerForked
			}
		}, judge.Critical, `^CRITICAL: this machine, fork: `},
		{"no explorer", "healthy", func(s *simnet.State) {
			for i := range s.Explorers {
				s.Explorers[i].Mode = simnet.ExplorerDown
			}
		}, judge.Warning, `^WARNING: this machine, explorers: none answers`},
		{"port closed", "healthy", func(s *simnet.State) { s.Port = simnet.PortAcceptClose }, judge.Warning, `^WARNING: this machine, port: the handshake with 127.0.0.1:\d+ fails in phase version`},
		{"other shape", "healthy", func(s *simnet.State) { s.Daemon = simnet.DaemonOtherShape }, judge.Critical, `raptoreumd: sends an unexpected reply`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, o := harness.Command(t, test.scenario, test.fault)
			verdict, out, err := run(t.Context(), t, o, config.Check{})
			if verdict != test.verdict || err != nil || !regexp.MustCompile(test.says).MatchString(out) {
				t.Errorf("%s, %v, want %s and %s\n%s", verdict, err, test.verdict, test.says, out)
			}
			var report struct{ Verdict string }
			verdict, out, _ = run(t.Context(), t, o, config.Check{JSON: true})
			if err := json.Unmarshal([]byte(out), &report); err != nil || verdict != test.verdict || report.Verdict != test.verdict.String() {
				t.Errorf("JSON: %s, %v, want %s\n%s", verdict, err, test.verdict, out)
			}
			verdict, out, _ = run(t.Context(), t, o, config.Check{Quiet: true})
			if (out == "") != (test.verdict == judge.OK) || verdict != test.verdict || strings.Contains(out, "\nok ") {
				t.Errorf("quiet: %s\n%s", verdict, out)
			}
		})
	}
}

// TestRunHung: a silent daemon is reported after a wait for late answers, which is a minute for the first one, and not later.
func TestRunHung(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for a minute")
	}
	t.Parallel()
	_, o := harness.Command(t, "healthy", func(s *simnet.State) { s.Daemon = simnet.DaemonHung })
	o.ProTxHash = "d5309c7cb07da0f4eed3b0d6efcabc180314028577b65c506c072d486b37856a"
	limits := check.Timeouts{Gather: 3 * time.Second, Slow: 54 * time.Second, Rest: 5 * time.Second}
	began := time.Now()
	verdict, out, err := runWithin(t.Context(), t, o, config.Check{Quiet: true}, limits)
	if verdict != judge.Critical || err != nil || !strings.HasPrefix(out, "CRITICAL: this machine, raptoreumd: is hung") || !strings.Contains(out, "not banned according to 127.0.0.1:") {
		t.Errorf("%s, %v\n%s", verdict, err, out)
	}
	if took := time.Since(began); took < limits.Gather+limits.Slow || took > limits.Gather+limits.Slow+limits.Rest+3*time.Second {
		t.Errorf("it took %s", took)
	}
}

// TestRunSlow: silent explorers and a slow daemon are not a hung daemon.
func TestRunSlow(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for timeouts")
	}
	t.Parallel()
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
			_, o := harness.Command(t, "healthy", fault)
			if verdict, out, _ := run(t.Context(), t, o, config.Check{}); verdict == judge.Critical || !strings.Contains(out, "raptoreumd      ready, version") {
				t.Errorf("%s\n%s", verdict, out)
			}
		})
	}
}

// TestRunInterrupted: an aborted check says nothing about the daemon.
func TestRunInterrupted(t *testing.T) {
	t.Parallel()
	_, o := harness.Command(t, "healthy", func(s *simnet.State) { s.Daemon = simnet.DaemonHung })
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if verdict, out, err := run(ctx, t, o, config.Check{}); !errors.Is(err, check.ErrInterrupted) || out != "" {
		t.Errorf("%s, %v\n%s", verdict, err, out)
	}
}

// TestRunTarget checks nodes of the fleet from outside.
func TestRunTarget(t *testing.T) {
	t.Parallel()
	n, o := harness.Command(t, "healthy")
	if err := n.SetCrowd([]simnet.Member{{Address: harness.Loopback(t, 0)}, {Address: harness.Loopback(t, 1), Port: simnet.PortSilent}}); err != nil {
		t.Fatal(err)
	}
	o.Fleet = config.Fleet{File: filepath.Join(t.TempDir(), "fleet.yml"), AllowPrivate: true, Vantage: "here"}
	harness.WriteFleet(t, o.Fleet.File, n, 2)
	for target, want := range map[string]struct {
		verdict judge.Verdict
		says    string
	}{
		"node-0":  {judge.OK, "OK: node-0, all "},
		"node-1":  {judge.Critical, "CRITICAL: node-1, port: the handshake with "},
		"unknown": {judge.Unknown, ""},
	} {
		verdict, out, err := run(t.Context(), t, o, config.Check{Target: target})
		if verdict != want.verdict || !strings.HasPrefix(out, want.says) || (err != nil) != (target == "unknown") {
			t.Errorf("%s: %s, %v\n%s", target, verdict, err, out)
		}
	}
}

// TestRunFleet checks all nodes of the fleet if there is no daemon: one line for each that is well, and the problems.
func TestRunFleet(t *testing.T) {
	t.Parallel()
	n, o := harness.Command(t, "healthy")
	if err := n.SetCrowd([]simnet.Member{{Address: harness.Loopback(t, 0)}, {Address: harness.Loopback(t, 1), Banned: true}}); err != nil {
		t.Fatal(err)
	}
	o.Fleet = config.Fleet{File: filepath.Join(t.TempDir(), "fleet.yml"), AllowPrivate: true, Vantage: "here"}
	harness.WriteFleet(t, o.Fleet.File, n, 2)
	for quiet, want := range map[bool][]string{
		false: {"OK: this machine, all ", "OK: node-0, all ", "CRITICAL: node-1, PoSe: banned"},
		true:  {"CRITICAL: node-1, PoSe: banned"},
	} {
		sources := o.Connect(t)
		sources.Daemon = nil // the fleet still has it: without one, it assumes the main network
		var out bytes.Buffer
		verdict, err := check.Run(t.Context(), check.Config{
			Check: config.Check{Quiet: quiet}, Sources: sources, Collectors: o.Collectors, Stdout: &out, Stderr: io.Discard,
		})
		var summaries []string
		for _, line := range strings.Split(out.String(), "\n") {
			if strings.HasPrefix(line, "OK") || strings.HasPrefix(line, "CRITICAL") {
				summaries = append(summaries, line)
			}
		}
		if verdict != judge.Critical || err != nil || len(summaries) != len(want) || !strings.Contains(out.String(), "\ncritical  smartnode  PoSe ") {
			t.Fatalf("%s, %v\n%s", verdict, err, &out)
		}
		for i := range want {
			if !strings.HasPrefix(summaries[i], want[i]) {
				t.Errorf("%q, want %q", summaries[i], want[i])
			}
		}
	}
}

// interrupter cancels with the first write, which is the report of this machine.
type interrupter struct {
	bytes.Buffer
	cancel context.CancelFunc
}

func (i *interrupter) Write(p []byte) (int, error) {
	i.cancel()
	return i.Buffer.Write(p)
}

// TestRunFleetInterrupted: what was not probed any more is not reported as unknown.
func TestRunFleetInterrupted(t *testing.T) {
	t.Parallel()
	n, o := harness.Command(t, "healthy")
	o.Fleet = config.Fleet{File: filepath.Join(t.TempDir(), "fleet.yml"), AllowPrivate: true, Vantage: "here"}
	harness.WriteFleet(t, o.Fleet.File, n, 2)
	sources := o.Connect(t)
	sources.Daemon = nil
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &interrupter{cancel: cancel}
	_, err := check.Run(ctx, check.Config{Sources: sources, Collectors: o.Collectors, Stdout: out, Stderr: io.Discard})
	if !errors.Is(err, check.ErrInterrupted) || strings.Contains(out.String(), "node-") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestWatch: without a terminal, each sample of a sync is a line.
func TestWatch(t *testing.T) {
	if testing.Short() {
		t.Skip("a check each 5 seconds")
	}
	t.Parallel()
	n, o := harness.Command(t, "healthy", func(s *simnet.State) {
		s.InitialBlockDownload, s.SyncFinished = true, false
		s.NetworkHeight, s.Headers, s.PeersHeight, s.Height = 1000, 1000, 1000, 600
	})
	go func() {
		time.Sleep(6 * time.Second)
		n.Set(func(s *simnet.State) { s.Height, s.InitialBlockDownload, s.SyncFinished = 1000, false, true })
	}()
	verdict, out, err := run(t.Context(), t, o, config.Check{Watch: true})
	if verdict != judge.OK || err != nil || !strings.HasSuffix(out, "synced at block 1000\n") || strings.Contains(out, "\x1b") {
		t.Errorf("%s, %v\n%s", verdict, err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	n.Set(func(s *simnet.State) { s.InitialBlockDownload = true })
	if verdict, out, err := run(ctx, t, o, config.Check{Watch: true}); verdict != judge.Warning || err != nil {
		t.Errorf("interrupted: %s, %v\n%s", verdict, err, out)
	}
}
