package judge_test

import (
	"strings"
	"testing"
	"time"

	"raptoreum_exporter/judge"
)

// slow is a daemon that answered a call that takes its main lock 40 s ago.
func slow(more ...string) map[string]string {
	m := map[string]string{
		"up": "0", `daemon_state{state="ready"}`: "0", `daemon_state{state="slow"}`: "1",
		`daemon_answer_age_seconds{batch="mainlock"}`: "40", "initial_block_download": "1",
		"debuglog_block_height": "", "debuglog_tip_timestamp_seconds": "",
	}
	for i := 0; i < len(more); i += 2 {
		m[more[i]] = more[i+1]
	}
	return m
}

// TestSlow: slow is a warning that advises against a restart, and never critical.
func TestSlow(t *testing.T) {
	const noAnswer = `daemon_answer_age_seconds{batch="mainlock"}`
	for _, test := range []struct {
		change map[string]string
		says   string
	}{
		{slow(), "is slow, not hung: it answered a call that takes its main lock 40 s ago; do not restart it"},
		{slow("debuglog_block_height", "400", "debuglog_tip_timestamp_seconds", "1795345640", "debuglog_progress_ratio", "0.25"), "40 s ago; debug.log has block 400, 25.0 %, from"},
		{slow(noAnswer, "", "debuglog_block_height", "400", "debuglog_tip_timestamp_seconds", "1795345640", "debuglog_progress_ratio", "0.25"), "is slow, not hung; debug.log has block 400"},
		{slow(noAnswer, ""), "is slow or hung: it has not answered calls that take its main lock for 75 s; check again in 3 minutes"},
		{slow(noAnswer, "", "debuglog_block_height", "400", "debuglog_tip_timestamp_seconds", "1795300000", "debuglog_progress_ratio", "0.25"), "is slow or hung: "},
	} {
		r := judged(t, test.change)
		if f := finding(t, r, "raptoreumd"); f.Verdict != judge.Warning || f.Alerts[0] != "RaptoreumDaemonSlow" || !strings.Contains(f.Text, test.says) {
			t.Errorf("%+v, want %s", f, test.says)
		}
		if r.Verdict != judge.Warning {
			t.Errorf("the report is %s: %+v", r.Verdict, r.Findings)
		}
	}
	r := variant{age: 700, change: slow("initial_block_download", "0", delta1, "50", delta2, "50", "peers_median_height", "580")}.apply(snapshots(t)).judge(t)
	if f := finding(t, r, "height"); f.Verdict != judge.OK || !strings.Contains(f.Text, "50 blocks behind the network, and raptoreumd is slow: wait") {
		t.Errorf("behind: %+v", f)
	}
}

// TestProgressSlow: --watch shows late answers, and debug.log where there are none.
func TestProgressSlow(t *testing.T) {
	at := time.Unix(1_795_345_700, 0)
	log := []string{"block_height", "", "debuglog_block_height", "400", "debuglog_tip_timestamp_seconds", "1795345690", "debuglog_progress_ratio", "0.25"}
	warming := slow(append(log, `daemon_state{state="slow"}`, "0", `daemon_state{state="warming_up"}`, "1", `daemon_warmup_info{message="Verifying blocks..."}`, "1")...)
	for want, change := range map[string]map[string]string{
		"[##########..........]  50.0 %  measuring  1000/2000, slow":                                  slow("block_height", "1000", "header_height", "2000"),
		"raptoreumd is slow; debug.log has block 400, 25.0 %, from 10 s ago":                          slow(log...),
		"raptoreumd is starting: Verifying blocks...; debug.log has block 400, 25.0 %, from 10 s ago": warming,
	} {
		var p judge.Progress
		families := variant{age: 60, change: change}.apply(snapshots(t)).families(t)
		if line, end := p.Line(families, at); line != want || end {
			t.Errorf("%q, %t, want %q", line, end, want)
		}
	}
}

// TestLimits: the tighter of the machine and the limit of the container or unit counts.
func TestLimits(t *testing.T) {
	for _, test := range []struct {
		name    string
		change  map[string]string
		verdict judge.Verdict
		says    string
	}{
		{"memory", map[string]string{"daemon_memory_limit_bytes": "3e9", "daemon_memory_used_bytes": "2.8e9"}, judge.Warning, "200 MB of 3.0 GB available by the limit of raptoreumd's container or unit"},
		{"memory", map[string]string{"daemon_memory_limit_bytes": "300e9", "daemon_memory_used_bytes": "2.8e9"}, judge.OK, "available"},
		{"CPU", map[string]string{"daemon_cpu_limit_cores": "0.5", "host_cpus": "8"}, judge.OK, "8 cores, but raptoreumd is limited to 0.5; the guides recommend 2"},
		{"CPU", map[string]string{"daemon_cpu_limit_cores": "4", "host_cpus": "8"}, judge.OK, "8 cores, but raptoreumd is limited to 4"},
		{"CPU", map[string]string{"daemon_cpu_limit_cores": "16", "host_cpus": "8"}, judge.OK, "8 cores"},
	} {
		if f := finding(t, judged(t, test.change), test.name); f.Verdict != test.verdict || !strings.Contains(f.Text, test.says) {
			t.Errorf("%v: %+v", test.change, f)
		}
	}
}
