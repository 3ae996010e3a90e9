package main

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/exporter-toolkit/web"

	"raptoreum_exporter/alerts"
	"raptoreum_exporter/collector"
)

// newHandler returns the routes of the exporter.
func newHandler(set *collector.Set, o *options, logger log.Logger) (http.Handler, error) {
	if !regexp.MustCompile(`^(/[A-Za-z0-9._~][A-Za-z0-9._~-]*)+$`).MatchString(o.telemetry) {
		return nil, fmt.Errorf("--web.telemetry-path: %q is not a path like /metrics", o.telemetry)
	}
	most, err := strconv.Atoi(o.maxRequests)
	if err != nil || most < 1 {
		return nil, fmt.Errorf("--web.max-requests: %q is no number of 1 or more", o.maxRequests)
	}
	landing, err := web.NewLandingPage(web.LandingConfig{
		Name:        name,
		Description: "Metrics of a Raptoreum smartnode for Prometheus.",
		Version:     ownVersion(),
		Profiling:   "false",
		Links: []web.LandingLinks{
			{Address: o.telemetry, Text: "Metrics"},
			{Address: "/runbooks/README", Text: "Runbooks", Description: "what to do about each alert"},
			{Address: "/-/healthy", Text: "Health", Description: "of this exporter, not of the smartnode"},
		},
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET "+o.telemetry, limit(most, metricsHandler(set, ownMetrics(o.bare), logger)))
	mux.HandleFunc("GET /runbooks/{alert}", alerts.ServeRunbook)
	mux.HandleFunc("GET /-/healthy", fine)
	mux.HandleFunc("GET /-/ready", fine)
	mux.Handle("GET /", landing)
	return mux, nil
}

func fine(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintln(w, "OK")
}

// ownMetrics are those of the exporter itself.
func ownMetrics(bare bool) prometheus.Gatherer {
	registry := prometheus.NewRegistry()
	registry.MustRegister(versioncollector.NewCollector(name))
	if !bare {
		registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	}
	return registry
}

// metricsHandler answers a scrape from a registry of its own, until its time is up or the scraper
// has gone.
func metricsHandler(set *collector.Set, own prometheus.Gatherer, logger log.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), scrapeTime(r.Header))
		defer cancel()
		registry := prometheus.NewRegistry()
		registry.MustRegister(set.Bind(ctx, false))
		promhttp.HandlerFor(prometheus.Gatherers{registry, meanwhile(own)}, promhttp.HandlerOpts{
			ErrorHandling:      promhttp.ContinueOnError,
			ErrorLog:           promhttpLogger{logger},
			DisableCompression: true, // 20 kB; to compress them costs as much as all the rest
		}).ServeHTTP(w, r)
	})
}

// meanwhile gathers while the daemon is waited for.
func meanwhile(g prometheus.Gatherer) prometheus.Gatherer {
	type result struct {
		families []*dto.MetricFamily
		err      error
	}
	gathered := make(chan result, 1)
	go func() {
		families, err := g.Gather()
		gathered <- result{families, err}
	}()
	return prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		r := <-gathered
		return r.families, r.err
	})
}

type promhttpLogger struct{ log.Logger }

func (l promhttpLogger) Println(v ...any) {
	text := strings.TrimSpace(fmt.Sprintln(v...))
	if strings.HasPrefix(text, "error encoding and sending") {
		return // the scraper has gone, and this comes for each metric
	}
	level.Error(l).Log("msg", "metrics", "err", text)
}

const (
	scrapeDefault = 10 * time.Second
	scrapeLeast   = 900 * time.Millisecond // leaves a scraper that waits a second enough to get the answer
	scrapeMost    = 30 * time.Second
	scrapeSpare   = 500 * time.Millisecond // to write the answer
)

// scrapeTime returns how long a scrape may take, by what Prometheus says of its own patience.
func scrapeTime(header http.Header) time.Duration {
	seconds, err := strconv.ParseFloat(header.Get("X-Prometheus-Scrape-Timeout-Seconds"), 64)
	if err != nil || !(seconds > 0) { // NaN is not greater either
		return scrapeDefault
	}
	patience := time.Duration(min(seconds, scrapeMost.Seconds()) * float64(time.Second))
	return max(patience-scrapeSpare, scrapeLeast)
}

// limit refuses what is more than most requests at a time.
func limit(most int, next http.Handler) http.Handler {
	places := make(chan struct{}, most)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
			next.ServeHTTP(w, r)
		default:
			http.Error(w, fmt.Sprintf("more than %d requests at a time; see --web.max-requests", most), http.StatusServiceUnavailable)
		}
	})
}
