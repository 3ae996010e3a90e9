package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"raptoreum_exporter/internal/simnet"
)

// TestStopDuringScrape: a scrape under way at the end gets a true answer, not a hung daemon.
func TestStopDuringScrape(t *testing.T) {
	fake := startExporter(t, "healthy", nil, func(s *simnet.State) { s.RPCDelay = simnet.Duration(40 * time.Millisecond) })
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	o, _, err := parse([]string{"--daemon.conf=" + fake.conf, "--web.listen-address=" + address, "--no-collector.explorer", "--no-collector.release"}, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	log := new(syncBuffer)
	go func() { ended <- serve(ctx, o, log) }()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			break
		}
	}
	before := fake.network.Calls().RoundTrips
	body := make(chan string, 1)
	go func() {
		response, err := http.Get("http://" + address + "/metrics")
		if err != nil {
			body <- err.Error()
			return
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		body <- string(text)
	}()
	for fake.network.Calls().RoundTrips == before {
		time.Sleep(time.Millisecond)
	}
	stop()
	if text := <-body; !strings.Contains(text, "\nraptoreum_up 1\n") {
		t.Errorf("the scrape got %.300s; log:\n%s", text, log)
	}
	if err := <-ended; err != nil {
		t.Errorf("serve: %v", err)
	}
}

// TestScraperGone: one that hangs up leaves no state and no lines behind.
func TestScraperGone(t *testing.T) {
	e := startExporter(t, "healthy", nil)
	e.scrape(5 * time.Second)
	before := e.log.String()
	e.network.Set(func(s *simnet.State) { s.RPCDelay = simnet.Duration(100 * time.Millisecond) })
	for range 5 {
		ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, e.url+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			response.Body.Close()
		}
		cancel()
	}
	time.Sleep(2 * time.Second)
	if more := strings.TrimPrefix(e.log.String(), before); more != "" {
		t.Errorf("logged:\n%s", more)
	}
	e.network.Set(func(s *simnet.State) { s.RPCDelay = 0 })
	e.scrape(5*time.Second).want(t, map[string]string{"raptoreum_up": "1"})
}
