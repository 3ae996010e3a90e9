package bench

import (
	"fmt"
	"testing"
	"time"
)

// BenchmarkList reads the smartnode list of large networks twice. The second time the first list is
// still in use, which is the peak of memory use.
func BenchmarkList(b *testing.B) {
	sizes := []int{2000, 10_000, 50_000}
	type cost struct{ seconds, bytes float64 } // per node: time of the faster read, peak memory
	each := map[int]cost{}
	for _, size := range sizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			r := newReplay(b, size, 0)
			e := start(b, r.URL, "--no-collector.explorer", "--no-collector.release")
			_, idle := e.memory(b)
			first := e.warm(b, 0)[listTook]
			time.Sleep(61 * time.Second) // the exporter reads it once a minute
			r.addBlock(b)
			second := e.warm(b, first)[listTook]
			now, peak := e.memory(b)
			nodes := float64(size)
			each[size] = cost{min(first, second) / nodes, (peak - idle) * mebibyte / nodes}
			var scrapes []time.Duration
			for range 50 {
				took, _ := e.scrape(b, "gzip")
				scrapes = append(scrapes, took)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(first*1000, "ms-first")
			b.ReportMetric(second*1000, "ms-second")
			b.ReportMetric(each[size].seconds*1e6, "µs/node")
			b.ReportMetric(peak, "MiB-peak")
			b.ReportMetric(now, "MiB")
			b.ReportMetric(each[size].bytes, "bytes/node")
			b.ReportMetric(milliseconds(median(scrapes)), "ms/scrape")
		})
	}
	small, large := each[10_000], each[50_000]
	if small.bytes == 0 || large.bytes == 0 {
		return // -bench selected other sizes
	}
	if large.seconds > 2*small.seconds || large.bytes > 2*small.bytes {
		b.Fatalf("a node of 50,000 takes %.1f µs and %.0f bytes, one of 10,000 %.1f µs and %.0f bytes: not linear",
			large.seconds*1e6, large.bytes, small.seconds*1e6, small.bytes)
	}
}
