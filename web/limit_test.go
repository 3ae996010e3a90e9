package web

import (
	"net/http"
	"testing"
	"time"
)

func TestScrapeTimeout(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"": 10 * time.Second, "10": 9500 * time.Millisecond, "15.000000": 14500 * time.Millisecond,
		"2": 1500 * time.Millisecond, "1.5": time.Second, "1": 900 * time.Millisecond, "0.05": 900 * time.Millisecond,
		"-3": 10 * time.Second, "NaN": 10 * time.Second, "soon": 10 * time.Second, "Inf": 29500 * time.Millisecond, "1e9": 29500 * time.Millisecond,
	} {
		h := http.Header{"X-Prometheus-Scrape-Timeout-Seconds": {header}}
		if got := scrapeTimeout(h); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
}
