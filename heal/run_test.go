package heal_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/log"

	"raptoreum_exporter/config"
	"raptoreum_exporter/heal"
	"raptoreum_exporter/internal/harness"
	"raptoreum_exporter/internal/history"
	"raptoreum_exporter/internal/simnet"
)

// startCommand starts the daemon: it logs when it begins and ends.
const startCommand = "#!/bin/sh\necho begun >> \"$0.log\"\nsleep 0.3\necho done >> \"$0.log\"\n"

// fixture is a daemon that refuses connections, with or without a process, and has been observed so for an hour.
type fixture struct {
	*testing.T
	dir     string
	options *harness.Options
	config  heal.Config
	network *simnet.Network
	log     *harness.Buffer
	process *os.Process
	ended   chan struct{} // closed when the process has ended
}

func newFixture(t *testing.T, alive bool, faults ...func(*simnet.State)) *fixture {
	t.Helper()
	n, o := harness.Command(t, "healthy", append([]func(*simnet.State){func(s *simnet.State) {
		s.Daemon, s.Port = simnet.DaemonRefused, simnet.PortClosed
	}}, faults...)...)
	f := &fixture{T: t, dir: t.TempDir(), options: o, network: n, log: new(harness.Buffer), ended: make(chan struct{})}
	conf, err := os.ReadFile(o.Daemon.Conf)
	if err != nil {
		t.Fatal(err)
	}
	o.Daemon.Conf = f.write("raptoreum.conf", string(conf))
	o.Collectors = heal.Relevant(harness.Collectors())
	f.config = heal.Config{
		Heal:    config.Heal{Command: f.write("start", startCommand), After: 5 * time.Minute, Attempts: 3, StopTimeout: 2 * time.Second},
		Sources: o.Connect(t), Collectors: o.Collectors, History: filepath.Join(f.dir, "history.json"),
		RealProcfs: true, Logger: log.NewLogfmtLogger(f.log),
		CheckTimeout: 3 * time.Second, SlowTimeout: 12 * time.Second, // a fifth of the real ones, as the delays of the tests
	}
	if err := f.config.Validate(o.Collectors); err != nil {
		t.Fatal(err)
	}
	trouble := heal.Gone
	switch {
	case n.State().Daemon == simnet.DaemonHung:
		trouble = heal.Hung
	case alive:
		trouble = heal.Silent
	}
	now := time.Now()
	f.record(history.History{LastCheck: now.Add(-time.Minute), Since: now.Add(-time.Hour), Checks: 30, Trouble: string(trouble), LastReady: now.Add(-2 * time.Hour)})
	if err := os.MkdirAll(filepath.Join(f.dir, "regtest"), 0o700); err != nil {
		t.Fatal(err)
	}
	f.write("regtest/raptoreumd.pid", "999999999\n") // left behind
	if alive {
		f.startDaemon()
	}
	return f
}

func (f *fixture) write(name, content string) string {
	path := filepath.Join(f.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o700); err != nil {
		f.Fatal(err)
	}
	return path
}

// record writes the history file.
func (f *fixture) record(h history.History) {
	f.Helper()
	s, err := history.Open(f.config.History)
	if err != nil {
		f.Fatal(err)
	}
	defer s.Close()
	if err := s.Write(h); err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) recorded() history.History {
	f.Helper()
	h, err := history.Read(f.config.History)
	if err != nil {
		f.Fatal(err)
	}
	return h
}

// startDaemon starts this test under the name of raptoreumd, which heal finds among all processes.
func (f *fixture) startDaemon(args ...string) {
	f.Helper()
	self, err := os.Executable()
	if err != nil {
		f.Fatal(err)
	}
	daemon := exec.CommandContext(context.WithoutCancel(f.Context()), self, append(args, "-datadir="+f.dir)...)
	daemon.Args[0], daemon.Env = "raptoreumd", append(os.Environ(), "HEAL_FAKE_DAEMON=gentle")
	if err := daemon.Start(); err != nil {
		f.Fatal(err)
	}
	f.process = daemon.Process
	go func() { _ = daemon.Wait(); close(f.ended) }()
	f.Cleanup(f.stopDaemon)
}

