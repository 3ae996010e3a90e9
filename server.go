package main

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
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

	"raptoreum_exporter/alerts"
	"raptoreum_exporter/collector"
	"raptoreum_exporter/daemon"
	"raptoreum_exporter/internal/poll"
)

// newHandler returns the routes of the exporter.
func newHandler(s collector.Sources, o *options, logger log.Logger) (http.Handler, error) {
	if !regexp.MustCompile(`^(/[A-Za-z0-9._~][A-Za-z0-9._~-]*)+$`).MatchString(o.telemetry) {
		return nil, fmt.Errorf("--web.telemetry-path: %q is not a path like /metrics", o.telemetry)
	}
	if slices.Contains([]string{"/sd", "/probe"}, o.telemetry) || strings.HasPrefix(o.telemetry, "/runbooks/") || strings.HasPrefix(o.telemetry, "/-/") {
		return nil, fmt.Errorf("--web.telemetry-path: %s is another page; take a path like /metrics", o.telemetry)
	}
	most, err := strconv.Atoi(o.maxRequests)
	if err != nil || most < 1 {
		return nil, fmt.Errorf("--web.max-requests: %q is no number of 1 or more", o.maxRequests)
	}
	external, err := parseExternal(o.externalURL)
	if err != nil {
		return nil, err
	}
	set := collector.New(collector.Config{Sources: s, Disabled: o.disabled, Logger: logger})
	seen := &history{last: map[daemon.Hash]result{}}
	mux := http.NewServeMux()
	mux.Handle("GET "+o.telemetry, limit(most, metricsHandler(set, ownMetrics(o.bare), logger)))
	mux.HandleFunc("GET /runbooks/{alert}", alerts.ServeRunbook)
	mux.HandleFunc("GET /-/healthy", fine)
	mux.HandleFunc("GET /-/ready", fine)
	mux.Handle("GET /", &landing{telemetry: o.telemetry, fleet: s.Fleet, history: seen, logger: logger})
	if s.Fleet == nil {
		return mux, nil
	}
	mux.Handle("GET /sd", &discovery{fleet: s.Fleet, vantage: o.vantage, external: external})
	mux.Handle("GET /probe", limit(most, &prober{
		fleet: s.Fleet, port: s.Port, allowPrivate: o.fleet.allowPrivate,
		metrics: collector.NewProbe(), history: seen, logger: logger,
	}))
	mux.HandleFunc("POST /-/reload", func(w http.ResponseWriter, _ *http.Request) {
		if err := reload(s.Fleet, logger); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fine(w, nil)
	})
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

// metricsHandler answers a scrape from a registry of its own, until the request's time is up.
func metricsHandler(set *collector.Set, own prometheus.Gatherer, logger log.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer(prometheus.Gatherers{gatherer(set.Bind(r.Context(), poll.NoWait)), meanwhile(own)}, logger).ServeHTTP(w, r)
	})
}

// gatherer is a registry for one answer.
func gatherer(c prometheus.Collector) prometheus.Gatherer {
	registry := prometheus.NewRegistry()
	registry.MustRegister(c)
	return registry
}

func answer(g prometheus.Gatherer, logger log.Logger) http.Handler {
	return promhttp.HandlerFor(g, promhttp.HandlerOpts{
		ErrorHandling:      promhttp.ContinueOnError,
		ErrorLog:           promhttpLogger{logger},
		DisableCompression: true, // 20 kB; to compress them costs as much as all the rest
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

// limit lets most requests run at a time. Others wait for their turn, but no longer than their scraper.
func limit(most int, next http.Handler) http.Handler {
	places := make(chan struct{}, most)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), scrapeTime(r.Header))
		defer cancel()
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
			next.ServeHTTP(w, r.WithContext(ctx))
		case <-ctx.Done():
			http.Error(w, fmt.Sprintf("more than %d requests at a time; see --web.max-requests", most), http.StatusServiceUnavailable)
		}
	})
}
