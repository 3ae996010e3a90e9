package simnet

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"
)

const (
	oneCall     = `{"id":1,"method":"getblockcount"}`
	lockFree    = `[{"id":1,"method":"uptime"},{"id":2,"method":"smartnode","params":["count"]}]`
	mixedBatch  = `[{"id":1,"method":"uptime"},{"id":2,"method":"getblockcount"}]`
	dkgCall     = `{"id":1,"method":"quorum","params":["dkgstatus"]}`
	wantHang    = 100 * time.Millisecond
	wantAnswer  = 5 * time.Second
	notAnswered = -1
)

func TestDaemonModes(t *testing.T) {
	tests := []struct {
		mode    DaemonMode
		request string
		status  int // notAnswered: time-out
		body    string
	}{
		{DaemonOK, oneCall, 200, `{"result":529,"error":null,"id":1}` + "\n"},
		{DaemonWarmingUp, `{"id":1,"method":"uptime"}`, 500, `{"result":null,"error":{"code":-28,"message":"RPC server started"},"id":1}` + "\n"},
		{DaemonHung, `{"id":1,"method":"uptime"}`, notAnswered, ""},
		{DaemonHungMainLock, lockFree, 200, "*"},
		{DaemonHungMainLock, oneCall, notAnswered, ""},
		{DaemonHungMainLock, mixedBatch, notAnswered, ""},
		{DaemonHungMainLock, dkgCall, notAnswered, ""},
		{DaemonBusy, oneCall, 500, "Work queue depth exceeded"},
		{DaemonUnauthorized, oneCall, 401, ""},
		{DaemonForbidden, oneCall, 403, ""},
		{DaemonStopping, oneCall, 503, page503},
		{DaemonNotJSON, oneCall, 200, "<html><body><h1>It works!</h1></body></html>\n"},
		{DaemonOtherShape, oneCall, 200, `{"result":{"value":529},"error":null,"id":1}` + "\n"},
		{
			DaemonOtherShape, `[{"method":"getblockhash","params":[1]},{"method":"getpeerinfo"}]`, 200,
			`[{"result":true,"error":null,"id":null},{"result":"a list","error":null,"id":null}]` + "\n",
		},
	}
	for _, test := range tests {
		t.Run(string(test.mode), func(t *testing.T) {
			n := start(t, "healthy")
			n.Set(func(s *State) { s.Daemon = test.mode })
			timeout := wantAnswer
			if test.status == notAnswered {
				timeout = wantHang
			}
			got := post(t, n, test.request, timeout)
			if test.status == notAnswered {
				if !os.IsTimeout(got.err) {
					t.Fatalf("answered: %+v", got)
				}
				return
			}
			if got.err != nil || got.status != test.status || test.body != "*" && got.body != test.body {
				t.Errorf("HTTP %d %q, %v; want %d %q", got.status, got.body, got.err, test.status, test.body)
			}
		})
	}
}

func TestRefusedAndBackOnTheSamePort(t *testing.T) {
	n := start(t, "healthy")
	n.Set(func(s *State) { s.Daemon = DaemonRefused })
	if got := post(t, n, oneCall, time.Second); !errors.Is(got.err, syscall.ECONNREFUSED) {
		t.Fatalf("got %+v; want connection refused", got)
	}
	n.Set(func(s *State) { s.Daemon = DaemonOK })
	if got := post(t, n, oneCall, wantAnswer); got.status != 200 {
		t.Fatalf("after: %+v", got)
	}
}

func TestTruncated(t *testing.T) {
	n := start(t, "healthy")
	batch := strings.ReplaceAll(mixedBatch, "uptime", "getblockcount") // the same answer a second later
	whole := post(t, n, batch, wantAnswer).body
	n.Set(func(s *State) { s.Daemon = DaemonTruncated })
	got := post(t, n, batch, wantAnswer)
	if !errors.Is(got.err, io.ErrUnexpectedEOF) || got.body == "" || !strings.HasPrefix(whole, got.body[:len(got.body)-1]) {
		t.Errorf("got %q, %v; want the first half of %q and an unexpected end", got.body, got.err, whole)
	}
}

