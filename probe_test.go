package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/google/go-cmp/cmp"

	"raptoreum_exporter/fleet"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/internal/simnet"
)

// fleetExporter is an exporter that watches a crowd.
type fleetExporter struct {
	*exporter
	file string // fleet.yml
}

// startFleet starts it; every member of the crowd is in fleet.yml as node-0, node-1 and so on.
func startFleet(t *testing.T, crowd []simnet.Member, change func(*options), faults ...func(*simnet.State)) *fleetExporter {
	t.Helper()
	scenario, err := simnet.Load(os.DirFS("testdata/scenarios/healthy"))
	if err != nil {
		t.Fatal(err)
	}
	n, err := simnet.Start(simnet.Config{Scenario: scenario, Captures: os.DirFS("testdata/captures"), User: "rtm", Password: testPassword, OwnAddress: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.SetCrowd(crowd); err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults {
		n.Set(fault)
	}
	file := filepath.Join(t.TempDir(), "fleet.yml")
	writeFleet(t, file, n, len(crowd))
	o, _, err := parse([]string{"--log.level=debug", "--fleet.config=" + file, "--fleet.allow-private", "--vantage=here", "--no-collector.release"}, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	o.daemon.conf = writeConf(t, n)
	if change != nil {
		change(o)
	}
	return &fleetExporter{runExporter(t, n, o), file}
}

func writeFleet(t *testing.T, file string, n *simnet.Network, members int) {
	t.Helper()
	var b strings.Builder
	b.WriteString("nodes:\n")
	for k := range members {
		fmt.Fprintf(&b, "  - {protx: %s, name: node-%d, labels: {provider: p%d}}\n", n.MadeProTxHash(k), k, k%2)
	}
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// loopback returns an address of 127.0.0.0/8 with a port that is free on 127.0.0.1.
func loopback(t *testing.T, k int) string {
	t.Helper()
	l, err := net.Listen("tcp", fmt.Sprintf("127.7.%d.%d:0", k>>8, k&255))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// probe asks for one node and returns what was shown.
func (e *fleetExporter) probe(target string) series {
	e.Helper()
	status, body := e.get("/probe?target=" + url.QueryEscape(target))
	if status != http.StatusOK {
		e.Fatalf("%s: status %d: %s", target, status, body)
	}
	shown := series{}
	for line := range strings.Lines(body) {
		if i := strings.LastIndexByte(line, ' '); i > 0 && !strings.HasPrefix(line, "#") {
			shown[line[:i]] = strings.TrimSpace(line[i+1:])
		}
	}
	return shown
}

func (e *fleetExporter) get(path string) (status int, body string) {
	e.Helper()
	request, err := http.NewRequestWithContext(e.Context(), http.MethodGet, e.url+path, nil)
	if err != nil {
		e.Fatal(err)
	}
	request.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", "10")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		e.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		e.Fatal(err)
	}
	return response.StatusCode, string(data)
}

// TestProbe judges a node of every kind.
func TestProbe(t *testing.T) {
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
		kind.member.Address = loopback(t, k)
		crowd = append(crowd, kind.member)
	}
	e := startFleet(t, crowd, nil)
	for k, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			shown := e.probe(fmt.Sprintf("node-%d", k))
			if took := time.Since(began); took > 9*time.Second {
				t.Errorf("took %s", took)
			}
			shown.want(t, kind.want)
			again := e.probe(e.network.MadeProTxHash(k)) // the same handshake, by hash
			again.want(t, map[string]string{"probe_success": kind.want["probe_success"]})
			if got := e.network.Dials(crowd[k].Address); got > 1 {
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

// TestDiscovery: Prometheus learns of every node, in order, and where to probe it.
func TestDiscovery(t *testing.T) {
	crowd := []simnet.Member{{Address: loopback(t, 0)}, {Address: loopback(t, 1)}}
	e := startFleet(t, crowd, nil)
	e.probe("node-0") // the list is read
	var got []struct {
		Targets []string
		Labels  map[string]string
	}
	status, body := e.get("/sd")
	if err := json.Unmarshal([]byte(body), &got); err != nil || status != http.StatusOK {
		t.Fatal(status, err, body)
	}
	if len(got) != 2 {
		t.Fatalf("%d targets: %s", len(got), body)
	}
	want := map[string]string{
		"__scheme__": "http", "__metrics_path__": "/probe", "__param_target": "node-1",
		"__meta_raptoreum_name": "node-1", "__meta_raptoreum_protx": e.network.MadeProTxHash(1),
		"__meta_raptoreum_address": crowd[1].Address, "node": "node-1", "vantage": "here", "provider": "p1",
	}
	if diff := cmp.Diff(want, got[1].Labels); diff != "" {
		t.Error(diff)
	}
	if want := strings.TrimPrefix(e.url, "http://"); got[1].Targets[0] != want {
		t.Errorf("target %s, want %s", got[1].Targets[0], want)
	}
}

// TestOutageOfTheDaemon: the nodes stay targets at their last addresses, and what the chain said of
// them ends with its time.
func TestOutageOfTheDaemon(t *testing.T) {
	e := startFleet(t, []simnet.Member{{Address: loopback(t, 0)}}, nil)
	e.probe("node-0").want(t, map[string]string{"probe_success": "1", "raptoreum_smartnode_registered": "1"})
	e.network.Set(func(s *simnet.State) { s.Daemon = simnet.DaemonRefused })
	e.probe("node-0").want(t, map[string]string{"probe_success": "1"})
	if _, body := e.get("/sd"); !strings.Contains(body, "127.7.0.0:") {
		t.Error(body)
	}
}

// TestNoDaemonYet: before the list there is no address.
func TestNoDaemonYet(t *testing.T) {
	e := startFleet(t, []simnet.Member{{Address: loopback(t, 0)}}, nil, func(s *simnet.State) { s.Daemon = simnet.DaemonRefused })
	e.probe("node-0").want(t, map[string]string{
		"probe_success": "0", "raptoreum_smartnode_registered": "", "raptoreum_port_reachable": "", "raptoreum_smartnode_expected": "1",
	})
}

// TestHangup reads the fleet file again at SIGHUP.
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
	lines := new(syncBuffer)
	stop := reloadOnHangup(f, log.NewLogfmtLogger(lines))
	defer stop()
	for i, step := range []struct{ content, want string }{
		{"nodes: 7", "the fleet file is not in force"},
		{"nodes: [{protx: 0000000000000000000000000000000000000000000000000000000000000002}]", "fleet file read"},
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

// TestFirstDownload: while the daemon downloads its chain there is no list, and that is no failure.
func TestFirstDownload(t *testing.T) {
	e := startFleet(t, []simnet.Member{{Address: loopback(t, 0)}}, nil, func(s *simnet.State) { s.InitialBlockDownload = true })
	e.probe("node-0").want(t, map[string]string{"probe_success": "0", "raptoreum_smartnode_registered": "", "raptoreum_smartnode_expected": "1"})
	e.scrape(5*time.Second).want(t, map[string]string{
		`raptoreum_scrape_collector_success{collector="fleet"}`: "1", `raptoreum_fleet_nodes{state="unknown"}`: "1",
	})
}
