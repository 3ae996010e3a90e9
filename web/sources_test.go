package web_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/procfs"

	"raptoreum_exporter/config"
	"raptoreum_exporter/internal/harness"
	"raptoreum_exporter/internal/simnet"
)

// TestExplorerFaults: a broken explorer is down and has no height. The other one is unaffected.
func TestExplorerFaults(t *testing.T) {
	t.Parallel()
	const up, height, delta, match = "raptoreum_explorer_up", "raptoreum_explorer_block_height", "raptoreum_explorer_height_delta_blocks", "raptoreum_explorer_chain_match"
	for _, c := range []struct {
		mode                    simnet.ExplorerMode
		up, height, gap, match  string
		failover, unknownToBoth bool
	}{
		{mode: simnet.ExplorerOK, up: "1", height: "529", gap: "0", match: "1"},
		{mode: simnet.ExplorerDown, up: "0", failover: true},
		{mode: simnet.ExplorerHTML, up: "0", failover: true},
		{mode: simnet.ExplorerRateLimited, up: "0", failover: true},
		{mode: simnet.ExplorerErrorText, up: "0", failover: true},
		{mode: simnet.ExplorerHuge, up: "0", failover: true},
		{mode: simnet.ExplorerRedirect, up: "0", failover: true},
		{mode: simnet.ExplorerStarting, up: "0", failover: true},
		{mode: simnet.ExplorerLagging, up: "1", height: "6", gap: "-523", match: "1", failover: true},
		{mode: simnet.ExplorerSlowDrip, up: "1", height: "529", gap: "0", failover: true},             /* three bytes come in time, a page does not */
		{mode: simnet.ExplorerLying, up: "1", height: "1029", gap: "500", match: "1", failover: true}, /* another chain: the other one and the daemon agree */
		{mode: simnet.ExplorerForked, up: "1", height: "529", gap: "0", match: "0"},
		{mode: simnet.ExplorerUnknownNode, up: "1", height: "529", gap: "0", match: "1", failover: true},
		{mode: simnet.ExplorerUnknownNode, up: "1", height: "529", gap: "0", match: "1", unknownToBoth: true},
	} {
		t.Run(string(c.mode), func(t *testing.T) {
			t.Parallel()
			e := harness.Start(t, "healthy", nil, func(s *simnet.State) {
				s.Explorers[0] = simnet.Explorer{Mode: c.mode, Offset: 500}
				if c.unknownToBoth {
					s.Explorers[1].Mode = c.mode
				}
			})
			first, second := e.Explorer(0), e.Explorer(1)
			if c.mode == simnet.ExplorerSlowDrip {
				e.Scrape(2*time.Second).Want(t, map[string]string{up + first: ""}) // unknown, and a scrape does not wait for it
			}
			e.Until(up+first, 2*time.Second)
			e.Until(match+second, 2*time.Second)
			if c.match != "" {
				e.Until(match+first, 2*time.Second)
			}
			var shown harness.Series
			switch {
			case c.failover:
				shown = e.Until("raptoreum_explorer_smartnode_pose_penalty"+second, 2*time.Second)
			case c.unknownToBoth:
				shown = e.Scrape(2 * time.Second)
				shown.Want(t, map[string]string{"raptoreum_explorer_smartnode_pose_penalty": ""})
			default:
				shown = e.Until("raptoreum_explorer_smartnode_pose_penalty"+first, 2*time.Second)
			}
			shown.Want(t, map[string]string{
				up + first: c.up, height + first: c.height, delta + first: c.gap, match + first: c.match,
				up + second: "1", height + second: "529", delta + second: "0", match + second: "1",
				`raptoreum_scrape_collector_success{collector="explorer"}`: "1",
			})
			calls := e.Network.Calls()
			if calls.RedirectTarget > 0 || calls.Explorers[0]["/api/getblockcount"] > 1 {
				t.Errorf("requests to explorers: %v, redirects followed: %d", calls.Explorers, calls.RedirectTarget)
			}
		})
	}
}

