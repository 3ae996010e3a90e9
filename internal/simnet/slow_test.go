package simnet

import (
	"net"
	"strings"
	"testing"
	"time"
)

// TestMainLockDelay checks that only requests for the main lock wait, and no longer than the delay is
// set.
func TestMainLockDelay(t *testing.T) {
	n := start(t, "healthy")
	n.Set(func(s *State) { s.MainLockDelay = Duration(time.Hour) })
	if got := post(t, n, lockFree, wantAnswer); got.status != 200 {
		t.Errorf("without the main lock: status %d, %v", got.status, got.err)
	}
	for _, request := range []string{oneCall, mixedBatch} {
		if got := post(t, n, request, wantHang); got.err == nil {
			t.Errorf("%s: answered with %d", request, got.status)
		}
	}
	n.Set(func(s *State) { s.MainLockDelay = Duration(2 * wantHang) })
	began := time.Now()
	if got := post(t, n, oneCall, wantAnswer); got.status != 200 || time.Since(began) < 2*wantHang {
		t.Errorf("status %d, %v after %s", got.status, got.err, time.Since(began))
	}
}

func TestListAndCountFaults(t *testing.T) {
	const (
		list  = `{"id":1,"method":"protx","params":["list","registered",true]}`
		count = `{"id":1,"method":"smartnode","params":["count"]}`
	)
	n := start(t, "healthy")
	n.Set(func(s *State) { s.HangList, s.Enabled = true, 12 })
	if got := post(t, n, list, wantHang); got.err == nil {
		t.Errorf("the list is answered with %d", got.status)
	}
	if got := post(t, n, oneCall, wantAnswer); got.status != 200 {
		t.Errorf("another call: status %d, %v", got.status, got.err)
	}
	if got := post(t, n, count, wantAnswer); !strings.Contains(got.body, `"enabled":12`) || !strings.Contains(got.body, `"total":12`) {
		t.Errorf("12 enabled: %s", got.body)
	}
	n.Set(func(s *State) { s.Enabled = 2 })
	if got := post(t, n, count, wantAnswer); !strings.Contains(got.body, `"enabled":2`) || !strings.Contains(got.body, `"total":4`) {
		t.Errorf("2 enabled: %s", got.body)
	}
	n.Set(func(s *State) { s.FailCount = true })
	if got := post(t, n, count, wantAnswer); got.status != 500 {
		t.Errorf("a failing count: status %d, %s", got.status, got.body)
	}
}

func TestConnectionsAreCounted(t *testing.T) {
	n := start(t, "healthy")
	connection, err := net.Dial("tcp", strings.TrimPrefix(n.RPCURL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	wait := func(open int) {
		t.Helper()
		for deadline := time.Now().Add(wantAnswer); n.Calls().OpenConnections != open; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%d connections open, want %d", n.Calls().OpenConnections, open)
			}
		}
	}
	wait(1)
	connection.Close()
	wait(0)
	if got := n.Calls().Connections; got != 1 {
		t.Errorf("%d connections accepted, want 1", got)
	}
}
