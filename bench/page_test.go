package bench

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"raptoreum_exporter/internal/simnet"
)

const (
	pageRate     = 200 // requests per second
	pageDuration = 30 * time.Second
	// pageTrips is what these 30 s may cost the daemon: a gathering every 15 s with 4 round trips each, one for the
	// smartnode list and two for the last payment. The fleet asks for the tip every 15 s, with 2 round trips.
	pageTrips = (30/15+1)*(maxRoundTrips+2) + 3
	maxP99    = 100 * time.Millisecond
)

// BenchmarkPage requests the page and /status.json 200 times per second for 30 s, alone and with a fleet of
// 100, and counts what the daemon and the nodes see. Nothing else scrapes.
func BenchmarkPage(b *testing.B) {
	for _, size := range []int{0, 100} {
		b.Run(fmt.Sprintf("fleet-%d", size), func(b *testing.B) {
			crowd := make([]kind, size)
			for k := range crowd {
				crowd[k] = kinds()[k%len(kinds())]
			}
			n := network(b, crowd)
			args := []string{"--no-collector.explorer", "--no-collector.release"}
			if size > 0 {
				args = append(args, "--fleet.allow-private", "--fleet.config="+fleetFile(b, size, n.MadeProTxHash))
			}
			loadPage(b, start(b, n.RPCURL(), args...), n)
			for _, k := range crowd {
				if dials := n.Dials(k.member.Address); dials > 0 {
					b.Fatalf("%s was dialled %d times", k.member.Address, dials)
				}
			}
		})
	}
}

// loadPage sends the requests at their times, whether or not earlier ones are answered.
func loadPage(b *testing.B, e *exporter, n *simnet.Network) {
	b.Helper()
	root := strings.TrimSuffix(e.url, "/metrics")
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: pageRate}}
	b.Cleanup(client.CloseIdleConnections)
	get := func(path string) int {
		response, err := client.Get(root + path)
		if err != nil {
			b.Error(err)
			return 0
		}
		defer response.Body.Close()
		size, _ := io.Copy(io.Discard, response.Body)
		if response.StatusCode != http.StatusOK {
			b.Errorf("%s: status %d", path, response.StatusCode)
		}
		return int(size)
	}
	size := get("/")
	for range 2 * pageRate { // the first connections, the heap
		get("/")
	}
	first, _ := e.memory(b)
	before, cpu := n.Calls().RoundTrips, e.cpu(b)
	took := make([]time.Duration, pageRate*int(pageDuration/time.Second))
	var running sync.WaitGroup
	began := time.Now()
	for i := range took {
		due := began.Add(time.Duration(i) * time.Second / pageRate)
		time.Sleep(time.Until(due))
		running.Go(func() {
			get([]string{"/", "/status.json"}[i%2])
			took[i] = time.Since(due)
		})
	}
	running.Wait()
	seconds := time.Since(began).Seconds()
	trips, used := n.Calls().RoundTrips-before, e.cpu(b)-cpu
	last, peak := e.memory(b)
	slices.Sort(took)
	p99 := took[len(took)*99/100]
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(len(took))/seconds, "requests/s")
	b.ReportMetric(milliseconds(took[len(took)/2]), "ms-p50")
	b.ReportMetric(milliseconds(p99), "ms-p99")
	b.ReportMetric(milliseconds(took[len(took)-1]), "ms-max")
	b.ReportMetric(float64(trips), "daemon-roundtrips")
	b.ReportMetric(100*used/seconds, "%-of-a-core")
	b.ReportMetric(first, "MiB-before")
	b.ReportMetric(last, "MiB-after")
	b.ReportMetric(peak, "MiB-peak")
	b.ReportMetric(float64(size)/1024, "KiB/page")
	if trips > pageTrips || p99 > maxP99 || last > 1.25*first {
		b.Errorf("%d round trips, want at most %d; p99 %s, want at most %s; %.1f MiB before and %.1f after", trips, pageTrips, p99, maxP99, first, last)
	}
}