// TestPortFaults: an open port is not enough.
func TestPortFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		mode             simnet.PortMode
		reachable, phase string
		more             map[string]string
	}{
		{simnet.PortOK, "1", "", map[string]string{"raptoreum_port_identity_match": "1", "raptoreum_port_mnauth_received": "1", "raptoreum_port_peer_height": "529"}},
		{simnet.PortClosed, "0", "connect", map[string]string{"raptoreum_port_phase_duration_seconds": "", "raptoreum_port_identity_match": ""}},
		{simnet.PortAcceptClose, "0", "version", map[string]string{"raptoreum_port_peer_info": ""}},
		{simnet.PortSilent, "0", "version", nil},
		{simnet.PortWrongMagic, "0", "version", nil},
		{simnet.PortSlowDrip, "0", "version", nil},
		{simnet.PortOldProtocol, "0", "version", nil},
		{simnet.PortGarbage, "0", "version", nil},
		{simnet.PortNoMNAuth, "1", "mnauth", map[string]string{"raptoreum_port_identity_match": "", "raptoreum_port_mnauth_received": "0"}},
		{simnet.PortWrongProTx, "1", "", map[string]string{"raptoreum_port_identity_match": "0", "raptoreum_port_mnauth_received": "1"}},
	} {
		t.Run(string(c.mode), func(t *testing.T) {
			t.Parallel()
			e := harness.Start(t, "healthy", nil, func(s *simnet.State) { s.Port = c.mode })
			e.Scrape(2 * time.Second) // never waits for the handshake
			shown := e.UntilWithin("raptoreum_port_reachable", 2*time.Second, 15*time.Second)
			wants := map[string]string{"raptoreum_port_reachable": c.reachable, "raptoreum_up": "1"}
			for _, phase := range []string{"connect", "version", "verack", "mnauth"} {
				wants[fmt.Sprintf("raptoreum_port_failed_phase{phase=%q}", phase)] = map[bool]string{true: "1", false: "0"}[phase == c.phase]
			}
			for name, want := range c.more {
				wants[name] = want
			}
			shown.Want(t, wants)
			if dials := e.Network.Calls().PeerDials; dials > 1 {
				t.Errorf("%d handshakes in a minute", dials)
			}
		})
	}
}

// TestPortWhileDaemonIsSilent: the last known address of the node is used for the handshake.
func TestPortWhileDaemonIsSilent(t *testing.T) {
	t.Parallel()
	e := harness.Start(t, "healthy", nil)
	e.Until("raptoreum_port_identity_match", 2*time.Second)
	e.Until("raptoreum_explorer_smartnode_pose_banned"+e.Explorer(0), 2*time.Second)
	e.Network.Set(func(s *simnet.State) { s.Daemon = simnet.DaemonHung })
	e.Scrape(time.Second).Want(t, map[string]string{
		"raptoreum_up": "0", "raptoreum_port_identity_match": "1", "raptoreum_explorer_smartnode_pose_banned" + e.Explorer(0): "0",
	})
}

// TestBannedNode: the status of a banned node lacks its proTxHash, before and after a restart of the exporter.
func TestBannedNode(t *testing.T) {
	banned := map[string]string{
		"raptoreum_smartnode_pose_banned": "1", "raptoreum_smartnode_pose_strikes_left": "0", "raptoreum_smartnode_pose_decay_seconds": "",
		`raptoreum_smartnode_state{state="pose_banned"}`: "1", "raptoreum_smartnode_payment_queue_position": "", "raptoreum_smartnode_registered": "1",
	}
	t.Run("remembered", func(t *testing.T) {
		e := harness.Start(t, "healthy", nil)
		e.Until("raptoreum_smartnode_payable", 2*time.Second)
		e.Network.Set(func(s *simnet.State) { s.Smartnode = simnet.SmartnodePoSeBanned; s.BanHeight = s.Height })
		e.Scrape(2*time.Second).Want(t, banned)
	})
	t.Run("found by its address", func(t *testing.T) {
		e := harness.Start(t, "healthy", nil, func(s *simnet.State) { s.Smartnode = simnet.SmartnodePoSeBanned; s.BanHeight = s.Height })
		e.Until("raptoreum_smartnode_pose_banned", 2*time.Second).Want(t, banned)
	})
	t.Run("set by flag, known at once", func(t *testing.T) {
		const hash = "a5d51f7a4d2ca7716e4ea0972a1ec4e117a3a245a83e54c8a4e4e713a9209218"
		e := harness.Start(t, "pose-banned", func(c *simnet.Config, o *harness.Options) { c.OwnAddress, o.ProTxHash = false, hash })
		e.Scrape(2*time.Second).Want(t, banned)
	})
}

