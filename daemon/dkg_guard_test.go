package daemon

import (
	"errors"
	"testing"
	"time"
)

// TestDKGStatusRemembersCounts checks that a smaller count is not forgotten while it is the same
// daemon, and that a scrape without an uptime counts too.
func TestDKGStatusRemembersCounts(t *testing.T) {
	hour := time.Unix(1e9, 0)
	answer := func(uptime int64, started time.Time, enabled int) *Lockfree {
		r := &Lockfree{Started: started}
		r.Uptime.Value, r.Count.Value.Enabled = uptime, &enabled
		r.RPC.Err = errors.New("unknown")
		return r
	}
	withoutUptime := answer(0, time.Time{}, 2)
	withoutUptime.Uptime.Err = errors.New("no uptime")
	for _, test := range []struct {
		name    string
		answers []*Lockfree
		permit  bool
	}{
		{"enough", []*Lockfree{answer(10, hour, 10), answer(20, hour, 10)}, true},
		{"the answer was delayed for a minute", []*Lockfree{answer(100, hour, 2), answer(110, hour.Add(time.Minute), 10)}, false},
		{"and the next one was not", []*Lockfree{answer(100, hour, 2), answer(110, hour.Add(time.Minute), 10), answer(190, hour, 10)}, false},
		{"the clock was put back, and the uptime with it", []*Lockfree{answer(7000, hour, 2), answer(3410, hour, 10)}, false},
		{"the clock was put forward", []*Lockfree{answer(10, hour, 2), answer(3610, hour, 10)}, false},
		{"restarted", []*Lockfree{answer(100, hour, 2), answer(10, hour.Add(time.Hour), 10)}, true},
		{"no uptime", []*Lockfree{answer(10, hour, 10), withoutUptime, answer(20, hour, 10)}, false},
		{"no uptime at first", []*Lockfree{withoutUptime, answer(20, hour, 10)}, false},
	} {
		var g dkgGuard
		for _, a := range test.answers {
			g.observe(a)
		}
		if err := g.permit(test.answers[len(test.answers)-1]); (err == nil) != test.permit {
			t.Errorf("%s: %v, want permitted: %v", test.name, err, test.permit)
		}
	}
}

// TestEstablished checks that only smartnodes count that may have been members of any running quorum's key generation.
func TestEstablished(t *testing.T) {
	list := &List{Height: 2000}
	for range 3 {
		list.Nodes = append(list.Nodes, Smartnode{RegisteredHeight: 1250, RevivedHeight: -1, BanHeight: -1})
	}
	list.Nodes = append(list.Nodes,
		Smartnode{RegisteredHeight: 1251, RevivedHeight: -1, BanHeight: -1},
		Smartnode{RegisteredHeight: 100, RevivedHeight: 1251, BanHeight: -1},
		Smartnode{RegisteredHeight: 100, RevivedHeight: -1, BanHeight: 1990},
		Smartnode{RegisteredHeight: 100, RevivedHeight: 1250, BanHeight: -1},
	)
	if n := list.Established(); n != 4 {
		t.Errorf("%d, want 4", n)
	}
}
