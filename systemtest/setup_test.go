package systemtest

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"raptoreum_exporter/internal/child"
	"raptoreum_exporter/internal/harness"
	"raptoreum_exporter/internal/simnet"
	"raptoreum_exporter/internal/tools"
)

// TestSeveralDaemons: two raptoreumd on one machine, and for each an exporter with an RPC password, which cannot read
// raptoreum.conf. Each finds its own process, and notices that it is gone.
func TestSeveralDaemons(t *testing.T) {
	t.Parallel()
	network := harness.Network(t, "healthy", func(c *simnet.Config) { c.User = "rtm" })
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte(harness.Password), 0o600); err != nil {
		t.Fatal(err)
	}
	var stop []func()
	var addresses []string
	for range 2 {
		datadir := t.TempDir()
		stop = append(stop, startDaemon(t, datadir))
		address := tools.FreeAddress(t)
		exporter := exec.CommandContext(t.Context(), binary, "--web.listen-address="+address, "--no-collector.explorer", "--no-collector.release",
			"--daemon.url="+network.RPCURL(), "--daemon.user=rtm", "--daemon.password-file="+password, "--daemon.datadir="+datadir)
		ended, err := child.Start(exporter)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { <-ended })
		addresses = append(addresses, address)
	}
	const success = "\nraptoreum_scrape_collector_success{collector=\"process\"} 1\n"
	for _, address := range addresses {
		if page := scrape(t, address); !strings.Contains(page, success) || !strings.Contains(page, "\nraptoreum_process_up 1\n") {
			t.Errorf("both run:\n%s", page)
		}
	}
	stop[0]()
	for i, running := range []bool{false, true} { // the fake RPC server, which both use, still answers
		page := scrape(t, addresses[i])
		if !strings.Contains(page, success) || strings.Contains(page, "\nraptoreum_process_up 1\n") != running || strings.Contains(page, "\nraptoreum_process_up 0\n") {
			t.Errorf("exporter %d, running %t:\n%s", i, running, page)
		}
	}
}

// startDaemon starts a process that looks like a raptoreumd, and returns what kills it.
func startDaemon(t *testing.T, datadir string) (stop func()) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	daemon := exec.CommandContext(context.WithoutCancel(t.Context()), self, "-datadir="+datadir)
	daemon.Args[0] = daemonName
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	stop = func() { _ = daemon.Process.Kill(); _ = daemon.Wait() }
	t.Cleanup(stop)
	return stop
}

// scrape returns /metrics of an exporter, which may still be starting.
func scrape(t *testing.T, address string) string {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		response, err := http.Get("http://" + address + "/metrics")
		if err == nil {
			defer response.Body.Close()
			page, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			return string(page)
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}
