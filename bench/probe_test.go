package bench

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/procfs"

	"raptoreum_exporter/internal/simnet"
)

// maxProbeRatio is the CPU time of a probe divided by that of blackbox_exporter's TCP probe.
const maxProbeRatio = 0.95

// BenchmarkProbe compares the CPU time of a probe with that of blackbox_exporter's TCP probe, which only
// connects. That program is looked for in .bin and PATH (Debian: prometheus-blackbox-exporter). The two
// take turns, 100 nodes at a time, one node every 5 ms: each of ours is dialled once.
func BenchmarkProbe(b *testing.B) {
	const size, turn = 1000, 100
	crowd := make([]kind, size)
	for k := range crowd {
		crowd[k] = kind{simnet.Member{}, "probe_success 1"}
	}
	e, crowd := startCrowd(b, crowd)
	blackbox := startBlackbox(b)
	var ours, theirs float64
	for first := 0; first < size; first += turn {
		before := e.cpu(b)
		for k := first; k < first+turn; k++ {
			e.probe(b, fmt.Sprintf("/probe?target=n%d", k))
		}
		ours += e.cpu(b) - before
		if blackbox == nil {
			continue
		}
		before = blackbox.cpu(b)
		for k := first; k < first+turn; k++ {
			blackbox.probe(b, "/probe?module=tcp_connect&target="+crowd[k].member.Address)
		}
		theirs += blackbox.cpu(b) - before
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(1000*ours/size, "cpu-ms/probe")
	if blackbox == nil {
		b.Log("no blackbox_exporter to compare with")
		return
	}
	b.ReportMetric(1000*theirs/size, "cpu-ms/blackbox")
	b.ReportMetric(ours/theirs, "ratio")
	if ours > maxProbeRatio*theirs {
		b.Errorf("a probe takes %.2f of blackbox_exporter's CPU time, want at most %.2f", ours/theirs, maxProbeRatio)
	}
}

// probe requests a probe that succeeds, and waits until 5 ms have passed.
func (e *exporter) probe(b *testing.B, path string) {
	b.Helper()
	began := time.Now()
	request, err := http.NewRequest(http.MethodGet, strings.TrimSuffix(e.url, "/metrics")+path, nil)
	if err != nil {
		b.Fatal(err)
	}
	request.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", "10")
	if body := string(do(b, e.client, request)); !strings.Contains(body, "\nprobe_success 1\n") {
		b.Fatalf("%s:\n%s", path, body)
	}
	time.Sleep(5*time.Millisecond - time.Since(began))
}

// startBlackbox starts blackbox_exporter; nil: it is not installed.
func startBlackbox(b *testing.B) *exporter {
	b.Helper()
	program := ""
	for _, name := range []string{"../.bin/blackbox_exporter", "blackbox_exporter", "prometheus-blackbox-exporter"} {
		if path, err := exec.LookPath(name); err == nil && program == "" {
			program = path
		}
	}
	if program == "" {
		return nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	config := filepath.Join(b.TempDir(), "blackbox.yml")
	write(b, config, "modules: {tcp_connect: {prober: tcp}}\n")
	log, err := os.Create(filepath.Join(b.TempDir(), "log"))
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	run := exec.CommandContext(b.Context(), program, "--config.file="+config, "--web.listen-address="+address)
	run.Stdout, run.Stderr = log, log
	begin(b, run)
	for range 100 {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	proc, err := procfs.NewProc(run.Process.Pid)
	if err != nil {
		b.Fatal(err)
	}
	e := &exporter{Proc: &proc, url: "http://" + address + "/metrics", client: &http.Client{Transport: &http.Transport{}}}
	b.Cleanup(e.client.CloseIdleConnections)
	return e
}
