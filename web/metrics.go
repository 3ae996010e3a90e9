package web

import (
	"bytes"
	"net/http"
	"strconv"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"raptoreum_exporter/collector"
	"raptoreum_exporter/config"
	"raptoreum_exporter/internal/poll"
)

// metrics serves /metrics: one gathering, and the metrics about the exporter itself.
type metrics struct {
	shared  *observer
	own     *prometheus.Registry
	process *collector.Self // nil: without metrics of the exporter's process
	logger  log.Logger
}

func newMetrics(shared *observer, c Config) *metrics {
	m := &metrics{shared: shared, own: prometheus.NewRegistry(), logger: c.Logger}
	m.own.MustRegister(versioncollector.NewCollector(config.Program))
	if !c.Web.DisableExporterMetrics {
		m.own.MustRegister(collectors.NewGoCollector())
		m.process = collector.NewSelf(c.Sources.Host)
	}
	return m
}

// ServeHTTP implements http.Handler.
func (m *metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	own := make(chan []*dto.MetricFamily, 1)
	go func() { own <- m.gatherOwn() }() // while the daemon is waited for
	families := m.shared.gather(r.Context(), poll.NoWait)
	write(w, append(families, <-own...))
}

func (m *metrics) gatherOwn() []*dto.MetricFamily {
	families, err := m.own.Gather()
	if err != nil {
		level.Error(m.logger).Log("msg", "gathering the exporter's own metrics failed", "err", err)
	}
	if m.process != nil {
		families = append(families, m.process.Families()...)
	}
	return families
}

// write answers in the text format, which every Prometheus accepts. promhttp would copy all families to
// merge and escape them, which costs more than collecting them.
func write(w http.ResponseWriter, families []*dto.MetricFamily) {
	var body bytes.Buffer
	body.Grow(32 << 10)
	for _, family := range families {
		if _, err := expfmt.MetricFamilyToText(&body, family); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	w.Header().Set("Content-Type", string(expfmt.NewFormat(expfmt.TypeTextPlain)))
	w.Header().Set("Content-Length", strconv.Itoa(body.Len()))
	_, _ = w.Write(body.Bytes()) // an error means that the client disconnected
}
