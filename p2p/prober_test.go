package p2p

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"raptoreum_exporter/internal/poll"
)

func TestManyCallersOneConnection(t *testing.T) {
	address, accepted := fakePeer(t, send(versionMessage([]byte{2}, "/x"), message("verack"), message("ping")))
	prober := NewProber(t.Context(), Config{})
	var group sync.WaitGroup
	for i := range 100 {
		group.Go(func() {
			wait, mode := i%2 == 0, poll.NoWait
			if wait {
				mode = poll.Wait
			}
			reading, ok := prober.Probe(t.Context(), address, "regtest", mode)
			if wait && !ok || ok && (reading.Err != nil || reading.Value.UserAgent != "/x") {
				t.Errorf("reading %+v, %v", reading, ok)
			}
		})
	}
	group.Wait()
	if n := accepted.Load(); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
}

func TestOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		refused := &Error{Connect, errors.New("refused")}
		dials := make(map[string]int)
		prober := NewProber(ctx, Config{Dial: func(_ context.Context, address, network string) (Peer, error) {
			dials[address+" "+network]++
			time.Sleep(time.Second)
			return Peer{Durations: map[Phase]time.Duration{Connect: 5}}, refused
		}})
		probe := func(address string, mode poll.Mode, known bool) {
			t.Helper()
			reading, ok := prober.Probe(ctx, address, "main", mode)
			if ok != known {
				t.Errorf("known %v, want %v", ok, known)
			}
			if e, isError := errors.AsType[*Error](reading.Err); known && (!isError || e != refused || reading.Value.Durations[Connect] != 5) {
				t.Errorf("reading %+v", reading)
			}
			synctest.Wait() // until a background handshake has reached the dialer
		}
		count := func(address string, want int) {
			t.Helper()
			if n := dials[address+" main"]; n != want {
				t.Errorf("%s: %d handshakes, want %d", address, n, want)
			}
		}

		probe("a:1", poll.NoWait, false) // starts a handshake, does not wait
		probe("a:1", poll.Wait, true)    // waits for the same handshake
		count("a:1", 1)
		probe("b:1", poll.Wait, true)
		count("b:1", 1)
		time.Sleep(57 * time.Second) // 59 s since that of a started
		probe("a:1", poll.Wait, true)
		count("a:1", 1)
		time.Sleep(time.Second)
		probe("a:1", poll.Wait, true)
		count("a:1", 2)
		count("b:1", 1)

		time.Sleep(9 * time.Minute)
		probe("b:1", poll.Wait, true)
		time.Sleep(2 * time.Minute)
		probe("b:1", poll.Wait, true)
		if _, ok := prober.probes[target{"a:1", "main"}]; ok || len(prober.probes) != 1 {
			t.Errorf("kept after 10 minutes: %v", prober.probes)
		}

		time.Sleep(time.Minute)
		cancel()
		before := dials["b:1 main"]
		prober.Probe(context.Background(), "b:1", "main", poll.Wait)
		count("b:1", before)
	})
}

// TestLastSuccess: the last handshake that succeeded is remembered while others fail.
func TestLastSuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fails := false
		prober := NewProber(t.Context(), Config{Dial: func(context.Context, string, string) (Peer, error) {
			if fails {
				return Peer{}, &Error{Connect, errors.New("refused")}
			}
			return Peer{Durations: map[Phase]time.Duration{Verack: 5}}, nil
		}})
		if at := prober.LastSuccess("a:1", "main"); !at.IsZero() {
			t.Errorf("before the first: %s", at)
		}
		began := time.Now()
		for range 3 {
			prober.Probe(t.Context(), "a:1", "main", poll.Wait)
			if at := prober.LastSuccess("a:1", "main"); !at.Equal(began) || at != at.Round(0) {
				t.Errorf("after %s: %s", time.Since(began), at)
			}
			fails = true
			time.Sleep(2 * time.Minute)
		}
		if at := prober.LastSuccess("b:1", "main"); !at.IsZero() {
			t.Errorf("of another peer: %s", at)
		}
	})
}
