//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"raptoreum_exporter/internal/child"
	"raptoreum_exporter/internal/drill"
	"raptoreum_exporter/internal/simnet"
	"raptoreum_exporter/internal/tools"
)

const (
	fleetJob  = "raptoreum-fleet"
	fleetSize = 20
	// The exporter reads the list at most once a minute of real time. Changes after that are seen immediately.
	listInterval = 62 * time.Second
	follow       = time.Minute // max time until the targets follow a change
)

// TestFleet runs two Prometheus servers that discover a fleet by /sd, with a cluster of two Alertmanagers, and
// kills one of each. Two more Prometheus servers share the fleet by sharding.
func TestFleet(t *testing.T) {
	f := startFleet(t)
	config := drill.Config{Root: root, Programs: root + "/.bin", Replicas: 2, Scrapes: []any{f.scrape(), f.watcher()}}
	s, err := drill.StartStack(context.WithoutCancel(t.Context()), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		if t.Failed() {
			t.Log(s.Logs(), f.log)
		}
	})
	var shards []*drill.Program
	for i := range 2 {
		p, err := s.StartPrometheus(context.WithoutCancel(t.Context()), fmt.Sprintf("shard-%d", i), map[string]any{
			"global": map[string]any{"scrape_interval": "1s"}, "scrape_configs": []any{shard(f.scrape(), i)},
		})
		if err != nil {
			t.Fatal(err)
		}
		shards = append(shards, p)
	}
	for _, p := range s.Prometheus {
		f.await(t, s, p, "probe_success == 1", names(0, fleetSize), follow)
	}
	began := time.Now()
	checkShards(t, s, shards)
	f.checkFleetPanels(t, s, s.Prometheus[0], names(0, fleetSize), nil)

	time.Sleep(time.Until(began.Add(listInterval)))
	old := f.crowd[3].Address
	f.crowd[3].Address = f.address(100) // n3 moves, n5 leaves the fleet, n20 joins it, n7 is banned
	f.crowd[7].Banned, f.crowd[7].Penalty = true, 100
	f.write(t, slices.DeleteFunc(names(0, fleetSize+1), func(n string) bool { return n == "n5" }))
	f.change(t)
	changed := time.Now()
	want := slices.DeleteFunc(names(0, fleetSize+1), func(n string) bool { return n == "n5" })
	for _, p := range s.Prometheus {
		f.await(t, s, p, "probe_success == 1", want, follow)
		f.await(t, s, p, fmt.Sprintf("raptoreum_smartnode_info{address=%q}", f.crowd[3].Address), []string{"n3"}, follow)
		f.await(t, s, p, `raptoreum_port_reachable{node="n3"} == 1`, []string{"n3"}, follow)
	}
	t.Logf("the targets followed within %s", time.Since(changed).Round(time.Second))
	if dials := f.network.Dials(f.crowd[3].Address); dials == 0 {
		t.Errorf("%s moved from %s but is not dialled", "n3", old)
	}
	times := f.notified(t, s, "n7", 1, 30*time.Second)
	t.Logf("%d notifications of the ban of n7", times)
	f.checkFleetPanels(t, s, s.Prometheus[0], want, []string{"n7"})

	read := time.Now()
	s.Prometheus[0].Kill()
	s.Alertmanager[0].Kill()
	time.Sleep(time.Until(read.Add(listInterval)))
	f.crowd[9].Banned, f.crowd[9].Penalty = true, 100
	f.change(t)
	times = f.notified(t, s, "n9", 1, follow)
	t.Logf("with one of each killed, %d notifications of the ban of n9", times)
	f.checkFleetPanels(t, s, s.Prometheus[1], want, []string{"n7", "n9"})
	for _, n := range slices.Concat(s.Inbox.Of(""), s.Inbox.Of("n3"), s.Inbox.Of("n5"), s.Inbox.Of("n20")) {
		if n.Name != watchdog {
			t.Errorf("unexpected notification: %s of %q", n.Alert, n.Node)
		}
	}
}

// fleet is an exporter that monitors a crowd of fake smartnodes.
type fleet struct {
	network *simnet.Network
	crowd   []simnet.Member
	file    string
	listen  string
	port    string // port of the smartnodes
	log     *strings.Builder
}

