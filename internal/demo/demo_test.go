package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/procfs"
	"go.uber.org/goleak"

	"raptoreum_exporter/internal/tools"
)

// TestMain lets the test binary act as the demo, and as the fake raptoreumd that the demo starts from its own binary.
func TestMain(m *testing.M) {
	if os.Getenv("IS_DEMO") != "" || filepath.Base(os.Args[0]) == raptoreumd {
		main()
		return
	}
	goleak.VerifyTestMain(m)
}

// demo returns a command that runs the demo on a free port, with its temporary files in dir.
func demo(t *testing.T, args ...string) (command *exec.Cmd, dir string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute) // it builds the exporter
	t.Cleanup(cancel)
	dir = t.TempDir()
	command = exec.CommandContext(ctx, self, append([]string{"-listen", "127.0.0.1:0"}, args...)...)
	command.Dir = "../.."
	command.Env = append(os.Environ(), "IS_DEMO=1", "TMPDIR="+dir)
	command.Stderr = t.Output()
	return command, dir
}

func TestOnce(t *testing.T) {
	t.Parallel()
	command, dir := demo(t, "-once")
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if last := lines[len(lines)-1]; !strings.Contains(last, " metrics at http://127.0.0.1:") {
		t.Errorf("the last line is %q", last)
	}
	for _, name := range healthyNode() {
		if !slices.Contains(lines, "raptoreum_"+name) {
			t.Errorf("no raptoreum_%s", name)
		}
	}
	nothingLeft(t, dir)
}

// healthyNode lists the metric names that users' rules and dashboards rely on, without the prefix. It
// leaves out smartnode_pose_ban_height (banned nodes only) and metrics that not every machine has:
// daemon_oom_kills_total, host_oom_kills_total and host_cpu_pressure_seconds_total.
func healthyNode() []string {
	return strings.Fields(`
		up daemon_state daemon_rpc_duration_seconds list_age_seconds daemon_info
		daemon_start_time_seconds daemon_warnings
		block_height header_height block_timestamp_seconds initial_block_download sync_finished
		peers peers_best_height peers_ping_seconds
		explorer_up explorer_block_height explorer_height_delta_blocks
		explorer_observed_timestamp_seconds explorer_chain_match
		explorer_smartnode_pose_penalty explorer_smartnode_pose_banned
		smartnode_expected smartnode_configured smartnode_registered smartnode_payable
		smartnode_state smartnode_info smartnode_pose_penalty smartnode_pose_banned
		smartnode_pose_penalty_max smartnode_pose_strikes_left smartnode_pose_decay_seconds
		smartnode_address_match smartnode_last_paid_height smartnode_payment_queue_position
		smartnode_payment_queue_length smartnode_next_payment_seconds
		smartnodes smartnodes_penalised
		port_reachable port_phase_duration_seconds port_failed_phase port_peer_info
		port_peer_height port_identity_match port_mnauth_received
		process_up process_cpu_seconds_total process_resident_memory_bytes
		process_virtual_memory_bytes process_start_time_seconds process_open_fds process_max_fds
		host_cpus host_cpu_steal_seconds_total host_memory_available_bytes
		host_memory_total_bytes datadir_free_bytes datadir_size_bytes
		quorum_memberships dkg_active safe_to_restart
		release_update_available release_info
		scrape_collector_success scrape_collector_duration_seconds`)
}

