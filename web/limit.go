package web

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

const (
	defaultScrapeTimeout = 10 * time.Second
	minScrapeTimeout     = 900 * time.Millisecond // leaves a scraper that waits for a second enough to get the answer
	maxScrapeTimeout     = 30 * time.Second
	writeReserve         = 500 * time.Millisecond
)

// scrapeTimeout returns how long a scrape may take, from the timeout that Prometheus announces.
func scrapeTimeout(header http.Header) time.Duration {
	seconds, err := strconv.ParseFloat(header.Get("X-Prometheus-Scrape-Timeout-Seconds"), 64)
	if err != nil || !(seconds > 0) { // NaN is not greater either
		return defaultScrapeTimeout
	}
	timeout := time.Duration(min(seconds, maxScrapeTimeout.Seconds()) * float64(time.Second))
	return max(timeout-writeReserve, minScrapeTimeout)
}

// limit lets at most max requests run at a time, each until its timeout. Others wait for their turn, but
// not longer than their scraper.
func limit(max int, next http.Handler) http.Handler {
	places := make(chan struct{}, max)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), scrapeTimeout(r.Header))
		defer cancel()
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
			next.ServeHTTP(w, r.WithContext(ctx))
		case <-ctx.Done():
			http.Error(w, fmt.Sprintf("more than %d requests at a time; see --web.max-requests", max), http.StatusServiceUnavailable)
		}
	})
}
