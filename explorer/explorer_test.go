package explorer

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"raptoreum_exporter/internal/poll"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	hashA = "d5309c7cb07da0f4eed3b0d6efcabc180314028577b65c506c072d486b37856a"
	hashB = "b79e5df07278b9567ada8fc655ffbfa9d3f586dc38da3dd93053686f41caeea0"
)

// server is an explorer on loopback that counts its requests.
type server struct {
	*httptest.Server
	hits   atomic.Int32
	blocks atomic.Int32 // requests for a block
}

func newServer(t *testing.T, handler http.HandlerFunc) *server {
	t.Helper()
	s := &server{}
	s.start(t, func(w http.ResponseWriter, r *http.Request) {
		s.hits.Add(1)
		handler(w, r)
	})
	return s
}

// newServerAt is newServer with an answer to api/getblockcount and for the time of that block, which are not counted.
func newServerAt(t *testing.T, height string, handler http.HandlerFunc) *server {
	t.Helper()
	s := &server{}
	s.start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/getblockcount" {
			io.WriteString(w, height)
			return
		}
		if r.URL.Path == "/api/getblock" {
			fmt.Fprintf(w, `{"time":%d}`, time.Now().Unix())
			return
		}
		s.hits.Add(1)
		handler(w, r)
	})
	return s
}

func (s *server) start(t *testing.T, handler http.HandlerFunc) {
	s.Server = httptest.NewServer(handler)
	t.Cleanup(s.Close)
}

func (s *server) host() string { return strings.TrimPrefix(s.URL, "http://") }

func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// clock is a time that the test sets.
type clock struct{ offset atomic.Int64 }

func (c *clock) Now() time.Time {
	return time.Unix(1700000000, 0).Add(time.Duration(c.offset.Load()))
}
func (c *clock) add(d time.Duration) { c.offset.Add(int64(d)) }

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func newClient(t *testing.T, now func() time.Time, urls ...string) *Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client, err := New(t.Context(), Config{URLs: urls, HTTP: transport, Now: now, UserAgent: "test/1"})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// wantError checks that err is one short line that starts with the host.
func wantError(t *testing.T, err error, host, want string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %q", want)
	}
	got := err.Error()
	if !strings.HasPrefix(got, host+": ") || !strings.Contains(got, want) || len(got) > len(host)+260 || strings.ContainsAny(got, "\n\r") {
		t.Errorf("error %q, want host %s and %q in one short line", got, host, want)
	}
}

func TestHeightsAnswers(t *testing.T) {
	tests := []struct {
		name    string
		handler http.HandlerFunc
		want    int64
		err     string
	}{
		{"number", says(200, "1052345"), 1052345, ""},
		{"number and line break", says(200, "\n 1052345\r\n"), 1052345, ""},
		{"page", says(200, "\n<!DOCTYPE html><html>maintenance"), 0, "HTML page instead of a number"},
		{"error object", says(200, "{\n    \"error\": \"x\"\n}"), 0, `text "{ \"error\": \"x\" }"`},
		{"error text", says(200, "Error: connect ECONNREFUSED"), 0, `text "Error: connect ECONNREFUSED" instead of a number`},
		{"empty", says(200, ""), 0, "empty body instead of a number"},
		{"rate limit", says(429, "Too calls from this IP within 1 min"), 0, `HTTP 429 with text "Too calls`},
		{"server error", says(500, "<html>"), 0, "HTTP 500 with HTML page"},
		{"no content", says(204, ""), 0, "HTTP 204 with empty body"},
		{"huge error", says(200, "Error: "+strings.Repeat("\xff\n\u2028x", 1<<17)), 0, `text "Error: `},
		{"huge error, 500", says(500, "Error: "+strings.Repeat("\xff\n\u2028x", 1<<17)), 0, `HTTP 500 with text "Error: `},
		{"too long", says(200, strings.Repeat("0", bodyLimit)+"1"), 0, "answer of more than 1048576 bytes"},
		{"redirect to itself", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }, 0, "more than 3 redirects"},
		{"hang up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 0, "EOF"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t, tt.handler)
			clock := &clock{}
			client := newClient(t, clock.Now, s.URL)
			got := client.Heights(t.Context(), poll.Wait)[0]
			if got.Explorer != s.host() || !got.OK || got.Value != tt.want || !got.At.Equal(clock.Now()) {
				t.Errorf("got %+v", got)
			}
			if tt.err == "" && got.Err == nil {
				return
			}
			wantError(t, got.Err, s.host(), tt.err)
		})
	}
}

