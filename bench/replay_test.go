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

// replay answers RPC with the captured bytes of the healthy scenario, put together once for each
// body, at a pace of the benchmark's choice. simnet is as quick as raptoreumd was (0.06 ms for a
// call), but by chance: its time is that of its own JSON work, and it does not keep the bodies
// that the bare client sends again.
type replay struct {
	*httptest.Server
	results map[string]json.RawMessage // by method and sub-command
	list    []byte
	pace    time.Duration // of each call

	mu    sync.Mutex
	asked [][]byte // bodies, without those that ask for the list
	ready map[string][]byte
}

func newReplay(b *testing.B, nodes int, pace time.Duration) *replay {
	b.Helper()
	r := &replay{pace: pace, results: map[string]json.RawMessage{}, ready: map[string][]byte{}}
	files, _ := filepath.Glob(healthy + "/*.json")
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

// ServeHTTP takes the time of the calls: less than a millisecond it works, as a daemon does, for
// so short a sleep is not exact; more it sleeps, as a daemon that waits for its locks.
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
	r.asked = append(r.asked, body)
	pace := r.pace * time.Duration(bytes.Count(body, []byte(`"method"`)))
	if known, ok := r.ready[string(body)]; ok {
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
	r.ready[string(body)] = fmt.Appendf(nil, "[%s]\n", strings.Join(replies, ","))
	return r.ready[string(body)], pace
}

// take returns the bodies asked since the last time.
func (r *replay) take() [][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	asked := r.asked
	r.asked = nil
	return asked
}

// addBlock moves the tip, so that the list is due again.
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
	clear(r.ready)
}

// manyNodes returns the reply of protx list: the captured entries, and copies of the first with
// hashes and addresses of their own until there are enough.
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
