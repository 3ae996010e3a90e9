package judge_test

import (
	"strings"
	"testing"
)

// TestRestart: a restart is called safe only if it ends before the next key generation can start, as the runbook demands.
func TestRestart(t *testing.T) {
	const safe, next, enabled = "safe_to_restart", "dkg_next_start_blocks", `smartnodes{state="enabled"}`
	for _, test := range []struct {
		change map[string]string
		says   string
	}{
		{map[string]string{safe: "1", next: "5"}, "; a restart is safe now"},
		{map[string]string{safe: "1", next: "4"}, "; the next key generation can start in 4 blocks, do not restart now"},
		{map[string]string{safe: "1", next: "1"}, "; the next key generation can start in 1 block, do not restart now"},
		{map[string]string{safe: "1", next: ""}, "; no key generation is running"},
		{map[string]string{safe: "0", next: "20"}, "; a key generation is running, do not restart now"},
		{map[string]string{safe: "", next: "20", enabled: "9"}, "; whether a key generation is running is unknown on a network this small"},
		{map[string]string{safe: "", next: "20", enabled: "10"}, "; whether a key generation is running is unknown: the network had too few smartnodes until lately"},
		{map[string]string{safe: "", next: "20", enabled: "10", `scrape_collector_success{collector="quorum"}`: "0"}, "quorums"},
	} {
		if f := finding(t, judged(t, test.change), "quorum duty"); !strings.HasSuffix(f.Text, test.says) {
			t.Errorf("%v: %q, want %q", test.change, f.Text, test.says)
		}
	}
}
