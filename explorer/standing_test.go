package explorer

import (
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
)

const notFoundBody = `{"message": "` + hashA + ` not found", "code": -8, "name": "RpcError"}`

// standing is an explorer of a test: its height and what it answers about hashA and the count.
type standing struct {
	height string
	answer string
	mined  time.Time // of the best block; zero: at its turn in a chain that is at block 352 now
}

func knows(height string) standing   { return standing{height: height, answer: smartnodeBody} }
func unaware(height string) standing { return standing{height: height, answer: notFoundBody} }
func broken(height string) standing {
	return standing{height: height, answer: "Error: ESOCKETTIMEDOUT"}
}

// age returns how long before now the best block was mined.
func (s standing) age(now time.Time) time.Duration {
	if !s.mined.IsZero() {
		return now.Sub(s.mined)
	}
	height, _ := strconv.Atoi(s.height)
	return time.Duration(max(0, 352-height)) * 2 * time.Minute
}

func (s standing) minedAt(mined time.Time) standing {
	s.mined = mined
	return s
}

// newClientOf returns a client of played explorers, and what changes them.
func newClientOf(t *testing.T, now func() time.Time, explorers ...standing) (client *Client, servers []*server, change func(...standing)) {
	t.Helper()
	var state atomic.Pointer[[]standing]
	state.Store(&explorers)
	var urls []string
	for i := range explorers {
		s := &server{}
		s.start(t, func(w http.ResponseWriter, r *http.Request) {
			switch e := (*state.Load())[i]; r.URL.Path {
			case "/api/getblockcount":
				fmt.Fprint(w, e.height)
			case "/api/getblock":
				if r.URL.Query().Get("height") != e.height {
					t.Errorf("request %s at height %s", r.URL, e.height)
				}
				at := time.Now()
				if now != nil {
					at = now()
				}
				s.blocks.Add(1)
				fmt.Fprintf(w, `{"hash":%q,"time":%d}`, hashB, at.Add(-e.age(at)).Unix())
			case "/api/smartnode":
				fmt.Fprintf(w, `{"total":%s,"enabled":0}`, e.height)
			default:
				s.hits.Add(1)
				fmt.Fprint(w, e.answer)
			}
		})
		servers, urls = append(servers, s), append(urls, s.URL)
	}
	return newClient(t, now, urls...), servers, func(explorers ...standing) { state.Store(&explorers) }
}

func hitsOf(servers []*server) string {
	var hits []any
	for _, s := range servers {
		hits = append(hits, s.hits.Load())
	}
	return fmt.Sprint(hits...)
}
