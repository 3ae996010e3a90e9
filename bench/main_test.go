package bench

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/procfs"
	"go.uber.org/goleak"
)

const (
	user, password = "bench", "a password of the benchmark"
	recorded       = "../testdata/scenarios/paid-10-smartnodes" // from 10 smartnodes on, quorum dkgstatus is called
	mebibyte       = 1 << 20
)

// binary is the exporter as `make build` builds it; empty unless -bench is set.
var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	if flag.Lookup("test.bench").Value.String() == "" {
		os.Exit(m.Run())
	}
	dir, err := os.MkdirTemp("", "bench")
	if err == nil {
		binary = filepath.Join(dir, "raptoreum_exporter")
		build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, "..")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		build.Stderr = os.Stderr
		err = build.Run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "building the exporter:", err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		os.RemoveAll(dir)
		os.Exit(code)
	}))
}

// exporter is a running exporter beside a process named raptoreumd.
type exporter struct {
	*procfs.Proc
	url    string
	client *http.Client
}

// start runs the exporter with a raptoreum.conf for the daemon at url until b ends.
func start(b *testing.B, url string, args ...string) *exporter {
	b.Helper()
	return startProgram(b, binary, url, args...)
}

func startProgram(b *testing.B, program, url string, args ...string) *exporter {
	b.Helper()
	dir := b.TempDir()
	raptoreumd := exec.CommandContext(b.Context(), "sleep", "3600")
	raptoreumd.Args[0] = "raptoreumd"
	begin(b, raptoreumd)
	conf := filepath.Join(dir, "raptoreum.conf")
	write(b, conf, fmt.Sprintf("regtest=1\nrpcuser=%s\nrpcpassword=%s\n", user, password))
	write(b, filepath.Join(dir, "regtest", "raptoreumd.pid"), strconv.Itoa(raptoreumd.Process.Pid))

	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	run := exec.CommandContext(b.Context(), program, append(args,
		"--daemon.conf="+conf, "--daemon.url="+url, "--web.listen-address=127.0.0.1:0")...)
	run.Stderr = log
	begin(b, run)
	proc, err := procfs.NewProc(run.Process.Pid)
	if err != nil {
		b.Fatal(err)
	}
	e := &exporter{Proc: &proc, url: "http://" + listening(b, log.Name()) + "/metrics", client: &http.Client{Transport: &http.Transport{}}}
	b.Cleanup(e.client.CloseIdleConnections)
	return e
}

func begin(b *testing.B, c *exec.Cmd) {
	b.Helper()
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Wait() }) // killed when b.Context ended
}

func write(b *testing.B, name, content string) {
	b.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		b.Fatal(err)
	}
}

// listening waits for the listen address in the exporter's log.
func listening(b *testing.B, log string) string {
	b.Helper()
	address := regexp.MustCompile(`Listening on.*address=(127\.0\.0\.1:\d+)`)
	for range 500 {
		text, _ := os.ReadFile(log)
		if found := address.FindSubmatch(text); found != nil {
			return string(found[1])
		}
		time.Sleep(20 * time.Millisecond)
	}
	text, _ := os.ReadFile(log)
	b.Fatalf("the exporter is not listening after 10 s; its log:\n%s", text)
	return ""
}

// scrape sends a request as Prometheus does and returns the time until the whole body was read, and the body.
func (e *exporter) scrape(b *testing.B, encoding string) (time.Duration, []byte) {
	b.Helper()
	request, err := http.NewRequest(http.MethodGet, e.url, nil)
	if err != nil {
		b.Fatal(err)
	}
	request.Header.Set("Accept", "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1")
	request.Header.Set("Accept-Encoding", encoding)
	request.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", "10")
	began := time.Now()
	body := do(b, e.client, request)
	return time.Since(began), body
}

// do sends a request and returns the body of the response.
func do(b *testing.B, client *http.Client, request *http.Request) []byte {
	b.Helper()
	response, err := client.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		b.Fatalf("status %d, %v", response.StatusCode, err)
	}
	return body
}

// values scrapes and returns the values by series.
func (e *exporter) values(b *testing.B) map[string]float64 {
	b.Helper()
	_, body := e.scrape(b, "identity")
	all := map[string]float64{}
	for lines := bufio.NewScanner(bytes.NewReader(body)); lines.Scan(); {
		line := lines.Text()
		if at := strings.LastIndexByte(line, ' '); at > 0 && line[0] != '#' {
			all[line[:at]], _ = strconv.ParseFloat(line[at+1:], 64)
		}
	}
	return all
}

const listTook = `raptoreum_daemon_rpc_duration_seconds{batch="list"}`

// warm scrapes until the smartnode list has been read again, which is when its duration differs from
// before, and returns the values of that scrape.
func (e *exporter) warm(b *testing.B, before float64) map[string]float64 {
	b.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		v := e.values(b)
		if took := v[listTook]; took == 0 || took == before {
			continue
		}
		for series, value := range v {
			if strings.HasPrefix(series, "raptoreum_scrape_collector_success") && value != 1 || v["raptoreum_up"] != 1 {
				b.Fatalf("unhealthy scrape: up %v, %s %v", v["raptoreum_up"], series, value)
			}
		}
		return v
	}
	b.Fatal("the smartnode list was not read within a minute")
	return nil
}

// memory returns the resident memory and its peak, in MiB.
func (e *exporter) memory(b *testing.B) (now, peak float64) {
	b.Helper()
	s, err := e.NewStatus()
	if err != nil {
		b.Fatal(err)
	}
	return float64(s.VmRSS) / mebibyte, float64(s.VmHWM) / mebibyte
}

// cpu returns the CPU seconds used so far, in steps of a clock tick (10 ms).
func (e *exporter) cpu(b *testing.B) float64 {
	b.Helper()
	s, err := e.Stat()
	if err != nil {
		b.Fatal(err)
	}
	return s.CPUTime()
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
