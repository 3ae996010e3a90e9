package main

import (
	"fmt"
	"strings"
	"testing"

	"raptoreum_exporter/internal/simnet"
)

// TestLanding: the page lists the fleet, trouble first, and keeps failures.
func TestLanding(t *testing.T) {
	e := startFleet(t, []simnet.Member{{Address: loopback(t, 0)}, {Address: loopback(t, 1), Port: simnet.PortClosed}, {Address: loopback(t, 2)}}, nil)
	e.probe("node-0")
	e.probe("node-1")
	_, page := e.get("/")
	closed, well, unknown := strings.Index(page, ">node-1<"), strings.Index(page, ">node-0<"), strings.Index(page, ">node-2<")
	if closed < 0 || well < closed || unknown < 0 || well < unknown {
		t.Errorf("node-1 at %d, node-2 at %d, node-0 at %d:\n%s", closed, unknown, well, page)
	}
	for _, part := range []string{"connection refused", "not probed yet", "Last failures", `href="probe?target=node-1&amp;debug=true"`} {
		if !strings.Contains(page, part) {
			t.Errorf("no %q on the page", part)
		}
	}
	if _, page := e.get("/probe?target=node-1&debug=true"); !strings.Contains(page, "result     connect: ") || !strings.Contains(page, "\nprobe_success 0\n") {
		t.Error(page)
	}
}

func TestHistory(t *testing.T) {
	h := &history{last: map[string]result{}}
	for i := range 3 * historyLimit {
		h.add(result{Node: fmt.Sprint(i % 7), Why: fmt.Sprint(i)})
		h.add(result{Node: "well", Success: true})
	}
	_, failures := h.of(nil)
	if len(failures) != historyLimit || failures[0].Why != fmt.Sprint(3*historyLimit-1) {
		t.Errorf("%d failures, the newest %+v", len(failures), failures[0])
	}
}
