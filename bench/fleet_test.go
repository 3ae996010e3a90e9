package bench

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"raptoreum_exporter/internal/simnet"
)

// kinds are the kinds of smartnodes in the crowd, in rotation, and a line that a probe of each must return.
func kinds() []kind {
	return []kind{
		{simnet.Member{}, "probe_success 1"},
		{simnet.Member{Port: simnet.PortClosed}, `raptoreum_port_failed_phase{phase="connect"} 1`},
		{simnet.Member{Port: simnet.PortAcceptClose}, `raptoreum_port_failed_phase{phase="version"} 1`},
		{simnet.Member{Port: simnet.PortSilent}, `raptoreum_port_failed_phase{phase="version"} 1`},
		{simnet.Member{Delay: 2 * time.Second}, "probe_success 1"},
		{simnet.Member{Port: simnet.PortWrongMagic}, `raptoreum_port_failed_phase{phase="version"} 1`},
		{simnet.Member{Port: simnet.PortOldProtocol}, `raptoreum_port_failed_phase{phase="version"} 1`},
		{simnet.Member{Port: simnet.PortWrongProTx}, "raptoreum_port_identity_match 0"},
		{simnet.Member{Banned: true, Penalty: 2004}, "raptoreum_smartnode_pose_banned 1"},
	}
}

type kind struct {
	member simnet.Member
	want   string
}

// BenchmarkFleet probes a crowd of smartnodes on loopback addresses, each with its own behaviour. The
// probes are spread over 20 seconds, as Prometheus spreads them over a minute.
func BenchmarkFleet(b *testing.B) {
	type cost struct{ cpu, bytes float64 } // per probe
	each := map[int]cost{}
	sizes := []int{200, 1000, 2000}
	for _, size := range sizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			e, crowd := startFleet(b, size)
			_, idle := e.memory(b)
			before, began := e.cpu(b), time.Now()
			wrong, files := e.probeAll(b, crowd, 20*time.Second)
			seconds, cpu := time.Since(began).Seconds(), e.cpu(b)-before
			if wrong > 0 {
				b.Errorf("%d of %d probe results are wrong", wrong, size)
			}
			_, peak := e.memory(b)
			each[size] = cost{cpu / float64(size), (peak - idle) * mebibyte / float64(size)}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(seconds, "s")
			b.ReportMetric(cpu, "cpu-s")
			b.ReportMetric(1000*cpu/float64(size), "cpu-ms/probe")
			b.ReportMetric(peak, "MiB-peak")
			b.ReportMetric(files, "open-files-max")
			b.ReportMetric(each[size].bytes*1000/mebibyte, "MiB/1000-targets")
			if seconds > 60 || peak > 100 {
				b.Errorf("%.0f s, %.0f MiB", seconds, peak)
			}
		})
	}
	if small, large := each[1000], each[2000]; small.cpu > 0 && large.cpu > 2*small.cpu {
		b.Errorf("a probe of 2,000 takes %.1f ms of CPU time, one of 1,000 %.1f: not linear", 1000*large.cpu, 1000*small.cpu)
	}
}

// BenchmarkDiscovery times /sd.
func BenchmarkDiscovery(b *testing.B) {
	each := map[int]float64{} // seconds per target
	for _, size := range []int{100, 2000, 20_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			r := newReplay(b, size, 0)
			var list struct{ Result []struct{ ProTxHash string } }
			if err := json.Unmarshal(r.list, &list); err != nil {
				b.Fatal(err)
			}
			nodes := list.Result
			e := start(b, r.URL, "--no-collector.explorer", "--no-collector.release", "--fleet.allow-private",
				"--fleet.config="+fleetFile(b, len(nodes), func(k int) string { return nodes[k].ProTxHash }))
			base := strings.TrimSuffix(e.url, "/metrics")
			var took []time.Duration
			for range 20 {
				request, err := http.NewRequest(http.MethodGet, base+"/sd", nil)
				if err != nil {
					b.Fatal(err)
				}
				began := time.Now()
				body := do(b, e.client, request)
				took = append(took, time.Since(began))
				var groups []json.RawMessage
				if err := json.Unmarshal(body, &groups); err != nil || len(groups) != size {
					b.Fatal(len(groups), err)
				}
			}
			each[size] = median(took).Seconds() / float64(size)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(milliseconds(median(took)), "ms")
		})
	}
	if small, large := each[2000], each[20_000]; small > 0 && large > 2*small {
		b.Errorf("a target of 20,000 takes %.1f µs, one of 2,000 %.1f: not linear", large*1e6, small*1e6)
	}
}