// TestProcesses: no raptoreumd, one, two, a stale pid file, and a daemon that is stopped.
func TestProcesses(t *testing.T) {
	t.Parallel()
	proc := func(t *testing.T, files map[string]string) string {
		t.Helper()
		dir := t.TempDir()
		files["self"], files["1/cmdline"], files["1/comm"] = "", "init\x00", "init\n"
		for name, content := range files {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	daemon := func(pid, args string) map[string]string {
		return map[string]string{
			pid + "/cmdline": "raptoreumd\x00" + args, pid + "/comm": "raptoreumd\n",
			pid + "/status": "Name:\traptoreumd\nTgid:\t" + pid + "\nUid:\t1000\t1000\t1000\t1000\n",
		}
	}
	merge := func(all ...map[string]string) map[string]string {
		files := map[string]string{}
		for _, m := range all {
			for name, content := range m {
				files[name] = content
			}
		}
		return files
	}
	const up, success = "raptoreum_process_up", `raptoreum_scrape_collector_success{collector="process"}`
	for _, c := range []struct {
		name, pidFile string
		files         map[string]string
		want          map[string]string
	}{
		{"none", "", nil, map[string]string{up: "0", success: "1"}},
		{"one", "", daemon("70", ""), map[string]string{up: "1", success: "1"}},
		{"stale pid file, none", "70", nil, map[string]string{up: "0", success: "1"}},
		{"stale pid file, its pid is another program's", "1", daemon("70", ""), map[string]string{up: "1", success: "1"}},
		{"two, of other folders", "", merge(daemon("70", "-datadir=/a\x00"), daemon("71", "-datadir=/b\x00")), map[string]string{up: "0"}},
		{"it answers, but is not visible here", "", nil, map[string]string{up: "", success: "1"}},
		{"two, indistinguishable", "", merge(daemon("70", ""), daemon("71", "")), map[string]string{up: "", success: "0"}},
		{"two, and a pid file", "71", merge(daemon("70", ""), daemon("71", "")), map[string]string{up: "1", success: "1"}},
		{"vanishes while it is read", "70", map[string]string{"70/comm": "raptoreumd\n"}, map[string]string{up: "0", success: "1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			procfs := proc(t, merge(c.files))
			e := harness.Start(t, "healthy", func(_ *simnet.Config, o *harness.Options) { o.Procfs = procfs }, func(s *simnet.State) {
				if c.want[up] == "0" {
					s.Daemon = simnet.DaemonRefused
				}
			})
			if c.pidFile != "" {
				dir := filepath.Join(filepath.Dir(e.Conf), "regtest")
				if err := os.MkdirAll(dir, 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, "raptoreumd.pid"), []byte(c.pidFile+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			e.Scrape(2*time.Second).Want(t, c.want)
			e.Scrape(2*time.Second).Want(t, map[string]string{"raptoreum_process_resident_memory_bytes": ""}) // not from our own /proc
			if c.want[up] == "" && c.want[success] == "1" {
				for _, mode := range []simnet.DaemonMode{simnet.DaemonBusy, simnet.DaemonWarmingUp, simnet.DaemonUnauthorized, simnet.DaemonHung} {
					e.Network.Set(func(s *simnet.State) { s.Daemon = mode })
					e.Scrape(2*time.Second).Want(t, c.want)
				}
			}
		})
	}
}

// TestStoppedProcess: a SIGSTOPped daemon accepts connections and is silent.
func TestStoppedProcess(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "simnet")
	if out, err := exec.Command("go", "build", "-o", binary, "../internal/simnet/cmd/simnet").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	fake := exec.Command(binary, "-scenario", "../testdata/scenarios/healthy", "-captures", "../testdata/captures", "-user", "rtm", "-password", harness.Password)
	stdout, err := fake.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := fake.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = fake.Process.Signal(syscall.SIGCONT)
		_ = fake.Process.Kill()
		_ = fake.Wait()
	})
	line := make([]byte, 256)
	n, err := stdout.Read(line)
	url, _, _ := strings.Cut(strings.TrimPrefix(string(line[:n]), "RPC_URL="), "\n")
	if err != nil || !strings.HasPrefix(url, "http://") {
		t.Fatalf("%q, %v", line[:n], err)
	}
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte(harness.Password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	e := harness.Start(t, "healthy", func(_ *simnet.Config, o *harness.Options) {
		o.Daemon = config.Daemon{URL: url, User: "rtm", PasswordFile: password}
	})
	e.Scrape(2*time.Second).Want(t, map[string]string{"raptoreum_up": "1"})
	stop(t, fake.Process)
	e.Scrape(2*time.Second).Want(t, map[string]string{"raptoreum_up": "0", state("hung"): "1"})
	if err := fake.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	e.Scrape(4*time.Second).Want(t, map[string]string{"raptoreum_up": "1"})
}

// stop stops a process and waits until it has stopped: on a busy machine it may still answer after the signal.
func stop(t *testing.T, process *os.Process) {
	t.Helper()
	if err := process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	proc, err := procfs.NewProc(process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	for range 500 {
		if stat, err := proc.Stat(); err == nil && stat.State == "T" {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the process does not stop")
}
