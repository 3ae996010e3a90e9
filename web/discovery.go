package web

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"raptoreum_exporter/fleet"
	"raptoreum_exporter/internal/poll"
)

// discovery serves /sd: the fleet in the format of Prometheus's HTTP service discovery. Its labels direct each
// scrape to /probe of this exporter, so no relabelling is needed.
type discovery struct {
	fleet    *fleet.Fleet
	vantage  string
	external *url.URL // nil: the URL of the request
}

// group is a target group of Prometheus's HTTP SD format.
type group struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}

// ServeHTTP implements http.Handler.
func (d *discovery) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	snapshot := d.fleet.Snapshot(r.Context(), poll.NoWait)
	if snapshot.Incomplete { // an empty list would remove all targets
		http.Error(w, "the smartnode list has not been read yet", http.StatusServiceUnavailable)
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
	_ = json.NewEncoder(w).Encode(groups) // an error means that the client disconnected
}
