package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// replay answers RPC requests with the captured replies of a healthy node, assembled once per
// request body, at a configurable pace. simnet is about as fast as raptoreumd was (0.06 ms per call),
// but only because its own JSON processing takes that long, and it does not record the bodies that
// the baseline client sends again.
type replay struct {
	*httptest.Server
	results map[string]json.RawMessage // by method and sub-command
	list    []byte
	pace    time.Duration // per call

	mu       sync.Mutex
	requests [][]byte          // bodies, except those of the list
	replies  map[string][]byte // by request body
}

func newReplay(b *testing.B, nodes int, pace time.Duration) *replay {
	b.Helper()
	r := &replay{pace: pace, results: map[string]json.RawMessage{}, replies: map[string][]byte{}}
	files, _ := filepath.Glob(recorded + "/*.json")
	for _, file := range files {
		var exchange struct {
			Request struct{ Body string }
			Body    string
		}
		var reply struct{ Result json.RawMessage }
		data, err := os.ReadFile(file)
		if err != nil || json.Unmarshal(data, &exchange) != nil || json.Unmarshal([]byte(exchange.Body), &reply) != nil {
			b.Fatalf("%s: %v", file, err)
		}
		var request call
		if err := json.Unmarshal([]byte(exchange.Request.Body), &request); err != nil {
			b.Fatal(err)
		}
		r.results[request.key()] = reply.Result
	}
	r.list = manyNodes(b, r.results["protx list"], nodes)
	r.Server = httptest.NewServer(r)
	b.Cleanup(r.Close)
	return r
}

type call struct {
	ID     json.RawMessage
	Method string
	Params []any
}

func (c call) key() string {
	if len(c.Params) > 0 {
		if word, ok := c.Params[0].(string); ok && len(word) < 20 { // not a hash
			return c.Method + " " + word
		}
	}
	return c.Method
}

// ServeHTTP takes as long as the calls should. Below a millisecond it spins, because such a short sleep
// is not exact. Otherwise it sleeps, like a daemon that waits for its locks.
func (r *replay) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	began := time.Now()
	body, _ := io.ReadAll(request.Body)
	reply, pace := r.list, time.Duration(0)
	if !bytes.Contains(body, []byte(`"list"`)) {
		reply, pace = r.reply(body)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(reply)))
	if pace >= time.Millisecond {
		time.Sleep(pace - time.Since(began))
	}
	for time.Since(began) < pace {
	}
	_, _ = w.Write(reply)
}

func (r *replay) reply(body []byte) ([]byte, time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = append(r.requests, body)
	pace := r.pace * time.Duration(bytes.Count(body, []byte(`"method"`)))
	if known, ok := r.replies[string(body)]; ok {
		return known, pace
	}
	var calls []call
	if err := json.Unmarshal(body, &calls); err != nil {
		return nil, 0
	}
	var replies []string
	for _, c := range calls {
		replies = append(replies, fmt.Sprintf(`{"result":%s,"error":null,"id":%s}`, r.results[c.key()], c.ID))
	}
	r.replies[string(body)] = fmt.Appendf(nil, "[%s]\n", strings.Join(replies, ","))
	return r.replies[string(body)], pace
}

// take returns the request bodies since the last call of take.
func (r *replay) take() [][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	requests := r.requests
	r.requests = nil
	return requests
}

// addBlock changes the tip, so that the list must be read again.
func (r *replay) addBlock(b *testing.B) {
	b.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	var chain struct{ BestBlockHash string }
	if err := json.Unmarshal(r.results["getblockchaininfo"], &chain); err != nil {
		b.Fatal(err)
	}
	next := strings.Repeat("ab", 32)
	r.results["getblockchaininfo"] = bytes.ReplaceAll(r.results["getblockchaininfo"], []byte(chain.BestBlockHash), []byte(next))
	clear(r.replies)
}

// manyNodes returns the reply of protx list with the given number of nodes: the captured entries, and
// copies of the first one with different hashes and addresses.
func manyNodes(b *testing.B, captured json.RawMessage, nodes int) []byte {
	b.Helper()
	var entries []json.RawMessage
	var first struct {
		ProTxHash string
		State     struct{ Service string }
	}
	if err := json.Unmarshal(captured, &entries); err != nil {
		b.Fatal(err)
	}
	if err := json.Unmarshal(entries[0], &first); err != nil {
		b.Fatal(err)
	}
	entry := strings.NewReplacer(first.ProTxHash, "%064[1]x", first.State.Service, "10.0.%[2]d.%[3]d:10226").Replace(string(entries[0]))
	for i := len(entries); i < nodes; i++ {
		entries = append(entries, fmt.Appendf(nil, entry, i, i/256, i%256))
	}
	list, err := json.Marshal(entries)
	if err != nil {
		b.Fatal(err)
	}
	return fmt.Appendf(nil, "{\"result\":%s,\"error\":null,\"id\":0}\n", list)
}