// startFleet starts a crowd of all kinds and an exporter that monitors all of it.
func startFleet(b *testing.B, size int) (*exporter, []kind) {
	b.Helper()
	crowd := make([]kind, size)
	for k := range crowd {
		crowd[k] = kinds()[k%len(kinds())]
	}
	return startCrowd(b, crowd)
}

// startCrowd starts a network with these nodes and an exporter.
func startCrowd(b *testing.B, crowd []kind) (*exporter, []kind) {
	b.Helper()
	n := network(b, crowd)
	e := start(b, n.RPCURL(), "--no-collector.explorer", "--no-collector.release", "--fleet.allow-private",
		"--fleet.config="+fleetFile(b, len(crowd), n.MadeProTxHash))
	return e, crowd
}

// network gives the nodes their addresses and starts a network with them.
func network(b *testing.B, crowd []kind) *simnet.Network {
	b.Helper()
	scenario, err := simnet.Load(os.DirFS(recorded))
	if err != nil {
		b.Fatal(err)
	}
	n, err := simnet.Start(simnet.Config{Scenario: scenario, Captures: os.DirFS("../testdata/captures"), User: user, Password: password})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(n.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	l.Close()
	var members []simnet.Member
	for k := range crowd {
		crowd[k].member.Address = fmt.Sprintf("127.%d.%d.%d:%s", 1+k>>16, k>>8&255, k&255, port)
		members = append(members, crowd[k].member)
	}
	if err := n.SetCrowd(members); err != nil {
		b.Fatal(err)
	}
	return n
}

func fleetFile(b *testing.B, size int, hash func(k int) string) string {
	b.Helper()
	var text strings.Builder
	text.WriteString("nodes:\n")
	for k := range size {
		fmt.Fprintf(&text, "- {protx: %s, name: n%d}\n", hash(k), k)
	}
	file := filepath.Join(b.TempDir(), "fleet.yml")
	write(b, file, text.String())
	return file
}

// probeAll probes all nodes within a time and returns the number of wrong results and the max number of
// files that the exporter had open.
func (e *exporter) probeAll(b *testing.B, crowd []kind, within time.Duration) (wrong int, files float64) {
	b.Helper()
	base := strings.TrimSuffix(e.url, "/metrics")
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	defer client.CloseIdleConnections()
	var mu sync.Mutex
	var all sync.WaitGroup
	began := time.Now()
	for k, kind := range crowd {
		all.Go(func() {
			time.Sleep(time.Until(began.Add(within * time.Duration(k) / time.Duration(len(crowd)))))
			request, err := http.NewRequest(http.MethodGet, fmt.Sprintf("%s/probe?target=n%d", base, k), nil)
			if err != nil {
				b.Error(err)
				return
			}
			request.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", "10")
			response, err := client.Do(request)
			if err != nil {
				b.Error(err)
				return
			}
			body := new(strings.Builder)
			_ = response.Write(body)
			response.Body.Close()
			if !strings.Contains(body.String(), "\n"+kind.want+"\n") {
				mu.Lock()
				defer mu.Unlock()
				if wrong++; wrong < 4 {
					b.Logf("n%d lacks %s:\n%s", k, kind.want, body)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	for {
		select {
		case <-done:
			return wrong, files
		case <-time.After(200 * time.Millisecond):
			if n, err := e.FileDescriptorsLen(); err == nil {
				files = max(files, float64(n))
			}
		}
	}
}
