package daemon_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/internal/simnet"
)

// payments scrapes as the collector of payments does, and returns the amount of the last payment.
func payments(t *testing.T, c *daemon.Client, timeout time.Duration, mode poll.Mode) (coins float64, self daemon.Smartnode, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	s := c.Session(nil)
	defer s.Release()
	node, err := s.LatestNode(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if self, err = node.Self(); err != nil {
		t.Fatal(err)
	}
	_, _ = s.DKG(ctx)
	_, _ = s.List(ctx, mode)
	coins, err = c.LastPayment(ctx, self, mode)
	return coins, self, err
}

// reads returns how often each call of a payment was made.
func reads(n *simnet.Network) [3]int {
	methods := n.Calls().Methods
	return [3]int{methods["getblockhash"], methods["getblock"], methods["getrawtransaction"]}
}

// quiet waits until the background reading is over.
func quiet(t *testing.T, n *simnet.Network) {
	t.Helper()
	eventually(t, "end of the requests", func() bool { return n.Calls().OpenConnections == 0 })
}

// TestLastPayment follows the payments of a smartnode: each is read once, after the scrape that sees it, on
// the connection of that scrape.
func TestLastPayment(t *testing.T) {
	n, client := start(t, "paid-10-smartnodes", nil)
	if _, _, err := payments(t, client, 2*time.Second, poll.NoWait); !errors.Is(err, daemon.ErrPaymentNotRead) {
		t.Errorf("the first scrape: %v, want %v", err, daemon.ErrPaymentNotRead)
	}
	quiet(t, n)
	if got := n.Calls(); got.Connections != 1 || got.MaxMainLock != 1 || reads(n) != [3]int{1, 1, 1} {
		t.Errorf("%d connections, %d requests at once, calls %v; want 1, 1 and each call once", got.Connections, got.MaxMainLock, reads(n))
	}
	before := n.Calls().RoundTrips
	for range 5 {
		coins, self, err := payments(t, client, 2*time.Second, poll.NoWait)
		if coins != 0.8 || err != nil || self.LastPaidHeight != 681 {
			t.Errorf("%v RTM in block %d, %v; want 0.8 in block 681", coins, self.LastPaidHeight, err)
		}
		quiet(t, n)
	}
	if got := n.Calls().RoundTrips - before; got != 5*4 || reads(n) != [3]int{1, 1, 1} {
		t.Errorf("%d round trips in 5 scrapes, calls %v; want 20 and no more calls", got, reads(n))
	}
	n.Set(func(s *simnet.State) { s.Height += 10 }) // each smartnode is paid once
	if _, self, err := payments(t, client, 2*time.Second, poll.NoWait); !errors.Is(err, daemon.ErrPaymentNotRead) || self.LastPaidHeight == 681 {
		t.Errorf("after the next payment, in block %d: %v; want no amount of an earlier payment", self.LastPaidHeight, err)
	}
	quiet(t, n)
	if coins, _, err := payments(t, client, 2*time.Second, poll.NoWait); coins != 0.8 || err != nil || reads(n) != [3]int{2, 2, 2} {
		t.Errorf("%v RTM, %v, calls %v; want 0.8, and each call once more", coins, err, reads(n))
	}
	if err := n.Restart(); err != nil {
		t.Fatal(err)
	}
	if coins, _, err := payments(t, client, 2*time.Second, poll.NoWait); coins != 0.8 || err != nil || reads(n) != [3]int{2, 2, 2} {
		t.Errorf("after a restart of the daemon: %v RTM, %v, calls %v", coins, err, reads(n))
	}
}

// TestLastPaymentWait checks that check gets the amount at once.
func TestLastPaymentWait(t *testing.T) {
	n, client := start(t, "paid-10-smartnodes", nil)
	if coins, _, err := payments(t, client, 2*time.Second, poll.Wait); coins != 0.8 || err != nil {
		t.Errorf("%v RTM, %v", coins, err)
	}
	quiet(t, n)
	if got := n.Calls().MaxMainLock; got != 1 {
		t.Errorf("%d requests for the main lock at once", got)
	}
}

// TestLastPaymentOfOthers checks the operator's share in a captured block, and that the payments of a fleet
// are read in batches of five.
func TestLastPaymentOfOthers(t *testing.T) {
	n, client := start(t, "paid-10-smartnodes", nil)
	_, list := scrape(t, client, 2*time.Second, poll.Wait)
	if list == nil {
		t.Fatal("no list")
	}
	before := n.Calls().RoundTrips
	for _, mode := range []poll.Mode{poll.NoWait, poll.Wait} { // the first ones only want it
		for _, s := range list.Nodes {
			coins, err := client.LastPayment(t.Context(), s, mode)
			if mode == poll.Wait && (coins != 0.8 || err != nil) {
				t.Errorf("block %d: %v RTM, %v", s.LastPaidHeight, coins, err)
			}
		}
	}
	if got := n.Calls().RoundTrips - before; got != 6 || reads(n) != [3]int{10, 10, 10} {
		t.Errorf("%d round trips, calls %v; want 3 for each 5 smartnodes", got, reads(n))
	}
	if _, err := client.LastPayment(t.Context(), daemon.Smartnode{}, poll.Wait); !errors.Is(err, daemon.ErrNeverPaid) {
		t.Errorf("never paid: %v", err)
	}
}

// TestLastPaymentUnreadable checks that the amount stays unknown where the block is pruned or the daemon
// does not answer, and that the calls are not repeated at each scrape.
func TestLastPaymentUnreadable(t *testing.T) {
	n, client, advance := slowly(t, nil)
	n.Set(func(s *simnet.State) { s.Pruned = true })
	for range 3 {
		coins, _, err := payments(t, client, 2*time.Second, poll.Wait)
		if coins != 0 || err == nil || !strings.Contains(err.Error(), "block 529: getblock: RPC error -1: Block not available (pruned data)") {
			t.Errorf("pruned: %v RTM, %v", coins, err)
		}
		quiet(t, n)
	}
	if reads(n) != [3]int{1, 1, 0} {
		t.Errorf("calls %v, want each once", reads(n))
	}
	n.Set(func(s *simnet.State) { s.Pruned = false })
	advance(61 * time.Minute)
	payments(t, client, 2*time.Second, poll.NoWait)
	quiet(t, n)
	if coins, _, err := payments(t, client, 2*time.Second, poll.NoWait); coins != 0 || err != nil || reads(n) != [3]int{2, 2, 1} {
		t.Errorf("an hour later: %v RTM, %v, calls %v; want 0, because the network is too small to pay", coins, err, reads(n))
	}
	n.AddBlock()
	_, self, _ := payments(t, client, 2*time.Second, poll.NoWait)
	quiet(t, n)
	self.LastPaidHeight++ // one that is not read yet
	set(n, simnet.DaemonBusy)
	before := n.Calls().RoundTrips
	for range 3 {
		if _, err := client.LastPayment(t.Context(), self, poll.Wait); !errors.Is(err, daemon.ErrPaymentNotRead) {
			t.Errorf("busy: %v", err)
		}
	}
	if got := n.Calls().RoundTrips - before; got != 1 {
		t.Errorf("%d requests to a busy daemon, want 1", got)
	}
	set(n, simnet.DaemonOK)
	advance(61 * time.Second)
	if _, err := client.LastPayment(t.Context(), self, poll.Wait); errors.Is(err, daemon.ErrPaymentNotRead) {
		t.Errorf("a minute later: %v", err)
	}
}

// TestLastPaymentOfSlowDaemon checks that a daemon that answers too late for a scrape gets no further
// requests, and that a scrape never waits for more than one of the three.
func TestLastPaymentOfSlowDaemon(t *testing.T) {
	t.Parallel()
	n, client, _ := slowly(t, nil)
	observe(t, client, 2*time.Second)
	quiet(t, n)
	n.Set(func(s *simnet.State) { s.MainLockDelay = simnet.Duration(3 * short) })
	if _, _, err := payments(t, client, short, poll.NoWait); !errors.Is(err, daemon.ErrPaymentNotRead) {
		t.Errorf("slow: %v", err)
	}
	quiet(t, n)
	if reads(n) != [3]int{} {
		t.Errorf("calls %v to a daemon that is slower than a scrape", reads(n))
	}
	payments(t, client, 8*time.Second, poll.NoWait)
	eventually(t, "list", func() bool { return n.Calls().Methods["protx list"] == 1 })
	eventually(t, "first call", func() bool { return reads(n) == [3]int{1, 0, 0} })
	s := client.Session(nil)
	if _, err := s.Node(t.Context()); err != nil || reads(n) != [3]int{1, 0, 0} {
		t.Errorf("%v, calls %v; want that the scrape gets its answers before the next call", err, reads(n))
	}
	s.Release()
	eventually(t, "rest of the payment", func() bool { return reads(n) == [3]int{1, 1, 1} })
	quiet(t, n)
	if got := n.Calls().MaxMainLock; got != 1 {
		t.Errorf("%d requests for the main lock at once", got)
	}
}

// TestLastPaymentWhileDownloading checks that no block is read while the chain is downloaded.
func TestLastPaymentWhileDownloading(t *testing.T) {
	n, client := start(t, "paid-10-smartnodes", nil)
	n.Set(func(s *simnet.State) { s.InitialBlockDownload = true })
	for _, mode := range []poll.Mode{poll.NoWait, poll.Wait} {
		if _, _, err := payments(t, client, 2*time.Second, mode); !errors.Is(err, daemon.ErrPaymentNotRead) {
			t.Errorf("%v", err)
		}
		quiet(t, n)
	}
	if reads(n) != [3]int{} {
		t.Errorf("calls %v", reads(n))
	}
}

// TestLastPaymentCaptured replays the calls as they were captured: the daemon knows no others. The network
// is too small to pay, although lastPaidHeight advances.
func TestLastPaymentCaptured(t *testing.T) {
	for _, c := range []struct {
		name, replace, says string
	}{
		{"as captured", "", ""},
		{"the block was replaced between the calls", "getrawtransaction_coinbase_other_block", "payment in block 624: getrawtransaction: RPC error -5: No such transaction found in the provided block"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := replay(t, c.replace)
			client, err := daemon.NewClient(t.Context(), daemon.Config{URL: server.URL, Credentials: func() (daemon.Credentials, error) { return daemon.Credentials{}, nil }})
			if err != nil {
				t.Fatal(err)
			}
			session := client.Session(nil)
			defer session.Release()
			if state, err := session.State(t.Context()); state != daemon.Ready {
				t.Fatal(state, err)
			}
			self := daemon.Smartnode{LastPaidHeight: 624, Payout: "yUWkirhPfxfu2mReYBFX3j8cdKxNX3pEBj"}
			coins, err := client.LastPayment(t.Context(), self, poll.Wait)
			if coins != 0 || (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v RTM, %v; want 0, %q", coins, err, c.says)
			}
		})
	}
}

