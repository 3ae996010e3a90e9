package main

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web"

	"raptoreum_exporter/collector"
)

// newHandler returns the routes of the exporter.
func newHandler(set *collector.Set, o *options, logger log.Logger) (http.Handler, error) {
	if !strings.HasPrefix(o.telemetry, "/") || o.telemetry == "/" || strings.HasPrefix(o.telemetry, "/-/") {
		return nil, fmt.Errorf("--web.telemetry-path: %q is not a path like /metrics", o.telemetry)
	}
	if o.maxRequests < 1 {
		return nil, fmt.Errorf("--web.max-requests: %d is less than 1", o.maxRequests)
	}
	landing, err := web.NewLandingPage(web.LandingConfig{
		Name:        name,
		Description: "Metrics of a Raptoreum smartnode for Prometheus.",
		Version:     version.Info(),
		Profiling:   "false",
		Links: []web.LandingLinks{
			{Address: o.telemetry, Text: "Metrics"},
			{Address: "/-/healthy", Text: "Health", Description: "of this exporter, not of the smartnode"},
		},
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET "+o.telemetry, limit(o.maxRequests, metricsHandler(set, ownMetrics(o.bare), logger)))
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

// metricsHandler answers a scrape from a registry of its own. The scrape goes on when the scraper
// hangs up, so that nobody can make a daemon look hung by doing so; its time ends all the same.
func metricsHandler(set *collector.Set, own prometheus.Gatherer, logger log.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), scrapeTime(r.Header))
		defer cancel()
		registry := prometheus.NewRegistry()
		registry.MustRegister(set.Bind(ctx, false))
		promhttp.HandlerFor(prometheus.Gatherers{own, registry}, promhttp.HandlerOpts{
			ErrorHandling: promhttp.ContinueOnError,
			ErrorLog:      promhttpLogger{logger},
		}).ServeHTTP(w, r)
	})
}

type promhttpLogger struct{ log.Logger }

func (l promhttpLogger) Println(v ...any) {
	level.Error(l).Log("msg", "metrics", "err", strings.TrimSpace(fmt.Sprintln(v...)))
}

const (
	scrapeDefault = 10 * time.Second
	scrapeLeast   = time.Second
	scrapeMost    = 2 * time.Minute
	scrapeSpare   = 500 * time.Millisecond // to write the answer
	scrapeScant   = 100 * time.Millisecond // the same, of a scraper with less than 1.5 s
)

// scrapeTime returns how long a scrape may take, by what Prometheus says of its own patience.
func scrapeTime(header http.Header) time.Duration {
	seconds, err := strconv.ParseFloat(header.Get("X-Prometheus-Scrape-Timeout-Seconds"), 64)
	if err != nil || !(seconds > 0) { // NaN is not greater either
		return scrapeDefault
	}
	patience := time.Duration(min(seconds, scrapeMost.Seconds()) * float64(time.Second))
	return min(max(patience-scrapeSpare, scrapeLeast), max(patience-scrapeScant, scrapeScant))
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
