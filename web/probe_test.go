package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/google/go-cmp/cmp"

	"raptoreum_exporter/fleet"
	"raptoreum_exporter/internal/harness"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/internal/simnet"
	"raptoreum_exporter/web"
)

// TestProbe probes a node of every kind.
func TestProbe(t *testing.T) {
	t.Parallel()
	kinds := []struct {
		name   string
		member simnet.Member
		want   map[string]string
	}{
		{"healthy", simnet.Member{}, map[string]string{
			"probe_success": "1", "raptoreum_port_reachable": "1", "raptoreum_port_identity_match": "1",
			"raptoreum_smartnode_expected": "1", "raptoreum_smartnode_registered": "1", "raptoreum_smartnode_payable": "1",
			"raptoreum_smartnode_pose_penalty": "0", "raptoreum_smartnode_pose_banned": "0",
			"raptoreum_smartnode_pose_strikes_left": "2", "raptoreum_smartnode_address_duplicate": "0",
			"raptoreum_smartnode_payment_queue_length": "13", "raptoreum_probe_refused": "0", "raptoreum_list_height": "529",
		}},
		{"closed", simnet.Member{Port: simnet.PortClosed}, failed("connect")},
		{"accepts and closes", simnet.Member{Port: simnet.PortAcceptClose}, failed("version")},
		{"silent", simnet.Member{Port: simnet.PortSilent}, failed("version")},
		{"slow", simnet.Member{Delay: 2 * time.Second}, map[string]string{"probe_success": "1", "raptoreum_port_reachable": "1"}},
		{"wrong magic", simnet.Member{Port: simnet.PortWrongMagic}, failed("version")},
		{"old protocol", simnet.Member{Port: simnet.PortOldProtocol}, failed("version")},
		{"another smartnode", simnet.Member{Port: simnet.PortWrongProTx}, map[string]string{
			"probe_success": "0", "raptoreum_port_reachable": "1", "raptoreum_port_identity_match": "0",
		}},
		{"one strike", simnet.Member{Penalty: 66}, map[string]string{
			"probe_success": "1", "raptoreum_smartnode_pose_penalty": "66", "raptoreum_smartnode_pose_strikes_left": "1",
		}},
		{"banned", simnet.Member{Banned: true, Penalty: 100}, map[string]string{
			"probe_success": "1", "raptoreum_smartnode_pose_banned": "1", "raptoreum_smartnode_pose_strikes_left": "0",
			"raptoreum_port_mnauth_received": "0", "raptoreum_port_identity_match": "", "raptoreum_smartnode_pose_decay_seconds": "",
			"raptoreum_smartnode_payment_queue_position": "",
		}},
		{"unpayable", simnet.Member{Unpayable: true}, map[string]string{
			"probe_success": "1", "raptoreum_smartnode_payable": "0", "raptoreum_smartnode_payment_queue_position": "",
		}},
	}
	var crowd []simnet.Member
	for k, kind := range kinds {
		kind.member.Address = harness.Loopback(t, k)
		crowd = append(crowd, kind.member)
	}
	e := harness.StartFleet(t, crowd, nil)
	for k, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			shown := e.Probe(fmt.Sprintf("node-%d", k))
			if took := time.Since(began); took > 9*time.Second {
				t.Errorf("took %s", took)
			}
			shown.Want(t, kind.want)
			again := e.Probe(e.Network.MadeProTxHash(k)) // the same handshake, by hash
			again.Want(t, map[string]string{"probe_success": kind.want["probe_success"]})
			if got := e.Network.Dials(crowd[k].Address); got > 1 {
				t.Errorf("dialled %d times within a minute", got)
			}
		})
	}
}

func failed(phase string) map[string]string {
	return map[string]string{
		"probe_success": "0", "raptoreum_port_reachable": "0", "raptoreum_smartnode_registered": "1",
		fmt.Sprintf("raptoreum_port_failed_phase{phase=%q}", phase): "1",
	}
}

