package main

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"raptoreum_exporter/fleet"
	"raptoreum_exporter/internal/poll"
)

// discovery answers /sd: the fleet, as Prometheus's HTTP service discovery wants it. The labels that
// it sets lead each scrape to /probe of this exporter, so that no relabelling is needed.
type discovery struct {
	fleet    *fleet.Fleet
	vantage  string
	external *url.URL // nil: as Prometheus reached us
}

// group is one element of the list (Prometheus, "HTTP SD").
type group struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}

// ServeHTTP implements http.Handler.
func (d *discovery) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	snapshot := d.fleet.Snapshot(r.Context(), poll.NoWait)
	if snapshot.Incomplete { // an empty list would end the scrapes of all
		http.Error(w, "the smartnode list was not read yet", http.StatusServiceUnavailable)
		return
	}
	host, path, scheme := r.Host, "/probe", "http"
	if r.TLS != nil {
		scheme = "https"
	}
	if d.external != nil {
		host, path, scheme = d.external.Host, strings.TrimSuffix(d.external.Path, "/")+path, d.external.Scheme
	}
	groups := make([]group, 0, len(snapshot.Nodes))
	for i := range snapshot.Nodes {
		n := &snapshot.Nodes[i]
		labels := maps.Clone(n.Labels)
		for name, value := range map[string]string{
			"__scheme__": scheme, "__metrics_path__": path, "__param_target": n.Name,
			"__meta_raptoreum_name": n.Name, "__meta_raptoreum_protx": n.ProTxHash.String(),
			"__meta_raptoreum_address": d.fleet.Address(r.Context(), n),
			"node":                     n.Name, "vantage": d.vantage,
		} {
			labels[name] = value
		}
		groups = append(groups, group{[]string{host}, labels})
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(groups) // the error is that of a reader who has gone
}

// parseExternal reads --web.external-url; nil: not given.
func parseExternal(raw string) (*url.URL, error) {
	if raw == "" {
		return nil, nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("--web.external-url: give the address at which Prometheus reaches this exporter, such as https://watch.example.org:10227")
	}
	return u, nil
}
