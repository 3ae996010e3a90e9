package explorer

import (
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"raptoreum_exporter/internal/poll"
)

// TestSmartnodeNearTip: only an explorer near the tip is believed.
func TestSmartnodeNearTip(t *testing.T) {
	const unknown, noAnswer = "unknown", "no answer"
	now := time.Now()
	old, ancient, recent, future := now.Add(-61*time.Minute), now.Add(-24*time.Hour), now.Add(-time.Minute), now.AddDate(9000, 0, 0)
	tests := []struct {
		name      string
		explorers []standing
		own       int64  // -1: not known
		want      string // index of the explorer, or one of the above, with the explorer
		requests  string // about the smartnode, to each
	}{
		{"lagging first", []standing{unaware("6"), knows("352")}, -1, "1", "0 1"},
		{"lagging last", []standing{knows("352"), unaware("6")}, -1, "0", "1 0"},
		{"at height 0", []standing{unaware(""), knows("352")}, -1, "1", "0 1"},
		{"its daemon is down", []standing{unaware("Error: connect ECONNREFUSED 127.0.0.1:10225"), knows("352")}, -1, "1", "0 1"},
		{"lagging, and it knows", []standing{knows("300"), knows("352")}, -1, "1", "0 1"},
		{"lagging, the other fails", []standing{knows("300"), broken("352")}, -1, noAnswer, "0 1"},
		{"lagging, the other has no height", []standing{unaware("6"), knows("<html>")}, 352, noAnswer, "0 0"},
		{"lagging alone", []standing{unaware("6")}, 352, noAnswer, "0"},
		{"lagging alone, and it knows", []standing{knows("300")}, 352, noAnswer, "0"},
		{"no height", []standing{unaware("")}, -1, noAnswer, "0"},
		{"11 behind", []standing{unaware("341"), knows("352")}, -1, "1", "0 1"},
		{"10 behind", []standing{knows("342"), knows("352")}, -1, "0", "1 0"},
		{"unknown to one", []standing{unaware("352"), knows("352")}, -1, "1", "1 1"},
		{"unknown to one, the other fails", []standing{unaware("352"), broken("352")}, -1, unknown + " 0", "1 1"},
		{"unknown to one, the other lags", []standing{unaware("352"), unaware("6")}, -1, unknown + " 0", "1 0"},
		{"unknown to the only one", []standing{unaware("352")}, -1, unknown + " 0", "1"},
		{"unknown to the only one, old", []standing{unaware("352").minedAt(old)}, -1, noAnswer, "1"},
		{"unknown to the only one, old as our daemon", []standing{unaware("352").minedAt(old)}, 352, unknown + " 0", "1"},
		{"known to the only one, old", []standing{knows("352").minedAt(old)}, -1, "0", "1"},
		{"known to the only one, old as our daemon", []standing{knows("352").minedAt(old)}, 352, "0", "1"},
		{"known to the only one, old and far from our daemon", []standing{knows("352").minedAt(old)}, 300, "0", "1"},
		{"known to all, old", []standing{knows("352").minedAt(old), knows("352").minedAt(old), knows("351").minedAt(old)}, -1, "0", "1 0 0"},
		{"known to all, old as our daemon", []standing{knows("352").minedAt(old), knows("352").minedAt(old)}, 352, "0", "1 0"},
		{"known to both, one is old", []standing{knows("352").minedAt(old), knows("352")}, -1, "1", "0 1"},
		{"unknown to the one that answers, old", []standing{unaware("6").minedAt(old), broken("")}, -1, noAnswer, "1 0"},
		{"unknown to both, old", []standing{unaware("352").minedAt(old), unaware("352").minedAt(old)}, -1, noAnswer, "1 1"},
		{"unknown to both, old as our daemon", []standing{unaware("352").minedAt(old), unaware("352").minedAt(old)}, 352, unknown + " 0", "1 1"},
		{"unknown to two of three", []standing{unaware("352"), unaware("350"), knows("352")}, -1, unknown + " 0", "1 1 0"},
		{"unknown to both, near our daemon", []standing{unaware("352"), unaware("350")}, 345, unknown + " 0", "1 1"},
		{"unknown to both, far from our daemon", []standing{unaware("352"), unaware("350")}, 300, noAnswer, "1 1"},
		{"known, our daemon is behind", []standing{knows("352")}, 300, "0", "1"},
		{"both lag, without a daemon", []standing{unaware("6").minedAt(old), unaware("7").minedAt(old)}, -1, noAnswer, "1 1"},
		{"both lag at one height, without a daemon", []standing{unaware("340").minedAt(old), unaware("340").minedAt(old)}, -1, noAnswer, "1 1"},
		{"one of both has an old tip", []standing{unaware("352").minedAt(old), unaware("352")}, -1, unknown + " 1", "1 1"},
		{"one far ahead of two others", []standing{knows("900"), knows("352"), knows("350")}, -1, "1", "0 1 0"},
		{"one far ahead of another and our daemon", []standing{knows("900"), knows("352")}, 351, "1", "0 1"},
		{"one far ahead, unknown to it", []standing{unaware("900"), knows("352"), knows("352")}, -1, "1", "0 1 0"},
		{"one far ahead of our daemon and one that lags", []standing{knows("900"), knows("6").minedAt(ancient)}, 351, "0", "1 0"},
		{"one far ahead of our daemon, no other", []standing{knows("900")}, 351, "0", "1"},
		{"two ahead of our daemon and one that lags", []standing{knows("900"), knows("895"), knows("352")}, 351, "0", "1 0 0"},
		{"two have stopped, one goes on", []standing{knows("152"), knows("152"), knows("352")}, -1, "2", "0 0 1"},
		{"two have stopped and do not know it", []standing{unaware("152"), unaware("152"), knows("352")}, -1, "2", "0 0 1"},
		{"two have stopped, unknown to the one that goes on", []standing{knows("152"), knows("152"), unaware("352")}, -1, unknown + " 2", "0 0 1"},
		{"one has stopped with our daemon, one goes on", []standing{knows("152"), knows("352")}, 152, "1", "0 1"},
		{"two have stopped, one is of another network", []standing{knows("152"), knows("152"), unaware("1400000")}, -1, "0", "1 0 1"},
		{"two begin again with recent blocks, one far ahead", []standing{knows("152").minedAt(recent), knows("150").minedAt(recent), knows("352")}, -1, "0", "1 0 0"},
		{"one of another network, ahead of the right one", []standing{unaware("1400000"), knows("352")}, -1, "1", "1 1"},
		{"one of another network, ahead of one that does not know it", []standing{unaware("1400000"), unaware("352")}, -1, noAnswer, "1 1"},
		{"one of another network, or that begins again, behind the right one", []standing{unaware("6").minedAt(recent), knows("352")}, -1, "1", "1 1"},
		{"one of another network, and our daemon", []standing{unaware("1400000"), knows("352")}, 352, "1", "0 1"},
		{"one of another network, and one that lags", []standing{unaware("1400000"), knows("352"), knows("300")}, -1, "1", "0 1 0"},
		{"the highest number", []standing{unaware("2147483647"), knows("352")}, -1, "1", "1 1"},
		{"the highest number, and two that agree", []standing{knows("2147483647"), knows("352"), knows("352")}, -1, "1", "0 1 0"},
		{"the highest number, of the future", []standing{knows("2147483647").minedAt(future), knows("352")}, -1, "1", "0 1"},
		{"both far behind our daemon", []standing{unaware("6"), unaware("7")}, 352, noAnswer, "0 0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client, servers, _ := newClientOf(t, nil, tt.explorers...)
			if tt.own >= 0 {
				client.SetOwnHeight(tt.own)
			}
			got, ok := client.Smartnode(t.Context(), hashA, poll.Wait)
			said := noAnswer
			for i, s := range servers {
				switch {
				case got.Value.Explorer != s.host():
				case got.Err == nil:
					said = fmt.Sprint(i)
				case errors.Is(got.Err, ErrUnknownSmartnode):
					said = fmt.Sprint(unknown, " ", i)
				}
			}
			if !ok || said != tt.want || said == noAnswer && (got.Err == nil || errors.Is(got.Err, ErrUnknownSmartnode)) {
				t.Errorf("got %s, want %s: %+v", said, tt.want, got)
			}
			if hits := hitsOf(servers); hits != tt.requests {
				t.Errorf("requests %s, want %s", hits, tt.requests)
			}
			if last, ok := client.LastAnswer(hashA); ok != (tt.want != noAnswer) || last.Value.Explorer != got.Value.Explorer {
				t.Errorf("last answer %+v, %v", last, ok)
			}
		})
	}
}

