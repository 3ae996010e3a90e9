package explorer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"raptoreum_exporter/internal/poll"
)

func TestRedirects(t *testing.T) {
	other := newServer(t, says(200, "666"))
	var target atomic.Value
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/moved/") {
			io.WriteString(w, "100")
			return
		}
		http.Redirect(w, r, target.Load().(string), http.StatusFound)
	})

	target.Store("/moved/api/getblockcount")
	if got := newClient(t, nil, s.URL).Heights(t.Context(), poll.Wait)[0]; got.Err != nil || got.Value != 100 {
		t.Errorf("same host: %+v", got)
	}
	for _, to := range []string{
		other.URL + "/api/getblockcount",
		strings.Replace(s.URL, "127.0.0.1", "localhost", 1) + "/moved/",
		"file:///etc/passwd",
		"//" + other.host() + "/",
	} {
		target.Store(to)
		got := newClient(t, nil, s.URL).Heights(t.Context(), poll.Wait)[0]
		wantError(t, got.Err, s.host(), "which is not followed")
	}
	if other.hits.Load() != 0 {
		t.Errorf("followed to another host %d times", other.hits.Load())
	}
}

func TestCheckRedirect(t *testing.T) {
	tests := []struct {
		from, to string
		ok       bool
	}{
		{"http://a.example/", "https://a.example/", true},
		{"http://a.example/", "https://A.Example/x", true},
		{"http://a.example:8080/", "https://a.example/", true},
		{"https://a.example/", "http://a.example/", false},
		{"https://a.example/", "https://b.example/", false},
		{"https://a.example/", "https://a.example.evil/", false},
		{"https://a.example/", "https://a.example:22/", false},
	}
	for _, tt := range tests {
		f := newFetcher("a.example", nil, time.Now, "")
		from, _ := http.NewRequest(http.MethodGet, tt.from, nil)
		to, _ := http.NewRequest(http.MethodGet, tt.to, nil)
		if err := f.checkRedirect(to, []*http.Request{from}); (err == nil) != tt.ok {
			t.Errorf("%s -> %s: %v, want ok %v", tt.from, tt.to, err, tt.ok)
		}
	}
}

func TestSlowDrip(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			io.WriteString(w, "1")
			w.(http.Flusher).Flush()
			time.Sleep(10 * time.Millisecond)
		}
	})
	client := newClient(t, nil, s.URL)
	client.endpoints[0].fetch.timeout = 200 * time.Millisecond
	start := time.Now()
	got := client.Heights(t.Context(), poll.Wait)[0]
	wantError(t, got.Err, s.host(), "no complete answer within 200ms")
	if took := time.Since(start); took > 3*time.Second || !errors.Is(got.Err, context.DeadlineExceeded) {
		t.Errorf("took %s: %v", took, got.Err)
	}
}

func TestEndlessBody(t *testing.T) {
	var sent atomic.Int64
	s := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		chunk := []byte(strings.Repeat("7", 64<<10))
		for sent.Load() < 100<<20 {
			n, err := w.Write(chunk)
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	})
	got := newClient(t, nil, s.URL).Heights(t.Context(), poll.Wait)[0]
	wantError(t, got.Err, s.host(), "answer of more than 1048576 bytes")
	s.Close()                 // waits for the handler
	if sent.Load() > 20<<20 { // the limit and what the kernel holds
		t.Errorf("%d bytes were sent", sent.Load())
	}
}

func TestTransportErrors(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := listener.Addr().String()
	listener.Close()
	got := newClient(t, nil, "http://"+closed).Heights(t.Context(), poll.Wait)[0]
	wantError(t, got.Err, closed, "connection refused")
	if !errors.Is(got.Err, syscall.ECONNREFUSED) {
		t.Errorf("error chain is cut: %v", got.Err)
	}

	const host = "does-not-exist.invalid"
	client, err := New(t.Context(), Config{URLs: []string{"https://" + host}, HTTP: roundTripper(func(*http.Request) (*http.Response, error) {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	})})
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, client.Heights(t.Context(), poll.Wait)[0].Err, host, "no such host")
}

func TestBudget(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/getblockcount":
			io.WriteString(w, "100")
		case "/api/getblock":
			fmt.Fprintf(w, `{"time":%d}`, time.Now().Unix())
		default:
			io.WriteString(w, smartnodeBody)
		}
	})
	clock := &clock{}
	client := newClient(t, clock.Now, s.URL)
	for i := range 50 { // a fleet; the height and the time of that block are the first requests
		got, ok := client.Smartnode(t.Context(), fmt.Sprintf("%064x", i), poll.Wait)
		if errors.Is(got.Err, errSpent) || ok != (i < smartnodeShare-2) {
			t.Fatalf("smartnode %d: %v, %v", i, ok, got.Err)
		}
	}
	if s.hits.Load() != smartnodeShare {
		t.Errorf("%d requests, want %d", s.hits.Load(), smartnodeShare)
	}
	client.BlockHash(t.Context(), s.host(), 7, poll.Wait)
	if s.hits.Load() != smartnodeShare+1 {
		t.Error("smartnodes starve the block")
	}

	b := &budget{now: clock.Now}
	var got []int
	for range 3 {
		sent := 0
		for b.take(hostLimit) {
			sent++
			clock.add(time.Second)
		}
		got = append(got, sent)
		clock.add(time.Minute - hostLimit*time.Second)
	}
	if diff := cmp.Diff([]int{20, 20, 20}, got); diff != "" {
		t.Error(diff)
	}
}

