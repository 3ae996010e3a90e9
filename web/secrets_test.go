package web_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"raptoreum_exporter/internal/harness"
	"raptoreum_exporter/internal/simnet"
)

// TestSecrets searches everything that the exporter serves or logs, in every state of the daemon, for the RPC
// password, the cookie and the operator's BLS key.
func TestSecrets(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, cookie := range []bool{false, true} {
		t.Run(fmt.Sprintf("cookie %v", cookie), func(t *testing.T) {
			secrets := []string{harness.Password, harness.BLSKey, base64.StdEncoding.EncodeToString([]byte("rtm:" + harness.Password))}
			e := harness.Start(t, "healthy", func(c *simnet.Config, o *harness.Options) {
				if cookie {
					c.Password, c.CookieDir = "", dir
					o.Daemon.CookieFile = filepath.Join(dir, ".cookie")
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
				e.Network.Set(func(s *simnet.State) { s.Daemon = mode })
				for _, path := range []string{"/metrics", "/", "/status.json", "/-/healthy", "/-/ready", "/nosuch"} {
					_, body := e.Get(path, time.Second)
					all.WriteString(body)
				}
			}
			all.WriteString(e.Log.String())
			if all.Len() < 50000 {
				t.Fatalf("only %d bytes to search", all.Len())
			}
			for _, secret := range secrets {
				if strings.Contains(all.String(), secret) {
					t.Errorf("%s... is served or logged", secret[:8])
				}
			}
		})
	}
}

// TestForeignText: texts from the daemon, a peer or an explorer that are 1 MB long, not UTF-8, and full of quotes
// and line breaks break neither a scrape nor a log line.
func TestForeignText(t *testing.T) { // not in parallel, because it computes a lot
	e := harness.Start(t, "healthy", nil, func(s *simnet.State) {
		s.Daemon = simnet.DaemonGarbageText
		s.Port = simnet.PortGarbage
		s.Explorers[0].Mode, s.Explorers[1].Mode = simnet.ExplorerHuge, simnet.ExplorerErrorText
	})
	e.Until("raptoreum_explorer_up"+e.Explorer(1), 5*time.Second)
	shown := e.Scrape(5 * time.Second)
	shown.Want(t, map[string]string{
		"raptoreum_up": "1", "raptoreum_daemon_warnings": "1", "raptoreum_block_height": "529",
		"raptoreum_explorer_up" + e.Explorer(0): "0", "raptoreum_explorer_up" + e.Explorer(1): "0",
	})
	for name := range shown {
		if len(name) > 500 || !utf8.ValidString(name) {
			t.Errorf("a series of %d bytes: %.200q", len(name), name)
		}
	}
	for line := range strings.Lines(e.Log.String()) {
		if len(line) > 1000 || !utf8.ValidString(line) || !strings.HasPrefix(line, "level=") {
			t.Errorf("a log line of %d bytes: %.200q", len(line), line)
		}
	}
}
