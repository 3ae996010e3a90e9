package daemon_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"raptoreum_exporter/daemon"
)

// TestNoFurtherMainlockRequest: calls that others have given up on occupy workers of the daemon. A new process sees them in
// getrpcinfo, does not add its own, and knows from them what it would learn by waiting.
func TestNoFurtherMainlockRequest(t *testing.T) {
	t.Parallel()
	const minute = int64(time.Minute / time.Microsecond)
	for _, test := range []struct {
		name   string
		active map[string]int64 // method, microseconds
		state  daemon.State
		asked  bool
	}{
		{"none", nil, daemon.Ready, true},
		{"one", map[string]int64{"getblockcount": 10 * minute}, daemon.Ready, true},
		{"two, for a moment", map[string]int64{"getblockcount": 50, "getblockhash": 59 * minute / 60}, daemon.Ready, true},
		{"two of another kind", map[string]int64{"getblockcount": 10 * minute, "protx": 10 * minute, "waitfornewblock": 10 * minute}, daemon.Ready, true},
		{"two", map[string]int64{"getblockcount": minute, "getblockhash": 2 * minute}, daemon.Slow, false},
		{"two, for three minutes", map[string]int64{"getblockcount": minute, "getblockchaininfo": 3 * minute}, daemon.Hung, false},
	} {
		var asked atomic.Bool
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var calls []struct{ Method string }
			if err := json.NewDecoder(r.Body).Decode(&calls); err != nil {
				t.Error(err)
			}
			var replies []string
			for i, c := range calls {
				result := "0"
				switch c.Method {
				case "getrpcinfo":
					active := []string{`{"method":"getrpcinfo","duration":9}`}
					for method, duration := range test.active {
						active = append(active, fmt.Sprintf(`{"method":%q,"duration":%d}`, method, duration))
					}
					result = `{"active_commands":[` + strings.Join(active, ",") + `]}`
				case "getblockcount":
					asked.Store(true)
				}
				replies = append(replies, fmt.Sprintf(`{"result":%s,"error":null,"id":%d}`, result, i))
			}
			fmt.Fprint(w, "["+strings.Join(replies, ",")+"]")
		}))
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		c, err := daemon.NewClient(ctx, daemon.Config{URL: server.URL, Credentials: func() (daemon.Credentials, error) { return daemon.Credentials{}, nil }})
		if err != nil {
			t.Fatal(err)
		}
		s := c.Session(nil)
		state, reason := s.State(ctx)
		s.Release()
		if state != test.state || asked.Load() != test.asked || !test.asked && !strings.Contains(reason.Error(), "2 calls wait for the main lock") {
			t.Errorf("%s: %s, %v, asked: %t, want %s, %t", test.name, state, reason, asked.Load(), test.state, test.asked)
		}
		cancel()
		server.Close()
	}
}
