package web_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"raptoreum_exporter/internal/harness"
	"raptoreum_exporter/internal/simnet"
)

// TestDisconnect: a scraper that disconnects causes no change of state and no log lines.
func TestDisconnect(t *testing.T) {
	t.Parallel()
	e := harness.Start(t, "healthy", nil)
	e.Scrape(5 * time.Second)
	before := e.Log.String()
	e.Network.Set(func(s *simnet.State) { s.RPCDelay = simnet.Duration(100 * time.Millisecond) })
	for range 5 {
		ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, e.URL+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			response.Body.Close()
		}
		cancel()
	}
	time.Sleep(2 * time.Second)
	if more := strings.TrimPrefix(e.Log.String(), before); more != "" {
		t.Errorf("logged:\n%s", more)
	}
	e.Network.Set(func(s *simnet.State) { s.RPCDelay = 0 })
	e.Scrape(5*time.Second).Want(t, map[string]string{"raptoreum_up": "1"})
}
