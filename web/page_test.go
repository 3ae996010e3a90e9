package web_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"raptoreum_exporter/internal/harness"
	"raptoreum_exporter/internal/simnet"
)

// fresh makes the recorded node look like one of today.
func fresh(e *harness.Exporter) {
	e.Network.AddBlock()
	e.Network.Set(func(s *simnet.State) { s.Started, s.PeersIn, s.PeersOut = time.Now().Add(-72*time.Hour), 6, 8 })
}

// status is what programs read of /status.json.
type status struct {
	Verdict, Summary string
	At               time.Time
	Self             *struct {
		Verdict  string
		Findings []struct{ ID, Verdict, Text string }
	}
	Nodes []struct {
		Name, Verdict, State, Port string
		Penalty                    *float64   `json:"pose_penalty"`
		Seen                       *time.Time `json:"last_seen"`
		Findings                   []struct{ ID string }
	}
	Changes []struct{ ID, Node, Text string }
}

func readStatus(t *testing.T, e *harness.Exporter) (s status) {
	t.Helper()
	code, body := e.Get("/status.json", 10*time.Second)
	if err := json.Unmarshal([]byte(body), &s); err != nil || code != http.StatusOK {
		t.Fatal(code, err, body)
	}
	return s
}

// TestPage: the page has the verdict, the findings, their next steps and runbooks, and nothing that runs.
func TestPage(t *testing.T) {
	t.Parallel()
	e := harness.Start(t, "healthy", nil)
	fresh(e)
	e.Scrape(5 * time.Second)
	e.Network.Set(func(s *simnet.State) { s.Penalty = 66 })
	e.Scrape(5 * time.Second)
	code, page := e.Get("/", 10*time.Second)
	for _, want := range []string{
		`<html lang="en">`, `<meta http-equiv="refresh" content="30">`, "<title>CRITICAL - ", `<span aria-hidden="true">✕</span> CRITICAL</h1>`, "penalty 66 of 100", `href="runbooks/RaptoreumSmartnodeOneStrikeLeft"`,
		"Next step, on this machine", "PoSe penalty: 66, was 0", "raptoreumd</th>", `<a href="metrics">Metrics</a>`, `<a href="status.json">`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q on the page", want)
		}
	}
	if code != http.StatusOK || strings.Contains(page, "<script") || strings.Contains(page, " style=") || strings.Contains(page, "service discovery") {
		t.Errorf("status %d:\n%s", code, page)
	}
	if _, still := e.Get("/?refresh=off", 10*time.Second); strings.Contains(still, "http-equiv") || !strings.Contains(still, "does not refresh") {
		t.Error("it still refreshes")
	}
	for _, link := range regexp.MustCompile(`href="([a-z/.-][^"?]*)"`).FindAllStringSubmatch(page, -1) {
		if code, _ := e.Get("/"+link[1], 10*time.Second); code != http.StatusOK && !strings.HasPrefix(link[1], "data:") {
			t.Errorf("the link to %s is dead: status %d", link[1], code)
		}
	}
	if code, _ := e.Get("/nosuch", time.Second); code != http.StatusNotFound {
		t.Errorf("/nosuch: status %d", code)
	}
}

