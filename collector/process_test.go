package collector_test

import (
	"os"
	"path/filepath"
	"testing"

	"raptoreum_exporter/collector"
	"raptoreum_exporter/daemon"
	"raptoreum_exporter/host"
	"raptoreum_exporter/internal/poll"
)

// TestProcessElsewhere: the only raptoreumd of this machine is not the one of an exporter that has no daemon, or one on
// another machine.
func TestProcessElsewhere(t *testing.T) {
	proc := t.TempDir()
	for name, content := range map[string]string{
		"self": "", "70/cmdline": "raptoreumd\x00", "70/comm": "raptoreumd\n",
		"70/status": "Name:\traptoreumd\nTgid:\t70\nUid:\t1000\t1000\t1000\t1000\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(proc, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(proc, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	machine, err := host.New(host.Config{Procfs: proc})
	if err != nil {
		t.Fatal(err)
	}
	client := func(url string) *daemon.Client {
		c, err := daemon.NewClient(t.Context(), daemon.Config{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for name, test := range map[string]struct {
		sources collector.Sources
		found   bool
	}{
		"no daemon":         {collector.Sources{}, false},
		"daemon elsewhere":  {collector.Sources{Daemon: client("http://192.0.2.1:10225")}, false},
		"daemon here":       {collector.Sources{Daemon: client("http://127.0.0.1:10225")}, true},
		"data directory":    {collector.Sources{Process: host.Query{Datadir: "/data"}}, true},
		"conf of an outage": {collector.Sources{Process: host.Query{Conf: "/data/raptoreum.conf"}}, true},
	} {
		test.sources.Host = machine
		result := collector.New(collector.Config{Sources: test.sources, Enabled: []string{"process"}}).Gather(t.Context(), poll.NoWait)
		found := false
		for _, f := range result.Families {
			found = found || f.GetName() == "raptoreum_process_up"
		}
		if found != test.found || len(result.Errors) > 0 {
			t.Errorf("%s: found %t, %v", name, found, result.Errors)
		}
	}
}