func TestCountNearTip(t *testing.T) {
	client, _, _ := newClientOf(t, nil, unaware("6"), unaware("352"))
	if got, ok := client.Count(t.Context(), poll.Wait); !ok || got.Err != nil || got.Value != 352 {
		t.Errorf("%+v, %v", got, ok)
	}
	client, servers, _ := newClientOf(t, nil, unaware("6"))
	client.SetOwnHeight(352)
	got, ok := client.Count(t.Context(), poll.Wait)
	if !ok {
		t.Fatal("no reading")
	}
	wantError(t, got.Err, servers[0].host(), "its height 6 is 346 blocks behind, so its answers about smartnodes are not used")
}

// TestPeak: an explorer whose daemon begins again, or that is the only one left, is measured against what
// was known before.
func TestPeak(t *testing.T) {
	clock := &clock{}
	client, _, change := newClientOf(t, clock.Now, unaware("352"), knows("352"))
	client.Smartnode(t.Context(), hashA, poll.Wait)
	steps := []struct {
		name      string
		after     time.Duration
		explorers []standing
		known     bool
		unknown   bool
	}{
		{"the other is silent", 5 * time.Minute, []standing{unaware("6"), broken("")}, false, false},
		{"it catches up", 5 * time.Minute, []standing{unaware("343"), broken("")}, false, true},
		{"it reports too much", 5 * time.Minute, []standing{knows("900"), knows("353")}, true, false},
		{"it is corrected", 5 * time.Minute, []standing{unaware("353"), knows("353")}, true, false},
		{"the correction stays", 5 * time.Minute, []standing{knows("354"), broken("")}, true, false},
		{"both stop at an old block", 5 * time.Minute, []standing{knows("100"), knows("101")}, false, false},
		{"a lone one is of another network", 5 * time.Minute, []standing{unaware("1400000"), broken("")}, false, false},
		{"the tip is still known", 5 * time.Minute, []standing{unaware("341"), broken("")}, false, false},
		{"and forgotten after a day", 25 * time.Hour, []standing{unaware("340"), broken("")}, false, true},
	}
	for _, step := range steps {
		clock.add(step.after)
		change(step.explorers...)
		got, ok := client.Smartnode(t.Context(), hashA, poll.Wait)
		if !ok || (got.Err == nil) != step.known || errors.Is(got.Err, ErrUnknownSmartnode) != step.unknown {
			t.Errorf("%s: %+v, %v", step.name, got, ok)
		}
	}
}