func TestRequests(t *testing.T) {
	var mu sync.Mutex
	var got []string
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, fmt.Sprint(r.Method, " ", r.URL, " ", r.UserAgent(), " ", r.Header["Accept"], r.Header["Cookie"]))
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "1"})
		if strings.HasSuffix(r.URL.Path, "/getblock") {
			fmt.Fprintf(w, `{"time":%d}`, time.Now().Unix())
			return
		}
		io.WriteString(w, "100")
	})
	for _, slash := range []string{"", "/"} {
		got = nil
		client := newClient(t, nil, s.URL+"/base"+slash)
		client.Heights(t.Context(), poll.Wait)
		client.Smartnode(t.Context(), strings.ToUpper(hashA), poll.Wait)
		client.BlockHash(t.Context(), s.host(), 7, poll.Wait)
		const tail = " test/1 [application/json, text/plain] []"
		want := []string{
			"GET /base/api/getblockcount" + tail,
			"GET /base/api/getblock?height=100" + tail,
			"GET /base/api/protx?command=info&protxhash=" + hashA + tail,
			"GET /base/api/getblock?height=7" + tail,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("requests differ (-want +got):\n%s", diff)
		}
	}
}

func TestHeightsDisagree(t *testing.T) {
	one, two, bad := newServer(t, says(200, "100")), newServer(t, says(200, "90")), newServer(t, says(503, ""))
	client := newClient(t, nil, one.URL, bad.URL, two.URL)
	type height struct {
		Explorer string
		Value    int64
		Failed   bool
	}
	var got []height
	for _, r := range client.Heights(t.Context(), poll.Wait) {
		got = append(got, height{r.Explorer, r.Value, r.Err != nil})
	}
	want := []height{{one.host(), 100, false}, {bad.host(), 0, true}, {two.host(), 90, false}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("heights differ (-want +got):\n%s", diff)
	}
}

func TestHeightsRequestedOnceAMinute(t *testing.T) {
	s := newServer(t, says(200, "100")) // to the request for the block too, which is repeated then
	clock := &clock{}
	client := newClient(t, clock.Now, s.URL)
	callers := func() {
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if got := client.Heights(t.Context(), poll.Wait)[0]; got.Value != 100 || got.Err != nil {
					t.Errorf("got %+v", got)
				}
			})
		}
		wg.Wait()
	}
	for i, step := range []time.Duration{0, 59 * time.Second, time.Second} {
		clock.add(step)
		callers()
		if want := []int32{2, 2, 4}[i]; s.hits.Load() != want {
			t.Errorf("%d requests after step %d, want %d", s.hits.Load(), i, want)
		}
	}
}

func TestHeightsDoesNotWait(t *testing.T) {
	release := make(chan struct{})
	s := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		<-release
		io.WriteString(w, "100")
	})
	client := newClient(t, nil, s.URL)
	if got := client.Heights(t.Context(), poll.NoWait)[0]; got.OK {
		t.Errorf("an answer before there was one: %+v", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := client.Heights(ctx, poll.Wait)[0]; got.OK {
		t.Errorf("an answer before there was one: %+v", got)
	}
	close(release)
	if got := client.Heights(t.Context(), poll.Wait)[0]; !got.OK || got.Value != 100 || s.hits.Load() != 2 {
		t.Errorf("got %+v after %d requests", got, s.hits.Load())
	}
}

func TestNoExplorers(t *testing.T) {
	client := newClient(t, nil)
	if got := client.Heights(t.Context(), poll.Wait); len(got) != 0 {
		t.Errorf("heights without explorers: %+v", got)
	}
	if got, ok := client.Smartnode(t.Context(), hashA, poll.Wait); ok {
		t.Errorf("a smartnode without explorers: %+v", got)
	}
	if got, ok := client.BlockHash(t.Context(), "example.org", 1, poll.Wait); ok {
		t.Errorf("a block without explorers: %+v", got)
	}
}

func TestBlockHash(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "{\n    \"hash\": %q,\n    \"height\": %s\n}", strings.ToUpper(hashB), r.URL.Query().Get("height"))
	})
	clock := &clock{}
	client := newClient(t, clock.Now, s.URL)
	if got, ok := client.BlockHash(t.Context(), s.host(), -1, poll.Wait); ok {
		t.Errorf("a block before the first: %+v", got)
	}
	for _, tt := range []struct {
		step       time.Duration
		height     int64
		wantHeight int64
	}{{0, 100, 100}, {30 * time.Second, 101, 100}, {30 * time.Second, 102, 102}} {
		clock.add(tt.step)
		got, ok := client.BlockHash(t.Context(), s.host(), tt.height, poll.Wait)
		if want := (Block{Height: tt.wantHeight, Hash: hashB}); !ok || got.Err != nil || got.Value != want {
			t.Errorf("requested %d: %+v, want %+v", tt.height, got, want)
		}
	}
}