func startFleet(t *testing.T) *fleet {
	t.Helper()
	scenario, err := simnet.Load(os.DirFS(root + "/testdata/scenarios/healthy"))
	if err != nil {
		t.Fatal(err)
	}
	f := &fleet{file: filepath.Join(t.TempDir(), "fleet.yml"), log: new(strings.Builder), listen: tools.FreeAddress(t)}
	f.network, err = simnet.Start(simnet.Config{
		Scenario: scenario, Captures: os.DirFS(root + "/testdata/captures"), User: "rtm", Password: "Tr0ub4dor-of-the-test",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.network.Close)
	_, f.port, _ = net.SplitHostPort(tools.FreeAddress(t))
	for k := range fleetSize + 1 {
		f.crowd = append(f.crowd, simnet.Member{Address: f.address(k)})
	}
	f.change(t)
	f.write(t, names(0, fleetSize))

	dir := t.TempDir()
	binary, password := filepath.Join(dir, "raptoreum_exporter"), filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte("Tr0ub4dor-of-the-test\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, root).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	ctx, cancel := context.WithCancel(context.Background())
	command := exec.CommandContext(ctx, binary, "--daemon.url="+f.network.RPCURL(), "--daemon.user=rtm", "--daemon.password-file="+password,
		"--no-collector.explorer", "--no-collector.release", "--fleet.config="+f.file, "--fleet.allow-private", "--vantage=paris", "--web.listen-address="+f.listen)
	command.Stderr = f.log
	ended, err := child.Start(command)
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fleet) address(k int) string { return fmt.Sprintf("127.9.0.%d:%s", k+1, f.port) }

func names(from, to int) (list []string) {
	for k := from; k < to; k++ {
		list = append(list, fmt.Sprintf("n%d", k))
	}
	slices.Sort(list)
	return list
}

// change adds a block with the current state of the crowd.
func (f *fleet) change(t *testing.T) {
	t.Helper()
	if err := f.network.SetCrowd(f.crowd); err != nil {
		t.Fatal(err)
	}
	f.network.AddBlock()
}

// write writes fleet.yml and reloads the exporter if it runs.
func (f *fleet) write(t *testing.T, nodes []string) {
	t.Helper()
	text := "nodes:\n"
	for _, name := range nodes {
		var k int
		if _, err := fmt.Sscanf(name, "n%d", &k); err != nil {
			t.Fatal(err)
		}
		text += fmt.Sprintf("- {protx: %s, name: %s}\n", f.network.MadeProTxHash(k), name)
	}
	if err := os.WriteFile(f.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if f.log.Len() == 0 {
		return
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Post("http://"+f.listen+"/-/reload", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if response.Body.Close(); response.StatusCode != http.StatusOK {
		t.Fatal(response.Status)
	}
}

// scrape is the scrape configuration of the fleet.
func (f *fleet) scrape() map[string]any {
	return map[string]any{
		"job_name":        fleetJob,
		"http_sd_configs": []any{map[string]any{"url": "http://" + f.listen + "/sd", "refresh_interval": "2s"}},
	}
}

// shard adds the relabeling of README.md that keeps the targets of shard i.
func shard(scrape map[string]any, i int) map[string]any {
	scrape = maps.Clone(scrape)
	scrape["relabel_configs"] = []any{
		map[string]any{"source_labels": []string{"node"}, "action": "hashmod", "modulus": 2, "target_label": "__tmp_shard"},
		map[string]any{"source_labels": []string{"__tmp_shard"}, "action": "keep", "regex": fmt.Sprint(i)},
	}
	return scrape
}

// checkShards checks that every node belongs to exactly one shard.
func checkShards(t *testing.T, s *drill.Stack, shards []*drill.Program) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(500 * time.Millisecond) {
		var all []string
		share := make([]int, len(shards))
		for i, p := range shards {
			for _, series := range s.Query(p, "probe_success == 1") {
				all = append(all, series["node"])
				share[i]++
			}
		}
		slices.Sort(all)
		if slices.Equal(all, names(0, fleetSize)) && !slices.Contains(share, 0) {
			t.Logf("nodes per shard: %v", share)
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("nodes per shard: %v: %v", share, all)
		}
	}
}

// await waits until an expression has series for exactly these nodes.
func (f *fleet) await(t *testing.T, s *drill.Stack, p *drill.Program, expr string, nodes []string, within time.Duration) {
	t.Helper()
	for deadline := time.Now().Add(within); ; time.Sleep(250 * time.Millisecond) {
		var got []string
		for _, series := range s.Query(p, expr) {
			got = append(got, series["node"])
		}
		if slices.Sort(got); slices.Equal(got, nodes) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v, want %v", expr, got, nodes)
		}
	}
}

// notified waits for notifications of a node's ban and returns their number. Alertmanager guarantees at least one.
func (f *fleet) notified(t *testing.T, s *drill.Stack, node string, minimum int, within time.Duration) (times int) {
	t.Helper()
	count := func() (n int) {
		for _, notice := range s.Inbox.Of(node) {
			if notice.Name == "RaptoreumSmartnodePoSeBanned" && notice.Firing {
				n++
			}
		}
		return n
	}
	for deadline := time.Now().Add(within); count() < minimum; time.Sleep(250 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no notification of the ban of %s; received %v", node, s.Inbox.Of(node))
		}
	}
	time.Sleep(5 * time.Second) // time for the other Alertmanager to repeat it
	return count()
}