func (f *fixture) stopDaemon() { _ = f.process.Kill(); <-f.ended }

// commandLog returns what the command logged.
func (f *fixture) commandLog() string {
	f.Helper()
	text, err := os.ReadFile(filepath.Join(f.dir, "start.log"))
	if err != nil && !os.IsNotExist(err) {
		f.Fatal(err)
	}
	return string(text)
}

// TestRun runs the heal command on real processes.
func TestRun(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name        string
		alive       bool
		fault       func(*simnet.State)
		change      func(*heal.Config)
		code        int
		logged, ran string
		restarts    int
		unchanged   bool
		longTimeout bool
	}{
		{name: "gone", fault: func(*simnet.State) {}, logged: "msg=\"attempt finished\" outcome=\"succeeded: ", ran: "begun\ndone\n", restarts: 1},
		{name: "silent", alive: true, fault: func(*simnet.State) {}, logged: "msg=SIGTERM", ran: "begun\ndone\n", restarts: 1},
		{name: "its port works", alive: true, fault: func(s *simnet.State) { s.Port = simnet.PortOK }, logged: "msg=leave reason=\"the P2P handshake succeeds"},
		{
			name: "ready", alive: true, fault: func(s *simnet.State) { s.Daemon, s.Port = simnet.DaemonOK, simnet.PortOK },
			logged: "msg=leave reason=\"raptoreumd is ready\"",
		},
		{name: "ready, one strike left, behind, explorers down", alive: true, fault: func(s *simnet.State) {
			s.Daemon, s.Penalty, s.NetworkHeight, s.Explorers[0].Mode = simnet.DaemonOK, 66, s.Height+500, simnet.ExplorerDown
		}, logged: "msg=leave reason=\"raptoreumd is ready\""},
		{
			name: "dry run", fault: func(*simnet.State) {}, change: func(c *heal.Config) { c.DryRun = true },
			logged: "msg=\"would restart\" reason=\"raptoreumd has been gone for ", unchanged: true,
		},
		{
			name: "hung", alive: true, fault: func(s *simnet.State) { s.Daemon = simnet.DaemonHung },
			logged: "reason=\"raptoreumd has been hung for ", ran: "begun\ndone\n", restarts: 1, longTimeout: true,
		},
		{
			name: "slow", alive: true, fault: func(s *simnet.State) {
				s.Daemon, s.Port, s.MainLockDelay = simnet.DaemonOK, simnet.PortOK, simnet.Duration(4*time.Second)
			},
			logged: "msg=leave reason=\"raptoreumd is slow\"", longTimeout: true,
		},
		{
			name: "slow without locks", alive: true, fault: func(s *simnet.State) {
				s.Daemon, s.Port, s.RPCDelay = simnet.DaemonOK, simnet.PortOK, simnet.Duration(600*time.Millisecond) // of each of 6 calls
			},
			logged: "msg=leave reason=\"raptoreumd is slow\"", longTimeout: true,
		},
		{
			name: "the command fails", fault: func(*simnet.State) {}, change: func(c *heal.Config) { c.Command = "ls /nosuch" },
			code: 1, logged: "msg=\"not restarted\" reason=\"not restarted: ls /nosuch: exit status 2", restarts: 1,
		},
		{
			name: "another machine's proc", alive: true, fault: func(*simnet.State) {}, change: func(c *heal.Config) { c.RealProcfs = false },
			logged: "the process is unknown", ran: "begun\ndone\n", restarts: 1,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if testing.Short() && test.longTimeout {
				t.Skip("a check of up to 15 seconds")
			}
			t.Parallel()
			f := newFixture(t, test.alive, test.fault)
			if test.change != nil {
				test.change(&f.config)
			}
			before, err := os.ReadFile(f.config.History)
			if err != nil {
				t.Fatal(err)
			}
			code, err := heal.Run(t.Context(), f.config)
			if code != test.code || err != nil || !strings.Contains(f.log.String(), test.logged) || f.commandLog() != test.ran {
				t.Errorf("code %d, want %d, %v\n%s%q", code, test.code, err, f.log, f.commandLog())
			}
			after, err := os.ReadFile(f.config.History)
			if err != nil || test.unchanged != bytes.Equal(before, after) {
				t.Errorf("unexpected history: %t, %v", !test.unchanged, err)
			}
			if h := f.recorded(); h.Restarts != test.restarts {
				t.Errorf("%+v", h)
			}
			if strings.HasPrefix(test.ran, "begun") && test.alive && f.config.RealProcfs {
				select {
				case <-f.ended:
				case <-time.After(time.Second):
					t.Error("the daemon was not stopped")
				}
			}
		})
	}
}