func TestHuge(t *testing.T) {
	n := start(t, "healthy")
	n.Set(func(s *State) { s.Daemon = DaemonHuge; s.Explorers[0].Mode = ExplorerHuge })
	for _, url := range []string{n.RPCURL(), n.ExplorerURLs()[0] + "/api/getblockcount"} {
		request, err := http.NewRequest(http.MethodPost, url, strings.NewReader(oneCall))
		if err != nil {
			t.Fatal(err)
		}
		request.SetBasicAuth("u", "p")
		response, err := client(t, 20*time.Second).Do(request)
		if err != nil {
			t.Fatal(err)
		}
		size, err := io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if err != nil || size < hugeReply {
			t.Errorf("%s: %d bytes, %v; want %d", url, size, err, hugeReply)
		}
	}
}

func TestGarbageText(t *testing.T) {
	n := start(t, "healthy")
	n.Set(func(s *State) { s.Daemon = DaemonGarbageText })
	for _, request := range []string{
		`{"id":1,"method":"getnetworkinfo"}`, `{"id":1,"method":"protx","params":["info","x"]}`,
	} {
		got := post(t, n, request, wantAnswer)
		if len(got.body) < 900_000 || utf8.ValidString(got.body) {
			t.Errorf("%s: %d bytes, valid UTF-8 %v", request, len(got.body), utf8.ValidString(got.body))
		}
		if !json.Valid([]byte(got.body)) {
			t.Errorf("%s: not even JSON: %.300q", request, got.body)
		}
	}
	if height := field(t, ask(t, n, "getblockchaininfo", "[]"), "blocks"); height != "529" {
		t.Errorf("blocks %s", height)
	}
}

func TestWarmupCyclesOncePerRequest(t *testing.T) {
	n := start(t, "healthy")
	n.Set(func(s *State) { s.Daemon = DaemonWarmingUp })
	for _, message := range append(warmupMessages(), warmupMessages()[0]) {
		got := post(t, n, mixedBatch, wantAnswer)
		if got.status != 200 || strings.Count(got.body, message) != 2 {
			t.Errorf("HTTP %d %s; want 200 and twice %q", got.status, got.body, message)
		}
	}
}