// TestSameBlock: an explorer that has shown the same old block for an hour is not believed, until it shows another one.
func TestSameBlock(t *testing.T) {
	clock := &clock{}
	longAgo := clock.Now().Add(-10 * time.Hour)
	client, _, change := newClientOf(t, clock.Now, knows("352").minedAt(longAgo))
	for _, step := range []struct {
		after     time.Duration
		explorers []standing
		known     bool
	}{
		{0, nil, true},
		{59 * time.Minute, nil, true},
		{time.Minute, nil, false},
		{time.Minute, []standing{knows("353").minedAt(longAgo)}, true},
	} {
		clock.add(step.after)
		if step.explorers != nil {
			change(step.explorers...)
		}
		if got, ok := client.Smartnode(t.Context(), hashA, poll.Wait); !ok || (got.Err == nil) != step.known {
			t.Errorf("after %s: %+v, %v", step.after, got, ok)
		}
	}
}

// TestHeightsAreRemembered: one failed request does not make the height unknown, three minutes do.
func TestHeightsAreRemembered(t *testing.T) {
	clock := &clock{}
	client, _, change := newClientOf(t, clock.Now, knows("352"))
	for minute, want := range []bool{true, true, true, false} {
		got, ok := client.Smartnode(t.Context(), hashA, poll.Wait)
		if !ok || (got.Err == nil) != want {
			t.Errorf("minute %d: %+v, %v", minute, got, ok)
		}
		change(knows("Error: ESOCKETTIMEDOUT"))
		clock.add(time.Minute)
	}
}