// TestDiscovery: /sd lists every node, in order, and where to probe it.
func TestDiscovery(t *testing.T) {
	crowd := []simnet.Member{{Address: harness.Loopback(t, 0)}, {Address: harness.Loopback(t, 1)}}
	e := harness.StartFleet(t, crowd, nil)
	e.Probe("node-0") // reads the list
	var got []struct {
		Targets []string
		Labels  map[string]string
	}
	status, body := e.Get("/sd")
	if err := json.Unmarshal([]byte(body), &got); err != nil || status != http.StatusOK {
		t.Fatal(status, err, body)
	}
	if len(got) != 2 {
		t.Fatalf("%d targets: %s", len(got), body)
	}
	want := map[string]string{
		"__scheme__": "http", "__metrics_path__": "/probe", "__param_target": "node-1",
		"__meta_raptoreum_name": "node-1", "__meta_raptoreum_protx": e.Network.MadeProTxHash(1),
		"__meta_raptoreum_address": crowd[1].Address, "node": "node-1", "vantage": "here", "provider": "p1",
	}
	if diff := cmp.Diff(want, got[1].Labels); diff != "" {
		t.Error(diff)
	}
	if want := strings.TrimPrefix(e.URL, "http://"); got[1].Targets[0] != want {
		t.Errorf("target %s, want %s", got[1].Targets[0], want)
	}
}

// TestOutageOfTheDaemon: the nodes stay targets at their last addresses, and their chain data expires.
func TestOutageOfTheDaemon(t *testing.T) {
	e := harness.StartFleet(t, []simnet.Member{{Address: harness.Loopback(t, 0)}}, nil)
	e.Probe("node-0").Want(t, map[string]string{"probe_success": "1", "raptoreum_smartnode_registered": "1"})
	e.Network.Set(func(s *simnet.State) { s.Daemon = simnet.DaemonRefused })
	e.Probe("node-0").Want(t, map[string]string{"probe_success": "1"})
	if _, body := e.Get("/sd"); !strings.Contains(body, "127.7.0.0:") {
		t.Error(body)
	}
}

// TestNoDaemonYet: before the list is read, there is no address.
func TestNoDaemonYet(t *testing.T) {
	e := harness.StartFleet(t, []simnet.Member{{Address: harness.Loopback(t, 0)}}, nil, func(s *simnet.State) { s.Daemon = simnet.DaemonRefused })
	e.Probe("node-0").Want(t, map[string]string{
		"probe_success": "0", "raptoreum_smartnode_registered": "", "raptoreum_port_reachable": "", "raptoreum_smartnode_expected": "1",
	})
}

// TestHangup: SIGHUP reloads the fleet file.
func TestHangup(t *testing.T) {
	file := filepath.Join(t.TempDir(), "fleet.yml")
	put := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("nodes: [{protx: 0000000000000000000000000000000000000000000000000000000000000001}]")
	f, err := fleet.New(t.Context(), file, fleet.Sources{})
	if err != nil {
		t.Fatal(err)
	}
	lines := new(harness.Buffer)
	stop := web.ReloadOnHangup(f, log.NewLogfmtLogger(lines))
	defer stop()
	for i, step := range []struct{ content, want string }{
		{"nodes: 7", "the previous one stays in effect"},
		{"nodes: [{protx: 0000000000000000000000000000000000000000000000000000000000000002}]", "fleet file reloaded"},
	} {
		put(step.content)
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(5 * time.Second); !strings.Contains(lines.String(), step.want); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("step %d: %s", i, lines)
			}
		}
	}
	if s := f.Snapshot(t.Context(), poll.NoWait); len(s.Nodes) != 1 || s.Nodes[0].ProTxHash[0] != 2 && s.Nodes[0].ProTxHash[31] != 2 {
		t.Errorf("%+v", s.Nodes)
	}
}

// TestFirstDownload: while the daemon downloads the chain there is no list, which is not a failure.
func TestFirstDownload(t *testing.T) {
	e := harness.StartFleet(t, []simnet.Member{{Address: harness.Loopback(t, 0)}}, nil, func(s *simnet.State) { s.InitialBlockDownload = true })
	e.Probe("node-0").Want(t, map[string]string{"probe_success": "0", "raptoreum_smartnode_registered": "", "raptoreum_smartnode_expected": "1"})
	e.Scrape(5*time.Second).Want(t, map[string]string{
		`raptoreum_scrape_collector_success{collector="fleet"}`: "1", `raptoreum_fleet_nodes{state="unknown"}`: "1",
	})
}