// TestHeaders: a browser runs no script of the page, and no other site can embed it.
func TestHeaders(t *testing.T) {
	t.Parallel()
	e := harness.Start(t, "healthy", nil)
	response, err := http.Get(e.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
		"Content-Security-Policy": "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; style-src 'sha256-",
	} {
		if got := response.Header.Get(name); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// TestPageSaysWhatCheckSays: /status.json has the findings of check --json, without a path of this machine or an
// error, which /metrics does not show either.
func TestPageSaysWhatCheckSays(t *testing.T) {
	t.Parallel()
	e := harness.Start(t, "healthy", nil, func(s *simnet.State) { s.Daemon = simnet.DaemonUnauthorized })
	s := readStatus(t, e)
	if s.Verdict != "warning" || s.Self == nil || s.Self.Findings[0].ID != "daemon_state" || !strings.HasPrefix(s.Summary, "this machine, raptoreumd: rejects") || s.Nodes == nil {
		t.Errorf("%+v", s)
	}
	for _, path := range []string{"/", "/status.json"} {
		if _, body := e.Get(path, 10*time.Second); strings.Contains(body, e.Conf) || strings.Contains(body, "/tmp") {
			t.Errorf("%s shows a path of this machine:\n%s", path, body)
		}
	}
}

// TestOneGathering: scrapes and any number of views share gatherings; views cause at most one every 15 s.
func TestOneGathering(t *testing.T) {
	t.Parallel()
	e := harness.Start(t, "healthy", nil)
	before := e.Network.Calls().RoundTrips
	var views sync.WaitGroup
	for i := range 200 {
		views.Go(func() {
			if code, _ := e.Get([]string{"/", "/status.json", "/?refresh=off"}[i%3], 10*time.Second); code != http.StatusOK {
				t.Errorf("status %d", code)
			}
		})
	}
	views.Wait()
	time.Sleep(300 * time.Millisecond) // the list is read after the gathering
	first := e.Network.Calls().RoundTrips - before
	for range 100 {
		e.Get("/", 10*time.Second)
	}
	if later := e.Network.Calls().RoundTrips - before; first > 7 || later != first {
		t.Errorf("%d round trips for the first 200 views, %d after 100 more; a scrape needs 4, the list 1, the last payment 2", first, later)
	}
	e.Scrape(5 * time.Second)
	scraped := e.Network.Calls().RoundTrips
	e.Get("/", 10*time.Second)
	if more := e.Network.Calls().RoundTrips - scraped; more > 0 {
		t.Errorf("a view after a scrape caused %d round trips", more)
	}
}

// TestHungDaemon: the first view waits as a scrape does, and later ones show what is known.
func TestHungDaemon(t *testing.T) {
	t.Parallel()
	e := harness.Start(t, "healthy", nil)
	e.Scrape(2 * time.Second)
	e.Network.Set(func(s *simnet.State) { s.Daemon = simnet.DaemonHung })
	e.Scrape(2 * time.Second)
	began := time.Now()
	if _, page := e.Get("/", 10*time.Second); !strings.Contains(page, "does not answer") && !strings.Contains(page, "slow") || !strings.Contains(page, ", was ready") {
		t.Error(page)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("the view took %s", took)
	}
}

// TestFleetPage: the worst node first, and no node is dialled for it.
func TestFleetPage(t *testing.T) {
	t.Parallel()
	crowd := []simnet.Member{
		{Address: harness.Loopback(t, 40)},
		{Address: harness.Loopback(t, 41), Port: simnet.PortClosed},
		{Address: harness.Loopback(t, 42)},
		{Address: harness.Loopback(t, 43), Penalty: 100, Banned: true},
	}
	e := harness.StartFleet(t, crowd, nil)
	fresh(e.Exporter)
	e.Probe("node-0")
	e.Probe("node-1")
	e.Probe("node-3")
	s := readStatus(t, e.Exporter)
	var order []string
	for _, n := range s.Nodes {
		order = append(order, fmt.Sprint(n.Name, " ", n.Verdict, " ", n.State, " ", n.Port))
	}
	if got, want := strings.Join(order, "; "), "node-1 critical enabled unreachable; node-3 critical pose_banned reachable; node-2 unknown enabled unknown; node-0 ok enabled reachable"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if n := s.Nodes[1]; n.Penalty == nil || *n.Penalty != 100 || n.Findings[0].ID != "pose" || n.Seen == nil || s.Verdict != "critical" || s.Nodes[2].Seen != nil {
		t.Errorf("%+v", s)
	}
	_, page := e.Get("/")
	for _, want := range []string{`<a href="node/node-1">node-1</a>`, `class="critical"`, "unreachable (connect)", "pose banned", "Fleet of 4: 2 critical, 1 unknown, 1 ok."} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in %s", want, page)
		}
	}
	if dials := e.Network.Dials(crowd[2].Address); dials > 0 {
		t.Errorf("the pages dialled a node %d times", dials)
	}
}

