package web_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"raptoreum_exporter/config"
	"raptoreum_exporter/internal/harness"
	"raptoreum_exporter/internal/simnet"
)

// TestExpected: whoever gives only --daemon.url expects a smartnode once raptoreumd ran as one.
func TestExpected(t *testing.T) {
	t.Parallel()
	const expected = "raptoreum_smartnode_expected"
	for scenario, want := range map[string]string{"healthy": "1", "plain": "0"} {
		password := filepath.Join(t.TempDir(), "password")
		if err := os.WriteFile(password, []byte(harness.Password+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		var n *simnet.Network
		e := harness.Start(t, scenario, func(c *simnet.Config, o *harness.Options) {
			n = harness.Network(t, scenario, nil)
			o.Daemon = config.Daemon{URL: n.RPCURL(), User: "rtm", PasswordFile: password}
		})
		e.Scrape(5*time.Second).Want(t, map[string]string{expected: want})
		n.Set(func(s *simnet.State) { s.Daemon = simnet.DaemonRefused })
		e.Scrape(5*time.Second).Want(t, map[string]string{expected: want, "raptoreum_up": "0"})
	}
}
