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
	// The exporter reads the list at most once a minute, in real time: what changes then is seen at once.
	listIsOld = 62 * time.Second
	follow    = time.Minute // within which the targets have to follow
)

// TestFleet lets two real Prometheus discover a fleet by /sd, tell two Alertmanagers that are one cluster,
// and lose one of each. Two more share the fleet between them.
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

	time.Sleep(time.Until(began.Add(listIsOld)))
	old := f.crowd[3].Address
	f.crowd[3].Address = f.address(100) // one moves, one leaves the fleet, one joins it, one is banned
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
		t.Errorf("%s moved from %s and is not dialled", "n3", old)
	}
	told := f.told(t, s, "n7", 1, 30*time.Second)
	t.Logf("the ban of n7 was told %d times", told)
	f.checkFleetPanels(t, s, s.Prometheus[0], want, []string{"n7"})

	read := time.Now()
	s.Prometheus[0].Kill()
	s.Alertmanager[0].Kill()
	time.Sleep(time.Until(read.Add(listIsOld)))
	f.crowd[9].Banned, f.crowd[9].Penalty = true, 100
	f.change(t)
	told = f.told(t, s, "n9", 1, follow)
	t.Logf("with one of each killed, the ban of n9 was told %d times", told)
	f.checkFleetPanels(t, s, s.Prometheus[1], want, []string{"n7", "n9"})
	for _, n := range slices.Concat(s.Inbox.Of(""), s.Inbox.Of("n3"), s.Inbox.Of("n5"), s.Inbox.Of("n20")) {
		if n.Name != watchdog {
			t.Errorf("%s of %q was told", n.Alert, n.Node)
		}
	}
}

// fleet is an exporter with a crowd.
type fleet struct {
	network *simnet.Network
	crowd   []simnet.Member
	file    string
	listen  string
	port    string // of the smartnodes
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

// change brings the crowd as it is now into the chain, with a block.
func (f *fleet) change(t *testing.T) {
	t.Helper()
	if err := f.network.SetCrowd(f.crowd); err != nil {
		t.Fatal(err)
	}
	f.network.AddBlock()
}

// write writes fleet.yml, and has the exporter read it if it runs.
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

// scrape is all that Prometheus needs.
func (f *fleet) scrape() map[string]any {
	return map[string]any{
		"job_name":        fleetJob,
		"http_sd_configs": []any{map[string]any{"url": "http://" + f.listen + "/sd", "refresh_interval": "2s"}},
	}
}

// shard keeps its share of the targets, as README.md says.
func shard(scrape map[string]any, i int) map[string]any {
	scrape = maps.Clone(scrape)
	scrape["relabel_configs"] = []any{
		map[string]any{"source_labels": []string{"node"}, "action": "hashmod", "modulus": 2, "target_label": "__tmp_shard"},
		map[string]any{"source_labels": []string{"__tmp_shard"}, "action": "keep", "regex": fmt.Sprint(i)},
	}
	return scrape
}

// checkShards: every node has exactly one of the shards.
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
			t.Logf("the shards have %v nodes", share)
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the shards have %v: %v", share, all)
		}
	}
}

// await waits until an expression has series of exactly these nodes.
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

// told waits until the ban of a node was told, and returns how often: Alertmanager promises at least once.
func (f *fleet) told(t *testing.T, s *drill.Stack, node string, least int, within time.Duration) (times int) {
	t.Helper()
	count := func() (n int) {
		for _, notice := range s.Inbox.Of(node) {
			if notice.Name == "RaptoreumSmartnodePoSeBanned" && notice.Firing {
				n++
			}
		}
		return n
	}
	for deadline := time.Now().Add(within); count() < least; time.Sleep(250 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the ban of %s was not told; it got %v", node, s.Inbox.Of(node))
		}
	}
	time.Sleep(5 * time.Second) // time for the other to repeat it
	return count()
}
