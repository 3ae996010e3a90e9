package web

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"raptoreum_exporter/collector"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/judge"
)

// families parses samples such as "name{label="value"} 1", without "raptoreum_", one per line.
func families(t *testing.T, lines ...string) (all []*dto.MetricFamily) {
	t.Helper()
	var text strings.Builder
	slices.Sort(lines)
	for _, line := range lines {
		name, _, _ := strings.Cut(strings.ReplaceAll(line, "{", " "), " ")
		if !strings.Contains(text.String(), "# TYPE raptoreum_"+name+" ") {
			fmt.Fprintf(&text, "# TYPE raptoreum_%s gauge\n", name)
		}
		fmt.Fprintf(&text, "raptoreum_%s\n", line)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	byName, err := parser.TextToMetricFamilies(strings.NewReader(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range byName {
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b *dto.MetricFamily) int { return strings.Compare(a.GetName(), b.GetName()) })
	return all
}

func TestHistory(t *testing.T) {
	h := newHistory()
	at := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for i, samples := range [][]string{
		{`daemon_state{state="ready"} 1`, `daemon_state{state="hung"} 0`, "daemon_start_time_seconds 100", "smartnode_pose_penalty 0", "smartnode_pose_banned 0", "port_reachable 1"},
		{`daemon_state{state="ready"} 0`, `daemon_state{state="hung"} 1`}, // what is unknown is no change
		{`daemon_state{state="ready"} 1`, `daemon_state{state="hung"} 0`, "daemon_start_time_seconds 200", "smartnode_pose_penalty 66", "smartnode_pose_banned 0"},
		{"smartnode_pose_penalty 65"}, // it decays
		{"smartnode_pose_penalty 100", "smartnode_pose_banned 1", "port_reachable 0", `port_failed_phase{phase="connect"} 1`, `port_failed_phase{phase="version"} 0`},
	} {
		h.note(self, "", at.Add(time.Duration(i)*time.Minute), families(t, samples...))
	}
	h.note("ff", "paris-1", at, families(t, "port_reachable 0", `port_failed_phase{phase="version"} 1`))
	shaken := families(t, "port_reachable 1", "probe_handshake_age_seconds 30")
	h.note("ff", "paris-1", at.Add(5*time.Minute), shaken)
	if failed := families(t, "port_reachable 0", "probe_handshake_age_seconds 10"); !h.noteHandshake("ff", at.Add(6*time.Minute), judge.NewValues(failed, at)).IsZero() {
		t.Error("a handshake that failed counts")
	}
	var got []string
	for _, c := range h.lastHour(at.Add(10 * time.Minute)) {
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", c.At.Format("15:04"), c.ID, c.Node, c.Text)))
	}
	want := []string{
		"12:05 port paris-1 port: reachable, was unreachable (version)",
		"12:04 port  port: unreachable (connect), was reachable",
		"12:04 pose_ban  PoSe: banned, was not banned",
		"12:04 pose_penalty  PoSe penalty: 100, was 65",
		"12:02 pose_penalty  PoSe penalty: 66, was 0",
		"12:02 daemon_restart  raptoreumd was started at 00:03:20 UTC",
		"12:02 daemon_state  raptoreumd: ready, was hung",
		"12:01 daemon_state  raptoreumd: hung, was ready",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if seen := h.lastSeen("ff"); !seen.Equal(at.Add(4*time.Minute + 30*time.Second)) {
		t.Errorf("seen at %s", seen)
	}
	if left := h.lastHour(at.Add(64*time.Minute + time.Second)); len(left) != 1 {
		t.Errorf("%d changes are left after an hour", len(left))
	}
	h.keep(nil)
	if !h.lastSeen("ff").IsZero() || h.last[self] == nil {
		t.Error("a node that left the fleet is remembered, or this machine is not")
	}
}

// TestHeight: the height of a handshake is compared with that of its time, not with a later one.
func TestHeight(t *testing.T) {
	h := newHistory()
	at := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for i := range 20 {
		h.noteHeight(at.Add(time.Duration(i)*time.Minute), float64(1000+i))
	}
	now := at.Add(19 * time.Minute)
	for ago, want := range map[time.Duration]float64{0: 1019, 2*time.Minute + 20*time.Second: 1017, -50 * time.Second: 1019, 10 * time.Minute: 0, -2 * time.Minute: 0} {
		if height, known := h.height(now.Add(-ago)); height != want || known != (want > 0) {
			t.Errorf("%s ago: %g, %t", ago, height, known)
		}
	}
	for name, test := range map[string]struct {
		height  float64
		known   bool
		samples []string
	}{
		"ready": {7, true, []string{`daemon_state{state="ready"} 1`, "up 1", "block_height 7", `explorer_block_height{explorer="a"} 9`}},
		"slow":  {7, false, []string{`daemon_state{state="slow"} 1`, "up 0", "block_height 7", `explorer_block_height{explorer="a"} 9`}},
		"hung":  {0, false, []string{`daemon_state{state="hung"} 1`, "up 0", `explorer_block_height{explorer="a"} 9`}},
		"none":  {9, true, []string{`explorer_block_height{explorer="a"} 9`, `explorer_block_height{explorer="b"} 8`}},
	} {
		if height, known := networkHeight(judge.NewValues(families(t, test.samples...), at)); height != test.height || known != test.known {
			t.Errorf("%s: %g, %t", name, height, known)
		}
	}
}

// TestHistoryIsBounded: a value that flaps with every scrape takes no more memory than maxChanges.
func TestHistoryIsBounded(t *testing.T) {
	h := newHistory()
	now := time.Now()
	for i := range 3 * maxChanges {
		h.note(self, "", now, families(t, fmt.Sprintf("port_reachable %d", i%2)))
	}
	if n := len(h.lastHour(now)); n != maxChanges {
		t.Errorf("%d changes", n)
	}
}

// TestObserver: pages gather at most once in 15 s, and use what a scrape gathered.
func TestObserver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &observer{history: newHistory(), set: collector.New(collector.Config{Enabled: collector.Names()})}
		first := o.current(t.Context())
		time.Sleep(observeEvery - time.Second)
		if again := o.current(t.Context()); first == nil || again != first {
			t.Errorf("%v, then %v", first, again)
		}
		time.Sleep(time.Second)
		second := o.current(t.Context())
		if second == first || second.began.Sub(first.began) != observeEvery {
			t.Errorf("no gathering after 15 s")
		}
		time.Sleep(observeEvery - time.Second)
		o.gather(t.Context(), poll.NoWait) // a scrape
		time.Sleep(observeEvery - time.Second)
		if third := o.current(t.Context()); third == second || time.Since(third.began) != observeEvery-time.Second {
			t.Error("the gathering of the scrape was not used")
		}
		aborted, cancel := context.WithCancel(t.Context())
		cancel()
		last, _ := o.latest()
		o.gather(aborted, poll.NoWait)
		if now, _ := o.latest(); now != last {
			t.Error("a scrape whose client disconnected is shown")
		}
	})
}