// TestNodePage: /node/NAME probes one node of the fleet, at most once a minute, and nothing else.
func TestNodePage(t *testing.T) {
	t.Parallel()
	crowd := []simnet.Member{{Address: harness.Loopback(t, 50)}, {Address: harness.Loopback(t, 51), Port: simnet.PortClosed}}
	e := harness.StartFleet(t, crowd, nil)
	for range 3 {
		if code, page := e.Get("/node/NODE-0"); code != http.StatusOK || !strings.Contains(page, "<title>OK node-0 - ") || !strings.Contains(page, "handshake succeeded") {
			t.Errorf("status %d: %s", code, page)
		}
	}
	if dials := e.Network.Dials(crowd[0].Address); dials != 1 {
		t.Errorf("dialled %d times", dials)
	}
	_, page := e.Get("/node/node-1")
	for _, want := range []string{"Next step, on node-1:", `href="../runbooks/RaptoreumPortUnreachable"`, `href="../probe?target=node-1&amp;debug=true"`, `<a href="../">All nodes</a>`, `content="60"`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in %s", want, page)
		}
	}
	if _, text := e.Get("/probe?target=node-1&debug=true"); !strings.Contains(text, "result     connect: ") || !strings.Contains(text, "\nprobe_success 0\n") {
		t.Error(text)
	}
	for _, name := range []string{"nosuch", "127.0.0.1:22", "%3Cscript%3E", "..%2Fmetrics"} {
		if code, body := e.Get("/node/" + name); code != http.StatusNotFound || strings.Contains(body, "<script") && !strings.Contains(body, "\"<script") {
			t.Errorf("%s: status %d: %s", name, code, body)
		}
	}
}

// TestForeignTextOnPages: what a peer sends is escaped.
func TestForeignTextOnPages(t *testing.T) {
	t.Parallel()
	e := harness.Start(t, "healthy", nil, func(s *simnet.State) {
		s.Daemon, s.Port = simnet.DaemonGarbageText, simnet.PortGarbage
	})
	e.Until("raptoreum_port_reachable", 5*time.Second)
	_, page := e.Get("/", 10*time.Second)
	if len(page) > 100_000 || strings.Contains(page, "<script") || strings.Count(page, "<h1>") != 1 {
		t.Errorf("%d bytes:\n%.20000s", len(page), page)
	}
}

// TestRunbookPage: browsers get a page, and everything else the Markdown.
func TestRunbookPage(t *testing.T) {
	t.Parallel()
	e := harness.Start(t, "healthy", nil)
	get := func(path, accept string) (*http.Response, string) {
		request, err := http.NewRequest(http.MethodGet, e.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Accept", accept)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response, string(text)
	}
	const browser = "text/html,application/xhtml+xml,*/*;q=0.8"
	_, page := get("/runbooks/RaptoreumPortUnreachable", browser)
	for _, want := range []string{
		`<h1 id="raptoreumportunreachable">RaptoreumPortUnreachable</h1>`, `<h2 id="meaning">Meaning</h2>`, "<pre><code>curl -s 127.0.0.1:10227/metrics | grep -E '^", "<code>vantage</code>", "<ul>\n<li>Phase",
		`<a href="RaptoreumDaemonHung">RaptoreumDaemonHung</a>`, `<a href="../metrics">`, `name="viewport"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in %s", want, page)
		}
	}
	index, all := get("/runbooks/", browser)
	if !strings.Contains(all, "<tr>\n<th>alert</th>\n<th>severity</th>") || !strings.HasPrefix(index.Header.Get("Content-Type"), "text/html") {
		t.Errorf("%s", all)
	}
	for _, found := range regexp.MustCompile(`href="README#([^"]*)"`).FindAllStringSubmatch(all+page, -1) {
		if !strings.Contains(all, `id="`+found[1]+`"`) {
			t.Errorf("no heading %s", found[1])
		}
	}
	for _, link := range regexp.MustCompile(`href="(Raptoreum[^"]*)"`).FindAllStringSubmatch(all, -1) {
		response, page := get("/runbooks/"+link[1], browser)
		if response.StatusCode != http.StatusOK || strings.Count(page, "<h2 ") != 4 || strings.Count(page, "<pre>") != strings.Count(page, "</pre>") || strings.Contains(page, "`") || strings.Contains(page, ".md") || strings.Contains(page, "raw HTML") {
			t.Errorf("%s: status %d: %s", link[1], response.StatusCode, page)
		}
	}
	plain, text := get("/runbooks/RaptoreumPortUnreachable", "*/*")
	if plain.Header.Get("Content-Type") != "text/plain; charset=utf-8" || !strings.HasPrefix(text, "# RaptoreumPortUnreachable\n") {
		t.Errorf("%q: %s", plain.Header, text)
	}
	if missing, _ := get("/runbooks/RaptoreumNope", browser); missing.StatusCode != http.StatusNotFound {
		t.Errorf("status %d", missing.StatusCode)
	}
}
