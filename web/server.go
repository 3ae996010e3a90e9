// Package web is the HTTP server of the exporter.
//
//	/metrics            one scrape: the smartnode beside this exporter, and the exporter itself
//	/probe?target=NAME  a probe of one smartnode of the fleet from outside
//	/sd                 the fleet, for the HTTP service discovery of Prometheus
//	/runbooks/          what to do about each alert
//	/                   page for people: findings, changes, the fleet
//	/node/NAME          the same for one node of the fleet, probed from outside
//	/status.json        the same for programs
//
// Scrapes and probes end before the scraper's timeout, and their number is limited. A client cannot make the
// exporter connect to anything outside its configuration and the fleet.
package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	toolkit "github.com/prometheus/exporter-toolkit/web"

	"raptoreum_exporter/collector"
	"raptoreum_exporter/config"
)

// Config configures the handler. All fields but Vantage and Version are required.
type Config struct {
	Web        config.Web // must be valid
	Sources    collector.Sources
	Collectors []string // names of those that are enabled
	Vantage    string   // name of the place from which probes connect
	Version    string   // of this program
	Logger     log.Logger
}

// NewHandler returns a handler for all routes.
func NewHandler(c Config) http.Handler {
	limited := func(h http.Handler) http.Handler { return limit(c.Web.MaxRequests, h) }
	shared := &observer{history: newHistory(), set: collector.New(collector.Config{Sources: c.Sources, Enabled: c.Collectors, Logger: c.Logger})}
	probes := &prober{fleet: c.Sources.Fleet, metrics: collector.NewProbe(), history: shared.history}
	people := newPages(c, shared, probes)
	mux := http.NewServeMux()
	mux.Handle("GET "+c.Web.TelemetryPath, limited(newMetrics(shared, c)))
	mux.Handle("GET /{$}", limited(http.HandlerFunc(people.page)))
	mux.Handle("GET /status.json", limited(http.HandlerFunc(people.json)))
	mux.HandleFunc("GET /runbooks/{alert}", people.runbook)
	mux.HandleFunc("GET /runbooks/{$}", people.runbook)
	mux.HandleFunc("GET /-/healthy", ok)
	mux.HandleFunc("GET /-/ready", ok)
	if c.Sources.Fleet == nil {
		for _, path := range []string{"GET /sd", "GET /probe", "GET /node/{name}"} {
			mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
				http.Error(w, "this exporter has no fleet; start it with --fleet.config", http.StatusNotFound)
			})
		}
		return mux
	}
	mux.Handle("GET /sd", &discovery{fleet: c.Sources.Fleet, vantage: c.Vantage, external: c.Web.ExternalURL})
	mux.Handle("GET /probe", limited(probes))
	mux.Handle("GET /node/{name}", limited(http.HandlerFunc(people.node)))
	mux.HandleFunc("POST /-/reload", func(w http.ResponseWriter, r *http.Request) {
		if err := Reload(c.Sources.Fleet, c.Logger); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		ok(w, r)
	})
	return mux
}

func ok(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "OK") }

// shutdownTimeout bounds the wait for running scrapes: one may hang with its daemon.
const shutdownTimeout = 5 * time.Second

// Serve serves the handler, as configured by the flags of exporter-toolkit, until ctx is done or listening fails.
func Serve(ctx context.Context, handler http.Handler, flags *toolkit.FlagConfig, logger log.Logger, toolkitLogger *slog.Logger) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	failed := make(chan error, 1)
	go func() { failed <- toolkit.ListenAndServe(server, flags, toolkitLogger) }()
	select {
	case err := <-failed:
		if _, ok := errors.AsType[*net.OpError](err); ok {
			return fmt.Errorf("--web.listen-address: %w; give a free address of this machine", err)
		}
		return err
	case <-ctx.Done():
	}
	level.Info(logger).Log("msg", "stopping")
	timeout, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if err := server.Shutdown(timeout); err != nil {
		err = server.Close()
		level.Debug(logger).Log("msg", "scrapes aborted", "err", err)
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
