package web

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"raptoreum_exporter/collector"
	"raptoreum_exporter/fleet"
	"raptoreum_exporter/p2p"
)

// FuzzTarget: only names and hashes of the fleet are accepted, and nothing is dialled.
func FuzzTarget(f *testing.F) {
	const hash = "d5309c7cb07da0f4eed3b0d6efcabc180314028577b65c506c072d486b37856a"
	for _, seed := range []string{"paris-1", "PARIS-1", hash, "127.0.0.1:80", "http://127.0.0.1/", "", "a\x00b", "paris-1&target=x", "[::1]:1", "%70aris-1"} {
		f.Add(seed)
	}
	file := filepath.Join(f.TempDir(), "fleet.yml")
	if err := os.WriteFile(file, []byte("nodes: [{protx: "+hash+", name: paris-1}]"), 0o600); err != nil {
		f.Fatal(err)
	}
	port := p2p.NewProber(f.Context(), p2p.Config{Dial: func(_ context.Context, address, _ string) (p2p.Peer, error) {
		panic("dialled " + address)
	}})
	owned, err := fleet.New(f.Context(), file, fleet.Sources{Network: "main", Port: port, AllowPrivate: true})
	if err != nil {
		f.Fatal(err)
	}
	p := &prober{fleet: owned, metrics: collector.NewProbe(), history: newHistory()}
	f.Fuzz(func(t *testing.T, target string) {
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/probe?target="+url.QueryEscape(target), nil))
		known := strings.ToLower(target) == "paris-1" || strings.EqualFold(target, hash)
		if (w.Code == http.StatusOK) != known || !known && w.Code != http.StatusBadRequest {
			t.Errorf("%q: status %d", target, w.Code)
		}
	})
}
