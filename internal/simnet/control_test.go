package simnet

import (
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

func TestControl(t *testing.T) {
	n := start(t, "healthy")
	post := func(path, contentType, accept, body string) int {
		request, err := http.NewRequest(http.MethodPost, n.ControlURL()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", contentType)
		request.Header.Set("Accept", accept)
		response, err := client(t, 5*time.Second).Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response.StatusCode
	}
	form, browser := "application/x-www-form-urlencoded", "text/html,*/*"
	steps := []struct {
		path, contentType, accept, body string
		status                          int
		want                            func(State) bool
	}{
		{"/state", form, "*/*", `{"daemon":"busy"}`, 200, func(s State) bool { return s.Daemon == DaemonBusy }}, // curl -d
		{"/state", "application/json", "*/*", `{"explorers":[{},{"mode":"down"}],"rpc_delay":"1m30s"}`, 200, func(s State) bool {
			return s.Explorers[0].Mode == ExplorerOK && s.Explorers[1].Mode == ExplorerDown &&
				s.RPCDelay == Duration(90*time.Second) && s.Daemon == DaemonBusy
		}},
		{"/state", form, browser, "state=" + url.QueryEscape(`{"daemon":"ok","penalty":5,"rpc_delay":"0s"}`), 303, func(s State) bool {
			return s.Daemon == DaemonOK && s.Penalty == 5
		}},
		{"/state", form, "*/*", `{"explorers":[{"penalty":7}]}`, 200, func(s State) bool { return *s.Explorers[0].Penalty == 7 }},
		{"/state", form, "*/*", `{"explorers":[{"penalty":null}]}`, 200, func(s State) bool { return s.Explorers[0].Penalty == nil }},
		{"/block", form, "*/*", "", 200, func(s State) bool { return s.Height == 530 }},
		{"/restart", form, browser, "", 303, func(s State) bool { return time.Since(s.Started) < 10*time.Second }},
		{"/state", form, "*/*", `{"deamon":"ok"}`, 400, func(s State) bool { return true }},
		{"/state", form, "*/*", `{"daemon":"gone"}`, 400, func(s State) bool { return s.Daemon == DaemonOK }},
		{"/state", form, "*/*", `{"explorers":[{},{},{}]}`, 400, func(s State) bool { return len(s.Explorers) == 2 }},
		{"/state", form, "*/*", `hung`, 400, func(s State) bool { return true }},
	}
	for _, step := range steps {
		if status := post(step.path, step.contentType, step.accept, step.body); status != step.status || !step.want(n.State()) {
			t.Errorf("%s %s: HTTP %d; want %d; state %+v", step.path, step.body, status, step.status, n.State())
		}
	}
}

func TestControlShowsStateAndCalls(t *testing.T) {
	n := start(t, "healthy")
	n.Set(func(s *State) { s.Daemon = DaemonBusy })
	var s State
	if err := json.Unmarshal([]byte(get(t, n.ControlURL()+"/state").body), &s); err != nil || s.Daemon != DaemonBusy || s.Height != 529 {
		t.Errorf("state %+v, %v", s, err)
	}
	var c Calls
	if err := json.Unmarshal([]byte(get(t, n.ControlURL()+"/calls").body), &c); err != nil || c.Methods == nil {
		t.Errorf("calls %+v, %v", c, err)
	}
	page := get(t, n.ControlURL()+"/")
	for _, want := range []string{
		`value="{&#34;daemon&#34;:&#34;busy&#34;}" class="on">busy<`, n.RPCURL(), "restart the daemon",
		`{&#34;explorers&#34;:[{},{&#34;mode&#34;:&#34;down&#34;}]}`,
	} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// Close ends what hangs; goleak sees what it forgot.
func TestCloseWhileRequestsHang(t *testing.T) {
	n, err := Start(Config{Scenario: load(t, "healthy"), Captures: os.DirFS(testdata + "captures"), User: "u", Password: "p"})
	if err != nil {
		t.Fatal(err)
	}
	n.Set(func(s *State) {
		s.Daemon, s.Port = DaemonHung, PortSilent
		s.Explorers[0].Mode, s.Explorers[1].Mode = ExplorerSlowDrip, ExplorerHuge
		s.AdvanceEvery = Duration(time.Hour)
	})
	answers := make(chan answer, 6)
	for range 4 {
		go func() { answers <- post(t, n, oneCall, 30*time.Second) }()
	}
	go func() { answers <- get(t, n.ExplorerURLs()[0]+"/api/protx?command=info&protxhash="+watched) }()
	silent, err := net.Dial("tcp", n.PeerAddress())
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	go func() {
		_, err := silent.Read(make([]byte, 1))
		answers <- answer{err: err}
	}()
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		if c := n.Calls(); c.Outstanding == 4 && c.PeerDials == 1 && c.Explorers[0]["/api/protx"] == 1 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("calls %+v", n.Calls())
		}
	}
	begin := time.Now()
	n.Close()
	n.Close()
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("Close took %v", took)
	}
	for range 6 {
		if got := <-answers; got.err == nil {
			t.Errorf("answered: %+v", got)
		}
	}
	if calls := n.Calls(); calls.Outstanding != 0 {
		t.Errorf("calls %+v", calls)
	}
}

func TestLoadExplains(t *testing.T) {
	if _, err := Load(os.DirFS(t.TempDir())); err == nil || !strings.Contains(err.Error(), "getblockcount.json") {
		t.Errorf("empty folder: %v", err)
	}
	if _, err := Start(Config{Scenario: load(t, "healthy")}); err == nil || !strings.Contains(err.Error(), "password") {
		t.Errorf("no credentials: %v", err)
	}
}