func TestCredentials(t *testing.T) {
	dir := t.TempDir()
	n, err := Start(Config{Scenario: load(t, "healthy"), CookieDir: dir, AuthDelay: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	cookie := func() string {
		data, err := os.ReadFile(dir + "/.cookie")
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(dir + "/.cookie")
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
		user, secret, _ := strings.Cut(string(data), ":")
		if user != "__cookie__" || len(secret) != 64 {
			t.Errorf("cookie %q", data)
		}
		return secret
	}
	status := func(user, password string) int {
		return send(t, n, http.MethodPost, "/", user, password, oneCall, wantAnswer).status
	}
	first := cookie()
	begin := time.Now()
	if got := status("__cookie__", "wrong"); got != 401 || time.Since(begin) < 50*time.Millisecond {
		t.Errorf("wrong: HTTP %d after %v", got, time.Since(begin))
	}
	if got := status("__cookie__", first); got != 200 {
		t.Errorf("right: HTTP %d", got)
	}
	if err := n.Restart(); err != nil {
		t.Fatal(err)
	}
	if old, now := status("__cookie__", first), status("__cookie__", cookie()); old != 401 || now != 200 {
		t.Errorf("after a restart: the old cookie HTTP %d, the new one %d", old, now)
	}
	n.Close()
	if _, err := os.Stat(dir + "/.cookie"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the cookie is left behind: %v", err)
	}
}

func TestDelayIsPerCall(t *testing.T) {
	n := start(t, "healthy")
	n.Set(func(s *State) { s.RPCDelay = Duration(30 * time.Millisecond) })
	begin := time.Now()
	post(t, n, lockFree, wantAnswer)
	if took := time.Since(begin); took < 60*time.Millisecond || took > 2*time.Second {
		t.Errorf("a batch of 2 took %v", took)
	}
}

func TestHangingDKGStatus(t *testing.T) {
	n := start(t, "healthy")
	n.Set(func(s *State) { s.HangDKGStatus = true })
	if got := post(t, n, dkgCall, wantHang); !os.IsTimeout(got.err) {
		t.Fatalf("answered: %+v", got)
	}
	// The call still holds its worker, as in the captured daemon.
	active := ask(t, n, "getrpcinfo", "[]").(object)["active_commands"].([]any)
	if len(active) != 2 || field(t, active[0], "method") != "quorum" {
		t.Errorf("active commands %v", active)
	}
	if calls := n.Calls(); calls.Outstanding != 1 || calls.MaxMainLock != 0 {
		t.Errorf("calls %+v", calls)
	}
	if err := n.Restart(); err != nil {
		t.Fatal(err)
	}
	if calls := n.Calls(); calls.Outstanding != 0 {
		t.Errorf("after a restart: calls %+v", calls)
	}
}

// A stopped process that continues answers the requests that arrived while it was stopped.
func TestHungThenContinuing(t *testing.T) {
	n := start(t, "healthy")
	n.Set(func(s *State) { s.Daemon = DaemonHung })
	answers := make(chan answer, 1)
	go func() { answers <- post(t, n, oneCall, wantAnswer) }()
	for n.Calls().Outstanding == 0 {
		time.Sleep(time.Millisecond)
	}
	n.Set(func(s *State) { s.Daemon = DaemonOK })
	if got := <-answers; got.status != 200 {
		t.Errorf("got %+v", got)
	}
}

func TestCallsAreCounted(t *testing.T) {
	n := start(t, "healthy")
	post(t, n, lockFree, wantAnswer)
	ask(t, n, "smartnode", `["payments"]`)
	n.Set(func(s *State) { s.Daemon = DaemonHungMainLock })
	post(t, n, oneCall, wantHang)
	post(t, n, oneCall, wantHang)
	got := n.Calls()
	if got.RoundTrips != 4 || got.Methods["smartnode count"] != 1 || got.Methods["getblockcount"] != 2 ||
		got.MainLock != 2 || got.MaxMainLock != 2 || got.Outstanding != 2 {
		t.Errorf("calls %+v", got)
	}
	if len(got.Forbidden) != 1 || got.Forbidden[0] != "smartnode payments" {
		t.Errorf("forbidden %q", got.Forbidden)
	}
}

// firstByte is a response that calls do when the first byte of the reply is sent.
type firstByte struct {
	http.ResponseWriter
	do func()
}

func (f firstByte) WriteHeader(status int) {
	f.do()
	f.ResponseWriter.WriteHeader(status)
}

func (f firstByte) Write(data []byte) (int, error) {
	f.do()
	return len(data), nil
}

// A client may send its next call as soon as it has the reply: the replied one must not be in its active_commands.
func TestFinishedBeforeReply(t *testing.T) {
	n := start(t, "healthy")
	for _, mode := range DaemonModes() {
		if mode == DaemonHung || mode == DaemonRefused { // no reply
			continue
		}
		n.Set(func(s *State) { s.Daemon = mode })
		for _, password := range []string{"p", "wrong"} {
			request := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(lockFree))
			request.SetBasicAuth("u", password)
			replied := false
			reply := firstByte{httptest.NewRecorder(), func() {
				replied = true
				if active := n.counter.others(nil, time.Now()); len(active) > 0 {
					t.Errorf("%s, password %s: active commands %v", mode, password, active)
				}
			}}
			func() {
				defer func() { _ = recover() }() // a truncated reply ends with http.ErrAbortHandler
				n.serveRPC(t.Context(), reply, request)
			}()
			if !replied {
				t.Errorf("%s, password %s: no reply", mode, password)
			}
		}
	}
}