func TestStopped(t *testing.T) {
	s := newServer(t, says(200, "100"))
	ctx, cancel := context.WithCancel(t.Context())
	client, err := New(ctx, Config{URLs: []string{s.URL}})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if got := client.Heights(t.Context(), poll.Wait)[0]; got.OK || s.hits.Load() != 0 {
		t.Errorf("a request after the end: %+v", got)
	}
}

func TestURLs(t *testing.T) {
	tests := []struct {
		urls []string
		want string // of the error
	}{
		{DefaultURLs("main"), ""},
		{DefaultURLs("test"), ""},
		{DefaultURLs("regtest"), ""},
		{[]string{"http://localhost:3002/sub/%40x/", "http://localhost:3003", "http://[::1]"}, ""},
		{[]string{"explorer.raptoreum.com"}, `"explorer.raptoreum.com": start it with https:// or http://`},
		{[]string{"ftp://a.example"}, `"ftp://a.example": start it with`},
		{[]string{"https:///api"}, "it has no host name"},
		{[]string{"https://:80"}, "it has no host name"},
		{[]string{"https://a.example/api"}, `"https://a.example/api": give the base URL, without /api`},
		{[]string{"https://a.example/api/getblockcount"}, `"https://a.example/api/getblockcount": give the base URL, without /api`},
		{[]string{"https://a.example/x/api//protx/"}, "without /api"},
		{[]string{"https://a.example/api/"}, `"https://a.example/api/": give the base URL, without /api`},
		{[]string{"https://a.example/x/API"}, "without /api"},
		{[]string{"https://a.example/apis/"}, ""},
		{[]string{"https://api.example/"}, ""},
		{[]string{""}, `""`},
		{[]string{"https://a.example/?x=1"}, "leave out what follows ?"},
		{[]string{"https://a.example/#x"}, "leave out what follows ?"},
		{[]string{"https://\u00e4.example"}, "ASCII"},
		{[]string{"https://%ff.example"}, "ASCII"},
		{[]string{"https://a.example:x"}, "invalid port"},
		{[]string{"https://a.example", "http://A.example:/b"}, `"http://a.example/b": a.example is given twice`},
	}
	for _, tt := range tests {
		_, err := New(t.Context(), Config{URLs: tt.urls})
		if tt.want == "" && err == nil {
			continue
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) || tt.want == "" || strings.Contains(err.Error(), "--") {
			t.Errorf("%q: error %v, want %q", tt.urls, err, tt.want)
		}
	}
	if diff := cmp.Diff([]int{3, 1, 0}, []int{len(DefaultURLs("main")), len(DefaultURLs("test")), len(DefaultURLs("devnet-x"))}); diff != "" {
		t.Error(diff)
	}
}

// TestURLsWithPassword: the error must not show it.
func TestURLsWithPassword(t *testing.T) {
	for _, raw := range []string{
		"https://rtm:hunter2@h",
		"rtm:hunter2@h:1",
		"rtm:hunter2@h",
		"//rtm:hunter2@h",
		"http:/rtm:hunter2@h",
		"http:rtm:hunter2@h",
		"http://rtm:hunter2%zz@h",
		"http://rtm:hunter2/x@h",
		"http://rtm:hunter2?x@h",
		"http://rtm:hunter2#x@h",
		"http://rtm:hunter2 @h",
		"http://rtm:hunter2\n@h",
		"http://rtm:hunter2@h:x",
		"http://[rtm:hunter2@h",
		"ftp://hunter2@h",
		"https://h/?key=hunter2@",
		"https://h/@hunter2",
	} {
		_, err := New(t.Context(), Config{URLs: []string{"https://h/", raw}})
		if err == nil || err.Error() != `URL not shown because it contains "@": leave out user and password, write any other @ as %40` {
			t.Errorf("%q: error %v", raw, err)
		}
	}
}

// TestBudgetIsFair: with more smartnodes than can be requested in a minute each has its turn, and keeps
// its answer until then.
func TestBudgetIsFair(t *testing.T) {
	s := newServerAt(t, "100", says(200, smartnodeBody))
	clock := &clock{}
	client := newClient(t, clock.Now, s.URL)
	const nodes, minutes = 40, 5
	answered := map[int]int{} // the minute of its first answer
	for minute := range minutes {
		for i := range nodes { // at the same moment of each minute, as Prometheus does
			r, ok := client.Smartnode(t.Context(), fmt.Sprintf("%064x", i), poll.Wait)
			if _, before := answered[i]; before && (!ok || errors.Is(r.Err, errSpent)) {
				t.Fatalf("minute %d: smartnode %d lost its answer: %v", minute, i, r.Err)
			} else if ok && !before {
				answered[i] = minute
			}
			clock.add(time.Minute / nodes)
		}
	}
	if len(answered) != nodes {
		t.Errorf("%d of %d smartnodes had an answer within %d minutes: %v", len(answered), nodes, minutes, answered)
	}
	if got := s.hits.Load(); got > smartnodeShare*(minutes+1) {
		t.Errorf("%d requests", got)
	}
}