// replay serves the captured replies of a healthy daemon and of one payment. The reply named by replace
// answers getrawtransaction.
func replay(t *testing.T, replace string) *httptest.Server {
	t.Helper()
	type call struct {
		ID     any               `json:"id"`
		Method string            `json:"method"`
		Params []json.RawMessage `json:"params"`
	}
	key := func(c call) string { return fmt.Sprintf("%s %s", c.Method, c.Params) }
	replies := map[string]map[string]any{}
	for _, pattern := range []string{"scenarios/healthy/*.json", "captures/payment/*.json"} {
		files, _ := filepath.Glob("../testdata/" + pattern)
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var exchange struct {
				Request struct{ Body string }
				Body    string
			}
			var request call
			reply := map[string]any{}
			if err := errors.Join(json.Unmarshal(text, &exchange), json.Unmarshal([]byte(exchange.Request.Body), &request), json.Unmarshal([]byte(exchange.Body), &reply)); err != nil {
				t.Fatal(file, err)
			}
			replies[key(request)] = reply
			if strings.Contains(file, "/"+replace+".json") {
				replies["instead"] = reply
			}
		}
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var calls []call
		if err := json.NewDecoder(r.Body).Decode(&calls); err != nil {
			t.Error(err)
		}
		var answers []map[string]any
		for _, c := range calls {
			reply := replies[key(c)]
			if replace != "" && c.Method == "getrawtransaction" {
				reply = replies["instead"]
			}
			if reply == nil {
				t.Errorf("%s was not captured", key(c))
			}
			answers = append(answers, map[string]any{"id": c.ID, "result": reply["result"], "error": reply["error"]})
		}
		_ = json.NewEncoder(w).Encode(answers)
	}))
	t.Cleanup(server.Close)
	return server
}
