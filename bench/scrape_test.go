package bench

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"raptoreum_exporter/internal/simnet"
)

const (
	maxRatio      = 1.3
	maxRoundTrips = 4
	maxMemory     = 30 // MiB
)

// BenchmarkScrape compares a scrape with its round trips alone, the baseline: the same bodies in the
// same order over one connection to the same daemon. The two alternate. The baseline client runs in the
// process of the fake daemon, which is a slight advantage. The smartnode list is read before, because no
// scrape waits for it.
//
// The exporter's own work does not depend on the daemon: the faster the daemon, the larger the ratio.
func BenchmarkScrape(b *testing.B) {
	const pairs = 500
	for _, daemon := range []struct {
		name string
		pace time.Duration
		goal bool
	}{
		{"instant", 0, false}, // not realistic: it shows what the exporter adds
		// The time of raptoreumd per call of a batch in testdata/captures/batch/timing_mn1.json:
		// 14 calls took 0.94 ms in one round trip and 3.305 ms in 14, so a round trip takes 0.18 ms
		// and a call 0.054 ms. The chain was short and there were few peers.
		{"captured", 54 * time.Microsecond, false},
		{"1ms", time.Millisecond, true},
	} {
		b.Run(daemon.name, func(b *testing.B) {
			r := newReplay(b, 0, daemon.pace)
			e := start(b, r.URL, "--no-collector.explorer", "--no-collector.release")
			e.warm(b, 0)
			r.take()
			e.scrape(b, "gzip")
			bodies := r.take()
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			var scrapes, baselines []time.Duration
			requests := 0
			for i := range pairs + 50 {
				baseline := trips(b, client, r.URL, bodies)
				r.take()
				scrape, _ := e.scrape(b, "gzip")
				requests += len(r.take())
				if i >= 50 { // both are warm
					scrapes, baselines = append(scrapes, scrape), append(baselines, baseline)
				}
			}
			scrape, baseline := median(scrapes), median(baselines)
			ratio, each := float64(scrape)/float64(baseline), float64(requests)/(pairs+50)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(milliseconds(scrape), "ms/scrape")
			b.ReportMetric(milliseconds(baseline), "ms/baseline")
			b.ReportMetric(ratio, "ratio")
			b.ReportMetric(each, "roundtrips/scrape")
			if each > maxRoundTrips {
				b.Fatalf("%.2f round trips in a scrape, want at most %d", each, maxRoundTrips)
			}
			if daemon.goal && ratio > maxRatio {
				b.Fatalf("a scrape takes %s, its round trips alone %s: ratio %.2f, want at most %.1f", scrape, baseline, ratio, maxRatio)
			}
		})
	}
}

// trips posts the bodies one after another and returns the total time.
func trips(b *testing.B, client *http.Client, url string, bodies [][]byte) time.Duration {
	b.Helper()
	began := time.Now()
	for _, body := range bodies {
		request, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		request.SetBasicAuth(user, password)
		do(b, client, request)
	}
	return time.Since(began)
}

// BenchmarkCost measures CPU time and allocations per scrape in the exporter's process, as counted by
// the kernel and the Go runtime. With BASELINE=FILE, another build of the exporter, the two take turns and
// the ratio of their CPU times is reported.
func BenchmarkCost(b *testing.B) {
	const turns, scrapes = 20, 100
	r := newReplay(b, 0, 0)
	programs := []*exporter{start(b, r.URL, "--no-collector.explorer", "--no-collector.release")}
	if baseline := os.Getenv("BASELINE"); baseline != "" {
		programs = append(programs, startProgram(b, baseline, r.URL, "--no-collector.explorer", "--no-collector.release"))
	}
	var before, after []map[string]float64
	used := make([]float64, len(programs))
	for _, e := range programs {
		e.warm(b, 0)
		before = append(before, e.values(b))
	}
	for range turns {
		for i, e := range programs {
			began := e.cpu(b)
			for range scrapes {
				e.scrape(b, "gzip")
			}
			used[i] += e.cpu(b) - began
		}
	}
	for _, e := range programs {
		after = append(after, e.values(b))
	}
	b.ReportMetric(0, "ns/op")
	for i := range programs {
		per := func(series string) float64 { return (after[i][series] - before[i][series]) / (turns * scrapes) }
		name := []string{"scrape", "baseline-scrape"}[i]
		b.ReportMetric(used[i]*1000/(turns*scrapes), "ms-cpu/"+name)
		b.ReportMetric(per("go_memstats_mallocs_total"), "allocs/"+name)
		b.ReportMetric(per("go_memstats_alloc_bytes_total")/1024, "KiB-alloc/"+name)
	}
	if len(programs) > 1 {
		b.ReportMetric(used[0]/used[1], "ratio-cpu")
	}
}

// BenchmarkMemory scrapes 10,000 times with all collectors enabled while blocks arrive, and measures the
// resident memory.
func BenchmarkMemory(b *testing.B) {
	scenario, err := simnet.Load(os.DirFS(recorded))
	if err != nil {
		b.Fatal(err)
	}
	n, err := simnet.Start(simnet.Config{
		Scenario: scenario, Captures: os.DirFS("../testdata/captures"), User: user, Password: password, OwnAddress: true,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(n.Close)
	n.Set(func(s *simnet.State) { s.AdvanceEvery = simnet.Duration(time.Second) })
	releases := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `[{"tag_name":"2.0.3.01-mainnet"}]`)
	}))
	b.Cleanup(releases.Close)
	args := []string{"--release.url=" + releases.URL}
	for _, url := range n.ExplorerURLs() {
		args = append(args, "--explorer.url="+url)
	}
	e := start(b, n.RPCURL(), args...)
	e.warm(b, 0)

	first, last := 0.0, 0.0
	b.ReportMetric(0, "ns/op")
	for i := 1; i <= 10_000; i++ {
		e.scrape(b, "gzip")
		switch i {
		case 1000, 2000, 5000, 10_000:
			last, _ = e.memory(b)
			if i == 1000 {
				first = last
			}
			b.ReportMetric(last, fmt.Sprintf("MiB-after-%d", i))
		}
	}
	_, peak := e.memory(b)
	b.ReportMetric(peak, "MiB-peak")
	if last > maxMemory || last > 1.25*first {
		b.Fatalf("%.1f MiB after 1,000 scrapes, %.1f after 10,000, want at most %d and no growth", first, last, maxMemory)
	}
}
