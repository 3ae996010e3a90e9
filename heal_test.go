package main

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"raptoreum_exporter/heal"
	"raptoreum_exporter/internal/simnet"
)

// patient is this test under the name of raptoreumd, which heal finds among all processes.
const patientName = "raptoreumd"

func bePatient() { time.Sleep(time.Minute) }

// hospital is a daemon in trouble and what heal is told of it.
type hospital struct {
	dir     string
	history string
	flags   []string
	patient *exec.Cmd
	ended   chan struct{}
}

// command is what starts the daemon: it writes a line when it ends, and another one when it was not alone.
const command = `#!/bin/sh
exec 9> "$0.lock"
flock -n 9 || echo twice >> "$0.log"
echo begun >> "$0.log"
sleep 0.3
echo done >> "$0.log"
`

// admit plays a daemon that refuses, has a process or not, and was seen so for long enough.
func admit(t *testing.T, alive bool, faults ...func(*simnet.State)) *hospital {
	t.Helper()
	n, flags := playing(t, "healthy", append([]func(*simnet.State){func(s *simnet.State) {
		s.Daemon, s.Port = simnet.DaemonRefused, simnet.PortClosed
	}}, faults...)...)
	h := &hospital{dir: t.TempDir(), ended: make(chan struct{})}
	conf, err := os.ReadFile(strings.TrimPrefix(flags[0], "--daemon.conf="))
	if err != nil {
		t.Fatal(err)
	}
	h.history = filepath.Join(h.dir, "history.json")
	write := func(name, content string, mode os.FileMode) {
		if err := os.WriteFile(filepath.Join(h.dir, name), []byte(content), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("raptoreum.conf", string(conf), 0o600)
	write("start", command, 0o700)
	trouble := heal.Gone
	switch state := n.State(); {
	case state.Daemon == simnet.DaemonHung:
		trouble = heal.Hung
	case alive:
		trouble = heal.Silent
	}
	h.seen(t, trouble, time.Hour)
	h.flags = []string{
		"heal", "--daemon.conf=" + filepath.Join(h.dir, "raptoreum.conf"), "--heal.history=" + h.history,
		"--heal.command=" + filepath.Join(h.dir, "start"), "--heal.stop-timeout=2s",
	}
	if alive {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		h.patient = exec.CommandContext(context.WithoutCancel(t.Context()), self, "-datadir="+h.dir)
		h.patient.Args[0] = patientName
		if err := h.patient.Start(); err != nil {
			t.Fatal(err)
		}
		go func() { _ = h.patient.Wait(); close(h.ended) }()
		t.Cleanup(func() { _ = h.patient.Process.Kill(); <-h.ended })
	}
	return h
}

// seen writes a history in which the trouble has lasted.
func (h *hospital) seen(t *testing.T, trouble heal.Trouble, lasts time.Duration) {
	t.Helper()
	s, err := heal.Open(h.history)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	now := time.Now()
	if err := s.Write(heal.History{Version: 1, LastLook: now.Add(-time.Minute), Since: now.Add(-lasts), Looks: 30, Trouble: trouble, LastReady: now.Add(-2 * lasts)}); err != nil {
		t.Fatal(err)
	}
}

func (h *hospital) log(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(h.dir, "start.log"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(text)
}

func (h *hospital) read(t *testing.T) heal.History {
	t.Helper()
	history, err := heal.Read(h.history)
	if err != nil {
		t.Fatal(err)
	}
	return history
}

// TestHeal runs the program on real processes.
func TestHeal(t *testing.T) {
	for _, test := range []struct {
		name      string
		alive     bool
		fault     func(*simnet.State)
		flags     []string
		code      int
		says, log string
		restarts  int
	}{
		{"gone", false, func(*simnet.State) {}, nil, 0, "msg=\"attempt ended\" how=\"ended well: ", "begun\ndone\n", 1},
		{"silent", true, func(*simnet.State) {}, nil, 0, "msg=SIGTERM", "begun\ndone\n", 1},
		{"its port works", true, func(s *simnet.State) { s.Port = simnet.PortOK }, nil, 0, "msg=leave why=\"its port shakes hands", "", 0},
		{"ready", true, func(s *simnet.State) { s.Daemon, s.Port = simnet.DaemonOK, simnet.PortOK }, nil, 0, "msg=leave why=\"raptoreumd is ready\"", "", 0},
		{"ready, one strike left, behind, explorers down", true, func(s *simnet.State) {
			s.Daemon, s.Penalty, s.NetworkHeight, s.Explorers[0].Mode = simnet.DaemonOK, 66, s.Height+500, simnet.ExplorerDown
		}, nil, 0, "msg=leave why=\"raptoreumd is ready\"", "", 0},
		{"dry run", false, func(*simnet.State) {}, []string{"--dry-run"}, 0, "msg=\"would restart\" why=\"raptoreumd is gone for ", "", 0},
		{"hung", true, func(s *simnet.State) { s.Daemon = simnet.DaemonHung }, nil, 0, "why=\"raptoreumd is hung for ", "begun\ndone\n", 1},
		{"the command fails", false, func(*simnet.State) {}, []string{"ls /nosuch"}, 1, "msg=\"not restarted\" why=\"not restarted: ls /nosuch: exit status 2", "", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			if testing.Short() && test.name == "hung" {
				t.Skip("a look of 15 seconds")
			}
			t.Parallel()
			h := admit(t, test.alive, test.fault)
			if test.code == 1 { // the flag cannot be given twice
				h.flags[3] = "--heal.command=" + test.flags[0]
			} else {
				h.flags = append(h.flags, test.flags...)
			}
			before, err := os.ReadFile(h.history)
			if err != nil {
				t.Fatal(err)
			}
			r := program(t, h.flags...)
			after, err := os.ReadFile(h.history)
			if dry := test.name == "dry run"; err != nil || dry != bytes.Equal(before, after) {
				t.Errorf("the history has changed: %t, %v", !dry, err)
			}
			if r.code != test.code || r.stdout != "" || !strings.Contains(r.stderr, test.says) || h.log(t) != test.log {
				t.Errorf("exit %d, want %d\n%s%s%q", r.code, test.code, r.stdout, r.stderr, h.log(t))
			}
			if history := h.read(t); history.Restarts != test.restarts {
				t.Errorf("%+v", history)
			}
			if strings.HasPrefix(test.log, "begun") && test.alive {
				select {
				case <-h.ended:
				case <-time.After(time.Second):
					t.Error("the patient was not stopped")
				}
			}
		})
	}
}

// TestHealGivesUp: the third vain restart is the last one, and the exporter says so.
func TestHealGivesUp(t *testing.T) {
	t.Parallel()
	h := admit(t, false)
	s, err := heal.Open(h.history)
	if err != nil {
		t.Fatal(err)
	}
	history, now := h.read(t), time.Now()
	for i := range 3 {
		history = history.Begin(now.Add(time.Duration(i-4) * time.Hour))
	}
	history.Since, history.Looks = now.Add(-time.Hour), 30
	if err := s.Write(history); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if r := program(t, h.flags...); r.code != 1 || !strings.Contains(r.stderr, "msg=give_up why=\"raptoreumd is gone after 3 restarts") || h.log(t) != "" {
		t.Errorf("exit %d\n%s", r.code, r.stderr)
	}
	if !h.read(t).GaveUp {
		t.Error("it does not remember")
	}
	args := append([]string{"check", "--quiet"}, h.flags[1], h.flags[2], "--no-collector.explorer", "--no-collector.release")
	if r := program(t, args...); r.code != 2 || !strings.Contains(r.stdout, "heal has restarted raptoreumd in vain and has given up") {
		t.Errorf("check: exit %d\n%s", r.code, r.stdout)
	}
}

// TestHealAlone: a second heal says that another is at work, which is nothing wrong.
func TestHealAlone(t *testing.T) {
	t.Parallel()
	h := admit(t, false)
	s, err := heal.Open(h.history)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if r := program(t, h.flags...); r.code != 0 || !strings.Contains(r.stderr, "another heal is at work") || h.log(t) != "" || h.read(t).Restarts != 0 {
		t.Errorf("exit %d\n%s%s", r.code, r.stderr, h.log(t))
	}
}

// TestHealToldToEnd: once it has stopped the daemon, it starts it, though it is told to end.
func TestHealToldToEnd(t *testing.T) {
	t.Parallel()
	h := admit(t, true)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, h.flags...)
	cmd.Args[0] = name
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-h.ended // by heal's SIGTERM
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if _ = cmd.Wait(); cmd.ProcessState.ExitCode() != 0 || h.log(t) != "begun\ndone\n" {
		t.Errorf("%s, %q", cmd.ProcessState, h.log(t))
	}
	history := h.read(t)
	if n := len(history.Attempts); n != 1 || history.Attempts[0].Ended.IsZero() || !strings.HasPrefix(history.Attempts[0].Outcome, "ended well: ") {
		t.Errorf("%+v", history)
	}
}

// TestHealKilled: killed at any moment, heal leaves a history that can be read, has counted what it
// began, and never has two commands run at once, whoever comes next.
func TestHealKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("seconds for each kill")
	}
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	const kills = 14
	random := rand.New(rand.NewPCG(3, 4))
	begun, counted := 0, 0
	for i := range kills {
		h := admit(t, i%2 == 0)
		cmd := exec.CommandContext(t.Context(), self, h.flags...)
		cmd.Args[0] = name
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		other := make(chan ran, 1)
		go func() { other <- program(t, h.flags...) }() // at the same time
		limit := 500
		if i%2 == 0 {
			limit = 6500 // it waits for a supervisor
		}
		time.Sleep(time.Duration(random.IntN(limit)) * time.Millisecond)
		if err := cmd.Process.Signal(syscall.SIGKILL); err != nil && !strings.Contains(err.Error(), "finished") {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		<-other
		program(t, h.flags...) // the timer's next
		log, history := h.log(t), h.read(t)
		if strings.Contains(log, "twice") {
			t.Fatalf("two commands at once:\n%s", log)
		}
		if n := strings.Count(log, "begun"); n > history.Restarts || n > 1 {
			t.Fatalf("%d commands, %d restarts in the history, log\n%s", n, history.Restarts, log)
		}
		begun, counted = begun+strings.Count(log, "begun"), counted+history.Restarts
	}
	t.Logf("%d kills: %d commands begun, %d restarts counted", kills, begun, counted)
	if begun == 0 || counted < kills/2 {
		t.Error("too few restarts were begun for the kills to meet them")
	}
}
