package web

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"

	"raptoreum_exporter/collector"
	"raptoreum_exporter/config"
	"raptoreum_exporter/internal/poll"
)

// metrics serves /metrics: one Gather of the Set, and the metrics about the exporter itself.
type metrics struct {
	set    *collector.Set
	own    prometheus.Gatherer
	logger log.Logger
}

func newMetrics(set *collector.Set, ownProcess bool, logger log.Logger) *metrics {
	own := prometheus.NewRegistry()
	own.MustRegister(versioncollector.NewCollector(config.Program))
	if ownProcess {
		own.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	}
	return &metrics{set, own, logger}
}

// ServeHTTP implements http.Handler.
func (m *metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	scrape := prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		return m.set.Gather(r.Context(), poll.NoWait).Families, nil
	})
	write(prometheus.Gatherers{scrape, m.own}, m.logger).ServeHTTP(w, r)
}

// write returns a handler that writes gathered metrics in the format that the scraper accepts.
func write(g prometheus.Gatherer, logger log.Logger) http.Handler {
	return promhttp.HandlerFor(g, promhttp.HandlerOpts{
		ErrorHandling:      promhttp.ContinueOnError,
		ErrorLog:           promhttpLogger{logger},
		DisableCompression: true, // compressing 20 kB costs as much as the rest of a scrape
	})
}

// promhttpLogger is the logger of promhttp.
type promhttpLogger struct{ log.Logger }

// Println implements promhttp.Logger.
func (l promhttpLogger) Println(v ...any) {
	text := strings.TrimSpace(fmt.Sprintln(v...))
	if strings.HasPrefix(text, "error encoding and sending") {
		return // the scraper disconnected; logged for each metric
	}
	level.Error(l).Log("msg", "writing metrics failed", "err", text)
}
