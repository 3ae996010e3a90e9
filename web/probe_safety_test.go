package web_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"raptoreum_exporter/internal/harness"
	"raptoreum_exporter/internal/simnet"
)

// TestForeignTarget tries to make /probe connect to a listener outside the fleet.
func TestForeignTarget(t *testing.T) {
	trap, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var caught atomic.Int64
	go func() {
		for {
			c, err := trap.Accept()
			if err != nil {
				return
			}
			caught.Add(1)
			c.Close()
		}
	}()
	t.Cleanup(func() { trap.Close() })
	address := trap.Addr().String()
	host, port, _ := net.SplitHostPort(address)
	member := harness.Loopback(t, 0)
	e := harness.StartFleet(t, []simnet.Member{{Address: member}}, nil)
	hash := e.Network.MadeProTxHash(0)
	e.Probe("node-0")

	queries := []string{"", "target=", "target=node-0&target=" + address, "target=%00", "target[]=node-0", "Target=node-0"}
	for _, target := range []string{
		address, "http://" + address, "http://" + address + "/", "https://" + address, "tcp://" + address, "//" + address,
		"localhost:" + port, "LOCALHOST:" + port, host, port, ":" + port, "0.0.0.0:" + port, "127.1:" + port, "2130706433:" + port,
		"0x7f000001:" + port, "0177.0.0.1:" + port, "[::1]:" + port, "[::ffff:127.0.0.1]:" + port, "[::ffff:7f00:1]:" + port,
		"[0:0:0:0:0:ffff:127.0.0.1]:" + port, "127.0.0.1%3A" + port, "127.0.0.1%253A" + port, "127。0。0。1:" + port, "①②⑦.0.0.1:" + port,
		"node-0@" + address, "node-0#" + address, "node-0?target=" + address, "node-0/../" + address, "node-0 " + address,
		"node-0\n" + address, "node-0\r\nHost: " + address, "node-0\x00" + address, "\tnode-0", "node-0\\" + address,
		"file:///etc/passwd", "unix:///var/run/docker.sock", "gopher://" + address, "..", ".", "*", "%", "'", `"`, "$(id)", "`id`",
		hash[:63], hash + "0", "0x" + hash, strings.Repeat("0", 64), strings.Repeat("f", 64), strings.Repeat("A", 1<<16),
		"node-0.", "node-00", "node--0", "node_0", "nodе-0", member, "http://" + member,
	} {
		queries = append(queries, "target="+strings.NewReplacer("\n", "%0A", "\r", "%0D", "\x00", "%00", " ", "%20", "#", "%23", "\t", "%09", "&", "%26", `"`, "%22").Replace(target))
	}
	before := e.Network.Dials(member)
	for _, query := range queries {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.URL+"/probe?"+query, nil)
		if err != nil {
			t.Fatalf("%q: %v", query, err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatalf("%q: %v", query, err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusBadRequest {
			t.Errorf("%.100q: status %d", query, response.StatusCode)
		}
	}
	if len(queries) < 50 {
		t.Errorf("only %d queries were tried", len(queries))
	}
	if caught.Load() > 0 || e.Network.Dials(member) != before {
		t.Errorf("%d connections to the trap, %d to the node", caught.Load(), e.Network.Dials(member)-before)
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, "CONNECT"} {
		request, err := http.NewRequestWithContext(t.Context(), method, e.URL+"/probe?target=node-0", nil)
		if err != nil {
			t.Fatal(err)
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			if response.Body.Close(); response.StatusCode == http.StatusOK {
				t.Errorf("%s is answered", method)
			}
		}
	}
}

// TestNotPublic: a registration must not make the exporter connect to its owner's private network.
func TestNotPublic(t *testing.T) {
	trap := harness.Loopback(t, 0) // listens and counts connections
	services := []string{
		trap, "10.1.2.3:10226", "172.16.0.1:10226", "192.168.1.1:10226", "169.254.169.254:80", "100.64.0.1:10226",
		"0.0.0.0:10226", "224.0.0.1:10226", "255.255.255.255:10226", "198.18.0.1:10226", "192.0.2.1:10226", "240.0.0.1:10226",
		"[::1]:10226", "[fe80::1]:10226", "[fd00::1]:10226", "[::ffff:127.0.0.1]:10226", "[64:ff9b::7f00:1]:10226", "[2001:db8::1]:10226",
		"localhost:10226", "127.0.0.1", "127.0.0.1:0", "", "[::]:0", "127.0.0.1:99999", "127.0.0.1:10226\n",
		"[0:0:0:0:0:0:0:0]:0",
	}
	var crowd []simnet.Member
	for k, service := range services {
		m := simnet.Member{Service: service, Port: simnet.PortClosed}
		if k == 0 {
			m = simnet.Member{Address: trap}
		} else if service == "" {
			m.Service = " "
		}
		crowd = append(crowd, m)
	}
	e := harness.StartFleet(t, crowd, func(o *harness.Options) { o.Fleet.AllowPrivate = false })
	for k, service := range services {
		want := map[string]string{
			"probe_success": "0", "raptoreum_smartnode_registered": "1", "raptoreum_smartnode_pose_penalty": "0", "raptoreum_port_reachable": "",
		}
		want["raptoreum_probe_refused"] = "1"
		if service == "[::]:0" || service == "[0:0:0:0:0:0:0:0]:0" { // revoked: no address
			want["raptoreum_probe_refused"] = "0"
		}
		began := time.Now()
		shown := e.Probe(fmt.Sprintf("node-%d", k))
		if time.Since(began) > time.Second {
			t.Errorf("%s: it took %s: was it dialled?", service, time.Since(began))
		}
		shown.Want(t, want)
		if t.Failed() {
			t.Fatalf("service %q", service)
		}
	}
	if got := e.Network.Dials(trap); got != 0 {
		t.Errorf("%d connections", got)
	}
}

// TestReload: a removed node is no longer a target, and an invalid file changes nothing.
func TestReload(t *testing.T) {
	e := harness.StartFleet(t, []simnet.Member{{Address: harness.Loopback(t, 0)}, {Address: harness.Loopback(t, 1)}}, nil)
	e.Probe("node-0")
	harness.WriteFleet(t, e.File, e.Network, 1)
	if status, body := e.Post("/-/reload"); status != http.StatusOK {
		t.Fatal(status, body)
	}
	if status, _ := e.Get("/probe?target=node-1"); status != http.StatusBadRequest {
		t.Errorf("a removed node: status %d", status)
	}
	e.Scrape(5*time.Second).Want(t, map[string]string{
		"raptoreum_fleet_config_reload_success": "1", `raptoreum_fleet_nodes{state="enabled"}`: "1",
		`raptoreum_fleet_ports{state="reachable"}`: "1", `raptoreum_fleet_versions{version="2.0.3.1"}`: "1",
	})
	if err := os.WriteFile(e.File, []byte("nodes:\n  - {protx: 12}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, body := e.Post("/-/reload"); status != http.StatusInternalServerError || !strings.Contains(body, "fleet.yml:2: protx has 2 characters") {
		t.Error(status, body)
	}
	e.Probe("node-0").Want(t, map[string]string{"probe_success": "1"})
	e.Scrape(5*time.Second).Want(t, map[string]string{"raptoreum_fleet_config_reload_success": "0"})
}

// TestWithoutDaemon: an explorer reports the addresses and the state of the nodes.
func TestWithoutDaemon(t *testing.T) {
	t.Setenv("HOME", t.TempDir()) // no raptoreum.conf at the default path
	crowd := []simnet.Member{{Address: harness.Loopback(t, 0), Penalty: 66}, {Address: harness.Loopback(t, 1), Banned: true, Penalty: 100}}
	e := harness.StartFleet(t, crowd, func(o *harness.Options) { o.Daemon.Conf = "" },
		func(s *simnet.State) { s.BlockTime = time.Now().Unix() }) // what explorers with an old block do not know says nothing
	facts := map[string]string{
		"raptoreum_smartnode_registered": "1", "raptoreum_smartnode_pose_penalty": "66", "raptoreum_smartnode_pose_strikes_left": "1",
		"raptoreum_smartnode_payable": "1", "raptoreum_list_height": "", "raptoreum_smartnode_payment_queue_position": "",
		"raptoreum_smartnode_pose_decay_seconds": "", "raptoreum_smartnode_address_duplicate": "",
		// The explorer does not report its network, so the exporter assumes the main one, and the handshake fails.
		`raptoreum_port_failed_phase{phase="version"}`: "1",
	}
	e.Probe("node-0").Want(t, facts)
	e.Probe("node-1").Want(t, map[string]string{"raptoreum_smartnode_pose_banned": "1", "raptoreum_smartnode_pose_strikes_left": "0"})
	if _, body := e.Get("/sd"); !strings.Contains(body, crowd[1].Address) {
		t.Error(body)
	}
	if e.Network.Calls().RoundTrips > 0 {
		t.Error("the daemon got a request")
	}
	// A node that no explorer knows.
	harness.WriteFleet(t, e.File, e.Network, 3)
	e.Post("/-/reload")
	e.Probe("node-2").Want(t, map[string]string{"probe_success": "0", "raptoreum_smartnode_registered": "0", "raptoreum_smartnode_pose_banned": ""})
}

// TestExplorerOutage: without a daemon, the last answer of an explorer is kept while none answers.
func TestExplorerOutage(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	address := harness.Loopback(t, 0)
	e := harness.StartFleet(t, []simnet.Member{{Address: address}}, func(o *harness.Options) { o.Daemon.Conf = "" },
		func(s *simnet.State) { s.BlockTime = time.Now().Unix() }) // only explorers with a recent block count
	e.Probe("node-0").Want(t, map[string]string{"raptoreum_smartnode_registered": "1"})
	e.Network.Set(func(s *simnet.State) {
		for i := range s.Explorers {
			s.Explorers[i].Mode = simnet.ExplorerDown
		}
	})
	e.Network.AddBlock()
	e.Probe("node-0").Want(t, map[string]string{"raptoreum_smartnode_registered": "1", `raptoreum_port_failed_phase{phase="version"}`: "1"})
	if _, body := e.Get("/sd"); !strings.Contains(body, address) {
		t.Error(body)
	}
}

// TestSetsBeforeTheList: /sd answers with an error until the list is read, so Prometheus keeps its targets.
func TestSetsBeforeTheList(t *testing.T) {
	e := harness.StartFleet(t, []simnet.Member{{Address: harness.Loopback(t, 0)}}, nil, func(s *simnet.State) { s.Daemon = simnet.DaemonRefused })
	if err := os.WriteFile(e.File, []byte("sets:\n- operator_key: "+strings.Repeat("0", 96)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	e.Post("/-/reload")
	for path, want := range map[string]int{
		"/sd": http.StatusServiceUnavailable, "/probe?target=of-a-set": http.StatusServiceUnavailable,
		"/probe?target=127.0.0.1:80": http.StatusBadRequest,
	} {
		if status, body := e.Get(path); status != want {
			t.Errorf("%s: %d, want %d: %s", path, status, want, body)
		}
	}
}