// TestLastAnswerOfLagging: the first minute may have only the explorer that lags, and on a slow chain.
func TestLastAnswerOfLagging(t *testing.T) {
	clock := &clock{}
	client, _, change := newClientOf(t, clock.Now, unaware("341"), broken("Error: ESOCKETTIMEDOUT"))
	client.Smartnode(t.Context(), hashA, poll.Wait)
	if last, ok := client.LastAnswer(hashA); !ok || !errors.Is(last.Err, ErrUnknownSmartnode) {
		t.Fatalf("%+v, %v", last, ok)
	}
	clock.add(time.Minute)
	change(unaware("341"), broken("352"))
	client.Smartnode(t.Context(), hashA, poll.Wait)
	if last, ok := client.LastAnswer(hashA); ok {
		t.Errorf("%+v", last)
	}
}

// TestLastAnswerOfAnotherChain: in the first minute only an explorer of another chain may have answered.
func TestLastAnswerOfAnotherChain(t *testing.T) {
	clock := &clock{}
	client, servers, change := newClientOf(t, clock.Now, knows("900"), knows(""), knows(""))
	client.Smartnode(t.Context(), hashA, poll.Wait)
	if last, ok := client.LastAnswer(hashA); !ok || last.Value.Explorer != servers[0].host() {
		t.Fatalf("%+v, %v", last, ok)
	}
	if height, agreed := client.AgreedTip(); agreed {
		t.Errorf("agreed on %d", height)
	}
	clock.add(time.Minute)
	change(knows("901"), broken("352"), broken("353"))
	client.Smartnode(t.Context(), hashA, poll.Wait)
	if last, ok := client.LastAnswer(hashA); ok {
		t.Errorf("%+v", last)
	}
	if height, agreed := client.AgreedTip(); height != 353 || !agreed {
		t.Errorf("tip %d, agreed %t", height, agreed)
	}
	if peak := client.heights.peak.height; peak != 353 {
		t.Errorf("peak %d", peak)
	}
}

// TestFastBlocks: what our daemon learned after the height of the explorer was read does not count.
func TestFastBlocks(t *testing.T) {
	client, _, _ := newClientOf(t, nil, knows("352"))
	client.SetOwnHeight(352)
	client.Heights(t.Context(), poll.Wait)
	client.SetOwnHeight(400)
	if got, _ := client.Smartnode(t.Context(), hashA, poll.Wait); got.Err != nil {
		t.Error(got.Err)
	}
}

// TestTipIsCheckedOnce: several unknown smartnodes cost one request for the time of the block.
func TestTipIsCheckedOnce(t *testing.T) {
	client, servers, _ := newClientOf(t, nil, unaware("352"))
	for _, hash := range []string{hashA, hashB} {
		if got, _ := client.Smartnode(t.Context(), hash, poll.Wait); !errors.Is(got.Err, ErrUnknownSmartnode) {
			t.Errorf("%+v", got)
		}
	}
	if n := servers[0].blocks.Load(); n != 1 {
		t.Errorf("%d requests for the block", n)
	}
}

// TestHungExplorer: only the request of its height waits for it.
func TestHungExplorer(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	var hung atomic.Int32
	first := newServer(t, func(_ http.ResponseWriter, r *http.Request) {
		hung.Add(1)
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	second := newServerAt(t, "352", says(200, smartnodeBody))
	client := newClient(t, nil, first.URL, second.URL)
	client.endpoints[0].fetch.timeout = 100 * time.Millisecond
	got, ok := client.Smartnode(t.Context(), hashA, poll.Wait)
	if !ok || got.Err != nil || got.Value.Explorer != second.host() || hung.Load() != 1 {
		t.Errorf("%+v, %v after %d requests", got, ok, hung.Load())
	}
}
