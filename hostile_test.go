package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"raptoreum_exporter/internal/simnet"
)

// TestSecrets looks for the RPC password, the cookie and the operator's BLS key in all that the
// exporter shows or logs, in every state of the daemon.
func TestSecrets(t *testing.T) {
	dir := t.TempDir()
	for _, cookie := range []bool{false, true} {
		t.Run(fmt.Sprintf("cookie %v", cookie), func(t *testing.T) {
			secrets := []string{testPassword, testBLSKey, base64.StdEncoding.EncodeToString([]byte("rtm:" + testPassword))}
			e := startExporter(t, "healthy", func(c *simnet.Config, o *options) {
				if cookie {
					c.Password, c.CookieDir = "", dir
					o.daemon.cookieFile = filepath.Join(dir, ".cookie")
				}
			})
			if cookie {
				content, err := os.ReadFile(filepath.Join(dir, ".cookie"))
				if err != nil {
					t.Fatal(err)
				}
				secrets = append(secrets, strings.TrimPrefix(string(content), "__cookie__:"))
			}
			var all strings.Builder
			for _, mode := range simnet.DaemonModes() {
				e.network.Set(func(s *simnet.State) { s.Daemon = mode })
				for _, path := range []string{"/metrics", "/", "/-/healthy", "/-/ready", "/nosuch"} {
					all.WriteString(e.get(path, time.Second))
				}
			}
			all.WriteString(e.log.String())
			if all.Len() < 50000 {
				t.Fatalf("only %d bytes to search", all.Len())
			}
			for _, secret := range secrets {
				if strings.Contains(all.String(), secret) {
					t.Errorf("%s... is shown or logged", secret[:8])
				}
			}
		})
	}
}

func (e *exporter) get(path string, patience time.Duration) string {
	e.Helper()
	request, err := http.NewRequestWithContext(e.Context(), http.MethodGet, e.url+path, nil)
	if err != nil {
		e.Fatal(err)
	}
	request.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", fmt.Sprint(patience.Seconds()))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		e.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		e.Fatal(err)
	}
	return string(body)
}

// TestForeignText: texts of the daemon, of a peer or of an explorer that are 1 MB long, not UTF-8
// and full of quotes and line ends break neither a scrape nor a log line.
func TestForeignText(t *testing.T) {
	e := startExporter(t, "healthy", nil, func(s *simnet.State) {
		s.Daemon = simnet.DaemonGarbageText
		s.Port = simnet.PortGarbage
		s.Explorers[0].Mode, s.Explorers[1].Mode = simnet.ExplorerHuge, simnet.ExplorerErrorText
	})
	e.until("raptoreum_explorer_up"+e.explorer(1), 5*time.Second)
	shown := e.scrape(5 * time.Second)
	shown.want(t, map[string]string{
		"raptoreum_up": "1", "raptoreum_daemon_warnings": "1", "raptoreum_block_height": "529",
		"raptoreum_explorer_up" + e.explorer(0): "0", "raptoreum_explorer_up" + e.explorer(1): "0",
	})
	for name := range shown {
		if len(name) > 500 || !utf8.ValidString(name) {
			t.Errorf("a series of %d bytes: %.200q", len(name), name)
		}
	}
	for line := range strings.Lines(e.log.String()) {
		if len(line) > 1000 || !utf8.ValidString(line) || !strings.HasPrefix(line, "level=") {
			t.Errorf("a log line of %d bytes: %.200q", len(line), line)
		}
	}
}

func TestScrapeTime(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"": 10 * time.Second, "10": 9500 * time.Millisecond, "15.000000": 14500 * time.Millisecond,
		"2": 1500 * time.Millisecond, "1.5": time.Second, "1": 900 * time.Millisecond, "0.05": 900 * time.Millisecond,
		"-3": 10 * time.Second, "NaN": 10 * time.Second, "soon": 10 * time.Second, "Inf": 29500 * time.Millisecond, "1e9": 29500 * time.Millisecond,
	} {
		h := http.Header{"X-Prometheus-Scrape-Timeout-Seconds": {header}}
		if got := scrapeTime(h); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
}

func TestTooManyRequests(t *testing.T) {
	e := startExporter(t, "healthy", func(_ *simnet.Config, o *options) { o.maxRequests = "1" }, func(s *simnet.State) { s.Daemon = simnet.DaemonHung })
	first := make(chan string)
	go func() { first <- e.get("/metrics", 4*time.Second) }()
	for e.network.Calls().RoundTrips == 0 {
		time.Sleep(time.Millisecond)
	}
	if second := e.get("/metrics", time.Second); !strings.Contains(second, "--web.max-requests") {
		t.Errorf("the second request got %.200s", second)
	}
	if body := <-first; !strings.Contains(body, "raptoreum_up 0") {
		t.Errorf("the first request got %.200s", body)
	}
}