// TestEnd stops a running demo and checks that it leaves nothing behind.
func TestEnd(t *testing.T) {
	for _, test := range []struct {
		name     string
		end      func(demo *os.Process, exporter int, out io.Closer) error
		exitCode int
	}{
		{"SIGINT", func(demo *os.Process, _ int, _ io.Closer) error { return demo.Signal(syscall.SIGINT) }, 0},
		{"SIGTERM", func(demo *os.Process, _ int, _ io.Closer) error { return demo.Signal(syscall.SIGTERM) }, 0},
		{"closed output, as by head", func(_ *os.Process, _ int, out io.Closer) error { return out.Close() }, 0},
		{"death of the exporter", func(_ *os.Process, exporter int, _ io.Closer) error { return syscall.Kill(exporter, syscall.SIGKILL) }, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			command, dir := demo(t)
			out, err := command.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			urls, _ := readWelcome(t, out)
			for _, url := range []string{urls["metrics"], urls["control"]} {
				if response, err := http.Get(url); err != nil || response.StatusCode != http.StatusOK {
					t.Errorf("%q: %v", url, err)
				} else {
					response.Body.Close()
				}
			}
			running := processes(t, dir)
			if running["raptoreum_exporter"] == 0 || running[raptoreumd] == 0 {
				t.Fatalf("running: %v", running)
			}
			if err := test.end(command.Process, running["raptoreum_exporter"], out); err != nil {
				t.Fatal(err)
			}
			_ = command.Wait() // the exit code is checked below
			if got := command.ProcessState.ExitCode(); got != test.exitCode {
				t.Errorf("exit code %d, want %d", got, test.exitCode)
			}
			nothingLeft(t, dir)
		})
	}
}

// readWelcome reads the output of the demo and returns the addresses in it by name, and the text.
func readWelcome(t *testing.T, out io.Reader) (urls map[string]string, text string) {
	t.Helper()
	urls = map[string]string{}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		text += lines.Text() + "\n"
		if fields := strings.Fields(lines.Text()); len(fields) == 2 {
			urls[fields[0]] = fields[1]
		}
		if strings.HasPrefix(lines.Text(), "Ctrl-C") {
			return urls, text
		}
	}
	t.Fatalf("the output ended after %v, %v", urls, lines.Err())
	return nil, ""
}

// processes returns, by program, the pids of processes whose first argument is below dir.
func processes(t *testing.T, dir string) map[string]int {
	t.Helper()
	all, err := procfs.AllProcs()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for _, p := range all {
		if args, err := p.CmdLine(); err == nil && len(args) > 1 && strings.Contains(args[1], dir) {
			found[args[0]] = p.PID
		}
	}
	return found
}

func nothingLeft(t *testing.T, dir string) {
	t.Helper()
	if running := processes(t, dir); len(running) > 0 {
		t.Errorf("still running: %v", running)
	}
	if files, err := filepath.Glob(filepath.Join(dir, "raptoreum_exporter-demo-*")); err != nil || len(files) > 0 {
		t.Errorf("left behind: %v, %v", files, err)
	}
}

// TestFull starts and ends an outage as a user would, and reads the messages.
func TestFull(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes half a minute")
	}
	tools.Find(t, "../..", "prometheus")
	tools.Find(t, "../..", "alertmanager")
	t.Parallel()
	command, dir := demo(t, "-full")
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	steps := []struct{ see, do string }{
		{"Type a number and Enter", "1\n"},
		{"CRITICAL my-smartnode: raptoreumd does not answer.", "0\n"},
		{"RESOLVED my-smartnode: raptoreumd does not answer.", "no\n"},
		{`"no" is not a number`, ""},
	}
	for lines := bufio.NewScanner(out); len(steps) > 0 && lines.Scan(); {
		if strings.HasPrefix(lines.Text(), steps[0].see) {
			if _, err := io.WriteString(in, steps[0].do); err != nil {
				t.Fatal(err)
			}
			steps = steps[1:]
		}
	}
	if len(steps) > 0 {
		t.Errorf("missing output: %q", steps[0].see)
	}
	if err := command.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = command.Wait() // the exit code is checked below
	if got := command.ProcessState.ExitCode(); got != 0 {
		t.Errorf("exit code %d", got)
	}
	nothingLeft(t, dir)
	if files, err := filepath.Glob(filepath.Join(dir, "raptoreum_exporter-*")); err != nil || len(files) > 0 {
		t.Errorf("left behind: %v, %v", files, err)
	}
}
