package config

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Web says how the exporter serves.
type Web struct {
	TelemetryPath          string   // of the metrics, such as /metrics
	ExternalURL            *url.URL // at which Prometheus reaches the exporter, for /sd; nil: the URL it requested
	MaxRequests            int      // scrapes and probes at a time
	DisableExporterMetrics bool     // without metrics of the exporter itself
}

// Validate reports the first setting that cannot be served, with the name of its flag.
func (w Web) Validate() error {
	path := w.TelemetryPath
	switch u := w.ExternalURL; {
	case !regexp.MustCompile(`^(/[A-Za-z0-9._~][A-Za-z0-9._~-]*)+$`).MatchString(path):
		return fmt.Errorf("--web.telemetry-path: %q is not a path like /metrics", path)
	case slices.Contains([]string{"/sd", "/probe"}, path), strings.HasPrefix(path, "/runbooks/"), strings.HasPrefix(path, "/-/"):
		return fmt.Errorf("--web.telemetry-path: %s is another page; use a path like /metrics", path)
	case w.MaxRequests < 1:
		return fmt.Errorf("--web.max-requests: %d is less than 1", w.MaxRequests)
	case u != nil && (u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != ""):
		return errors.New("--web.external-url: give the URL at which Prometheus reaches this exporter, such as https://watch.example.org:10227")
	}
	return nil
}
