package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Web configures the web server.
type Web struct {
	TelemetryPath          string   // of the metrics, such as /metrics
	ExternalURL            *url.URL // under which Prometheus reaches the exporter, for /sd; nil: the URL of the request
	MaxRequests            int      // maximum number of concurrent scrapes and probes
	DisableExporterMetrics bool     // exclude metrics about the exporter itself
}

// Validate returns an error about the first invalid setting, with the name of its flag.
func (w Web) Validate() error {
	path := w.TelemetryPath
	switch u := w.ExternalURL; {
	case !regexp.MustCompile(`^(/[A-Za-z0-9._~][A-Za-z0-9._~-]*)+$`).MatchString(path):
		return fmt.Errorf("--web.telemetry-path: %q is not a path such as /metrics", path)
	case slices.Contains([]string{"/sd", "/probe", "/status.json"}, path), strings.HasPrefix(path, "/node/"), strings.HasPrefix(path, "/runbooks/"), strings.HasPrefix(path, "/-/"):
		return fmt.Errorf("--web.telemetry-path: %s is reserved; use a path such as /metrics", path)
	case w.MaxRequests < 1:
		return fmt.Errorf("--web.max-requests: %d is less than 1", w.MaxRequests)
	case u != nil && (u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != ""):
		return errors.New("--web.external-url: give the URL under which Prometheus reaches this exporter, such as https://watch.example.org:10227")
	}
	return nil
}

// CheckListen returns an error about the first address that cannot be listened on whatever runs on this machine.
func CheckListen(addresses []string) error {
	for _, address := range addresses {
		if strings.HasPrefix(address, "vsock://") {
			continue
		}
		if _, err := net.ResolveTCPAddr("tcp", address); err != nil {
			return fmt.Errorf("--web.listen-address: %q: %w; give an address such as 127.0.0.1:10227, or :10227 for all", address, err)
		}
	}
	return nil
}
