package alerts_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"raptoreum_exporter/alerts"
)

// TestServeRunbook requests runbooks the way the exporter routes them.
func TestServeRunbook(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /runbooks/{alert}", alerts.ServeRunbook)
	mux.HandleFunc("GET /runbooks/{$}", alerts.ServeRunbook)
	for _, test := range []struct {
		path, start string
		status      int
	}{
		{"/runbooks/", "# Runbooks\n", http.StatusOK},
		{"/runbooks/README", "# Runbooks\n", http.StatusOK},
		{"/runbooks/RaptoreumDaemonHung", "# RaptoreumDaemonHung\n", http.StatusOK},
		{"/runbooks/RaptoreumNope", "404 ", http.StatusNotFound},
		{"/runbooks/..%2falerts", "404 ", http.StatusNotFound},
	} {
		recorder := httptest.NewRecorder()
		mux.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, test.path, nil))
		if recorder.Code != test.status || !strings.HasPrefix(recorder.Body.String(), test.start) {
			t.Errorf("%s: status %d, body %.40q; want %d and %q", test.path, recorder.Code, recorder.Body, test.status, test.start)
		}
		if got, want := recorder.Header().Get("Content-Type"), "text/plain; charset=utf-8"; got != want {
			t.Errorf("%s: content type %q, want %q", test.path, got, want)
		}
	}
}
