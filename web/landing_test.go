package web_test

import (
	"strings"
	"testing"

	"raptoreum_exporter/internal/harness"
	"raptoreum_exporter/internal/simnet"
)

// TestLanding: the page lists the fleet, failed nodes first, and recent failures.
func TestLanding(t *testing.T) {
	e := harness.StartFleet(t, []simnet.Member{{Address: harness.Loopback(t, 0)}, {Address: harness.Loopback(t, 1), Port: simnet.PortClosed}, {Address: harness.Loopback(t, 2)}}, nil)
	e.Probe("node-0")
	e.Probe("node-1")
	_, page := e.Get("/")
	closed, healthy, unknown := strings.Index(page, ">node-1<"), strings.Index(page, ">node-0<"), strings.Index(page, ">node-2<")
	if closed < 0 || healthy < closed || unknown < 0 || healthy < unknown {
		t.Errorf("node-1 at %d, node-2 at %d, node-0 at %d:\n%s", closed, unknown, healthy, page)
	}
	for _, part := range []string{"connection refused", "not probed yet", "Last failures", `href="probe?target=node-1&amp;debug=true"`} {
		if !strings.Contains(page, part) {
			t.Errorf("no %q on the page", part)
		}
	}
	if _, page := e.Get("/probe?target=node-1&debug=true"); !strings.Contains(page, "result     connect: ") || !strings.Contains(page, "\nprobe_success 0\n") {
		t.Error(page)
	}
}