// TestRunOther: a raptoreumd whose arguments do not say whose it is must not be stopped, though no other is
// running. It is a raptoreumd in the /proc of this test only, because it could belong to any other test.
func TestRunOther(t *testing.T) {
	t.Parallel()
	f, other := newFixture(t, false), startProcess(t, "gentle")
	pid := fmt.Sprint(other.pid.Load())
	f.options.Procfs = f.dir
	for name, content := range map[string]string{
		"self": "", "1/cmdline": "init\x00", "1/comm": "init\n",
		pid + "/cmdline": "raptoreumd\x00-datadir=elsewhere\x00", pid + "/comm": "raptoreumd\n",
		pid + "/status": "Name:\traptoreumd\nTgid:\t" + pid + "\nUid:\t0\t0\t0\t0\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(f.dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		f.write(name, content)
	}
	f.config.Sources = f.options.Connect(t)
	h := f.recorded()
	h.Trouble = string(heal.Silent)
	f.record(h)
	if code, err := heal.Run(t.Context(), f.config); code != 0 || err != nil || !strings.Contains(f.log.String(), "the process is unknown, so only the command can stop it") {
		t.Errorf("code %d, %v\n%s", code, err, f.log)
	}
	if strings.Contains(f.log.String(), "SIGTERM") || other.pid.Load() == 0 {
		t.Errorf("it was stopped:\n%s", f.log)
	}
}

// TestRunGivesUp: the third restart that does not help is the last one.
func TestRunGivesUp(t *testing.T) {
	t.Parallel()
	f := newFixture(t, false)
	h, now := f.recorded(), time.Now()
	for i := range 3 {
		h = h.Begin(now.Add(time.Duration(i-4) * time.Hour))
	}
	h.Since, h.Checks = now.Add(-time.Hour), 30
	f.record(h)
	if code, err := heal.Run(t.Context(), f.config); code != 1 || err != nil || !strings.Contains(f.log.String(), "msg=give_up reason=\"raptoreumd is gone after 3 restarts") || f.commandLog() != "" {
		t.Errorf("code %d, %v\n%s", code, err, f.log)
	}
	if !f.recorded().GaveUp {
		t.Error("it was not recorded")
	}
}

// TestRunAlone: a second heal exits without an error while another one is running.
func TestRunAlone(t *testing.T) {
	t.Parallel()
	f := newFixture(t, false)
	s, err := history.Open(f.config.History)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if code, err := heal.Run(t.Context(), f.config); code != 0 || err != nil || !strings.Contains(f.log.String(), "another heal is running") || f.commandLog() != "" || f.recorded().Restarts != 0 {
		t.Errorf("code %d, %v\n%s%s", code, err, f.log, f.commandLog())
	}
}

// TestRunStopped: an aborted check decides nothing.
func TestRunStopped(t *testing.T) {
	t.Parallel()
	f := newFixture(t, false)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if code, err := heal.Run(ctx, f.config); code != 0 || err != nil || !strings.Contains(f.log.String(), "heal was stopped") || f.commandLog() != "" {
		t.Errorf("code %d, %v\n%s", code, err, f.log)
	}
}
