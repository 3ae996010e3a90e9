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
	minScrapeTimeout     = 900 * time.Millisecond // leaves time for the answer if the scraper waits for one second
	maxScrapeTimeout     = 30 * time.Second
	writeReserve         = 500 * time.Millisecond
)

// scrapeTimeout returns how long a scrape may take, from the timeout that Prometheus sends.
func scrapeTimeout(header http.Header) time.Duration {
	seconds, err := strconv.ParseFloat(header.Get("X-Prometheus-Scrape-Timeout-Seconds"), 64)
	if err != nil || !(seconds > 0) { // NaN is not greater either
		return defaultScrapeTimeout
	}
	timeout := time.Duration(min(seconds, maxScrapeTimeout.Seconds()) * float64(time.Second))
	return max(timeout-writeReserve, minScrapeTimeout)
}

// limit runs at most max requests at a time, each with its timeout. Others wait, up to their own timeout.
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
			http.Error(w, fmt.Sprintf("more than %d concurrent requests; see --web.max-requests", max), http.StatusServiceUnavailable)
		}
	})
}
