package judge_test

import (
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"raptoreum_exporter/check"
	"raptoreum_exporter/judge"
)

// judged returns the report on the healthy node after a change.
func judged(t *testing.T, change map[string]string) judge.Report {
	t.Helper()
	return variant{name: t.Name(), age: 60, change: change}.apply(snapshots(t)).judge(t)
}

func finding(t *testing.T, r judge.Report, name string) judge.Finding {
	t.Helper()
	for _, f := range r.Findings {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("no finding %q in %+v", name, r)
	return judge.Finding{}
}

// TestWarnings checks findings on both sides of each limit: the conditions of warning alerts that a single check
// can see are warnings here.
func TestWarnings(t *testing.T) {
	for _, test := range []struct {
		name, alert string
		over, under map[string]string
	}{
		{"warnings", "DaemonWarns", map[string]string{"daemon_warnings": "1"}, nil},
		{"collectors", "CollectorFailing", map[string]string{`scrape_collector_success{collector="peers"}`: "0"}, map[string]string{`scrape_collector_success{collector="explorer"}`: "0"}},
		{"explorers", "ExplorersDown", map[string]string{
			`explorer_up{explorer="explorer-1"}`: "0", `explorer_up{explorer="explorer-2"}`: "0",
			`explorer_block_height{explorer="explorer-1"}`: "", `explorer_block_height{explorer="explorer-2"}`: "",
		}, map[string]string{`explorer_up{explorer="explorer-1"}`: "0"}},
		{"explorers", "ExplorersDisagree", map[string]string{`explorer_block_height{explorer="explorer-1"}`: "540", delta1: "11"}, map[string]string{`explorer_block_height{explorer="explorer-1"}`: "539", delta1: "10"}},
		{"explorers", "ExplorersDisagree", map[string]string{`explorer_block_height{explorer="explorer-1"}`: "518", delta1: "-8", delta2: "3"}, map[string]string{`explorer_block_height{explorer="explorer-1"}`: "518", delta1: "-11", delta2: "0"}},
		{"explorers", "ExplorersDisagree", map[string]string{delta1: "11", delta2: "11"}, map[string]string{delta1: "11", delta2: "10"}},
		{"peers", "PeersFew", map[string]string{`peers{direction="inbound"}`: "2"}, nil},
		{
			"peers", "NoInboundPeers",
			map[string]string{`peers{direction="inbound"}`: "0", `peers{direction="outbound"}`: "8"},
			map[string]string{`peers{direction="inbound"}`: "0", `peers{direction="outbound"}`: "8", "sync_finished": "0"},
		},
		{"peers", "NoInboundPeers", map[string]string{
			`peers{direction="inbound"}`: "0", `peers{direction="outbound"}`: "8",
			`smartnode_state{state="ready"}`: "0", `smartnode_state{state="pose_banned"}`: "1",
		}, nil},
		{"peers", "PeersSlow", map[string]string{"peers_ping_seconds": "1.1"}, map[string]string{"peers_ping_seconds": "1"}},
		{"payment", "SmartnodePaymentOverdue", map[string]string{"smartnode_payment_wait_blocks": "37"}, map[string]string{"smartnode_payment_wait_blocks": "36"}},
		{"quorum duty", "SmartnodeDKGMissed", map[string]string{`quorum_memberships{valid="false"}`: "1"}, nil},
		{"explorers' view", "SmartnodeViewsDisagree", map[string]string{`explorer_smartnode_pose_penalty{explorer="explorer-1"}`: "21"}, map[string]string{`explorer_smartnode_pose_penalty{explorer="explorer-1"}`: "20"}},
		{"port", "PortIdentityMissing", map[string]string{"port_mnauth_received": "0"}, map[string]string{"port_mnauth_received": "0", "smartnode_pose_banned": "1"}},
		{"port", "PortIdentityMissing", map[string]string{"port_mnauth_received": "0"}, map[string]string{"port_mnauth_received": "0", "smartnode_registered": "0"}},
		{"memory", "HostMemoryLow", map[string]string{"host_memory_available_bytes": "0.3e9"}, map[string]string{"host_memory_available_bytes": "0.34e9"}},
		{"disk", "DatadirFillingUp", map[string]string{"datadir_free_bytes": "2.9e9"}, map[string]string{"datadir_free_bytes": "3e9"}},
		{"files", "FileDescriptorsLow", map[string]string{"process_open_fds": "900", "process_max_fds": "1024"}, map[string]string{"process_open_fds": "800", "process_max_fds": "1024"}},
		{"release", "UpdateAvailable", map[string]string{"release_update_available": "1"}, nil},
		{"restarts", "DaemonOOMKilled", map[string]string{"daemon_start_time_seconds": "1795345600", "daemon_oom_kills_total": "1"}, map[string]string{"daemon_oom_kills_total": "1"}},
		{"restarts", "DaemonRestarting", map[string]string{"daemon_start_time_seconds": "1795345600"}, nil},
	} {
		f := finding(t, judged(t, test.over), test.name)
		if f.Verdict != judge.Warning || f.Alerts[0] != "Raptoreum"+test.alert {
			t.Errorf("%v: %+v, want a warning %s", test.over, f, test.alert)
		}
		if f := finding(t, judged(t, test.under), orHealthy(test.name, test.under)); f.Verdict != judge.OK {
			t.Errorf("%v: %+v, want ok", test.under, f)
		}
	}
}

// TestFleetOnly: an exporter without a daemon is as meant if it watches a fleet.
func TestFleetOnly(t *testing.T) {
	without := map[string]string{"fleet_config_reload_success": "1"}
	for _, state := range []string{"ready", "slow", "warming_up", "hung", "busy", "unauthorized", "forbidden", "unreachable", "error"} {
		without[`daemon_state{state="`+state+`"}`] = ""
	}
	if f := finding(t, judged(t, without), "raptoreumd"); f.Verdict != judge.OK || !strings.Contains(f.Text, "watches a fleet") {
		t.Errorf("%+v", f)
	}
	without["fleet_config_reload_success"] = ""
	if f := finding(t, judged(t, without), "raptoreumd"); f.Verdict != judge.Unknown {
		t.Errorf("%+v", f)
	}
}

// TestBehind: 3 blocks are a warning once the tip is 5 minutes old, 6 are critical once it is 10 minutes old.
func TestBehind(t *testing.T) {
	for _, test := range []struct {
		age    int
		blocks string
		want   judge.Verdict
	}{{301, "3", judge.Warning}, {301, "2", judge.OK}, {300, "3", judge.OK}, {301, "6", judge.Warning}, {601, "6", judge.Critical}, {601, "5", judge.Warning}} {
		v := variant{name: t.Name(), age: test.age, change: map[string]string{delta1: test.blocks, delta2: test.blocks, "peers_median_height": "", "peers_best_height": ""}}
		f := finding(t, v.apply(snapshots(t)).judge(t), "height")
		if f.Verdict != test.want || test.want != judge.OK && f.Alerts[0] != "RaptoreumChainBehind" {
			t.Errorf("%+v: %+v", test, f)
		}
	}
}

// orHealthy: the recording of the healthy node has no metric of open files.
func orHealthy(name string, under map[string]string) string {
	if name == "files" && under == nil {
		return "memory"
	}
	return name
}

func TestVerdict(t *testing.T) {
	for _, test := range []struct {
		change map[string]string
		want   judge.Verdict
	}{
		{nil, judge.OK},
		{map[string]string{"daemon_warnings": "1"}, judge.Warning},
		{map[string]string{"daemon_warnings": "1", "smartnode_pose_banned": "1"}, judge.Critical},
		{map[string]string{"port_reachable": "", "port_failed_phase": ""}, judge.Unknown},
		{map[string]string{"port_reachable": "", "daemon_warnings": "1"}, judge.Warning},
	} {
		if got := judged(t, test.change).Verdict; got != test.want {
			t.Errorf("%v: %s, want %s", test.change, got, test.want)
		}
	}
	if (judge.Unknown != 3) || judge.Critical != 2 || judge.Warning != 1 || judge.OK != 0 {
		t.Error("the verdicts are not the exit codes of Nagios")
	}
}

// TestPrint: --quiet prints only problems, colors are for terminals, and each finding that is not ok has a
// runbook.
func TestPrint(t *testing.T) {
	var text strings.Builder
	ok, bad := judged(t, nil), judged(t, map[string]string{"smartnode_pose_banned": "1"})
	check.Print(&text, &ok, check.Style{Quiet: true})
	if text.Len() > 0 {
		t.Errorf("quiet printed %q of a healthy node", text.String())
	}
	check.Print(&text, &bad, check.Style{Quiet: true})
	if first, _, _ := strings.Cut(text.String(), "\n"); !strings.HasPrefix(first, "CRITICAL: this machine, PoSe: banned") || strings.Contains(text.String(), "\nok ") {
		t.Errorf("quiet printed %q", text.String())
	}
	if strings.Contains(text.String(), "\x1b") {
		t.Error("colors without a terminal")
	}
	text.Reset()
	if check.Print(&text, &bad, check.Style{Color: true}); !strings.HasPrefix(text.String(), "\x1b[1;31mCRITICAL\x1b[0m") {
		t.Errorf("no colors: %q", text.String())
	}
	for _, s := range snapshots(t) {
		for _, f := range s.judge(t).Findings {
			if (f.Verdict == judge.Warning || f.Verdict == judge.Critical) && len(f.Alerts) == 0 && f.Name != "sync" {
				t.Errorf("%s: %s has no runbook", s.name, f.Name)
			}
		}
	}
}

func TestProgress(t *testing.T) {
	at := time.Unix(1_795_345_700, 0)
	var p judge.Progress
	for i, test := range []struct {
		change map[string]string
		want   string
		end    bool
	}{
		{map[string]string{"block_height": "1000", "header_height": "21000", "initial_block_download": "1"}, "[....................]   4.8 %  measuring  1000/21000", false},
		{map[string]string{"block_height": "2000", "header_height": "21000", "initial_block_download": "1"}, "[#...................]   9.5 %  3 min left, 100 blocks/s  2000/21000", false},
		{map[string]string{"block_height": "2500", "header_height": "21000", "initial_block_download": "1"}, "[##..................]  11.9 %  4 min left, 85 blocks/s  2500/21000", false},
		{map[string]string{"block_height": "2500", "header_height": "2600", "peers_best_height": "21000", "initial_block_download": "1"}, "[##..................]  11.9 %  5 min left, 60 blocks/s  2500/21000, headers 2600", false},
		{map[string]string{"up": "0", `daemon_state{state="ready"}`: "0", `daemon_state{state="hung"}`: "1"}, "raptoreumd does not answer (hung); debug.log has block 274, 100.0 %, from 0 s ago", false},
		{map[string]string{"sync_finished": "0", `sync_stage{stage="governance"}`: "1", `sync_stage{stage="finished"}`: "0"}, "all 529 blocks are downloaded; the smartnode sync is in stage governance", false},
		{nil, "synced at block 529", true},
	} {
		families := variant{age: 60, change: test.change}.apply(snapshots(t)).families(t)
		line, end := p.Line(families, at.Add(time.Duration(i)*10*time.Second))
		if line != test.want || end != test.end {
			t.Errorf("sample %d: %q, %t, want %q, %t", i, line, end, test.want, test.end)
		}
	}
}

// TestNotProbed: a node whose address is known and that was not probed is unknown, whatever its registration says.
func TestNotProbed(t *testing.T) {
	v := variant{name: t.Name(), outside: true, change: map[string]string{"port_reachable": ""}}
	if f := finding(t, v.apply(snapshots(t)).judge(t), "port"); f.Verdict != judge.Unknown || !strings.HasPrefix(f.Text, "no handshake with the registered address") {
		t.Errorf("%+v", f)
	}
}

// TestCompare: unknown is worse than ok, and better than a problem.
func TestCompare(t *testing.T) {
	order := []judge.Verdict{judge.OK, judge.Unknown, judge.Warning, judge.Critical}
	for i, v := range order {
		for k, other := range order {
			if got := v.Compare(other); (got > 0) != (i > k) || (got == 0) != (i == k) {
				t.Errorf("%s, %s: %d", v, other, got)
			}
		}
	}
}

// TestNoDaemon: without a daemon there is nothing to judge: not explorers that do not answer either.
func TestNoDaemon(t *testing.T) {
	collectors := func(names ...string) *dto.MetricFamily {
		ran := &dto.MetricFamily{Name: new("raptoreum_scrape_collector_success"), Type: dto.MetricType_GAUGE.Enum()}
		for _, name := range names {
			ran.Metric = append(ran.Metric, &dto.Metric{Label: []*dto.LabelPair{{Name: new("collector"), Value: &name}}, Gauge: &dto.Gauge{Value: new(1.0)}})
		}
		return ran
	}
	down := &dto.MetricFamily{Name: new("raptoreum_explorer_up"), Type: dto.MetricType_GAUGE.Enum(), Metric: []*dto.Metric{
		{Label: []*dto.LabelPair{{Name: new("explorer"), Value: new("a")}}, Gauge: &dto.Gauge{Value: new(0.0)}},
	}}
	r := judge.Judge(judge.Input{Families: []*dto.MetricFamily{collectors("daemon", "explorer"), down}, At: time.Now()})
	if r.Verdict != judge.Unknown || !strings.Contains(r.Summary(), "no daemon is configured") {
		t.Errorf("%s: %s", r.Verdict, r.Summary())
	}
}

// TestRevoked: without an operator key, update_service cannot end a ban.
func TestRevoked(t *testing.T) {
	for revoked, want := range map[string]int{"0": 1, "1": 2} {
		pose := finding(t, judged(t, map[string]string{"smartnode_pose_banned": "1", "smartnode_operator_revoked": revoked}), "PoSe")
		if len(pose.Next) != want || !strings.HasPrefix(pose.Next[want-1], "protx update_service ") || want == 2 && !strings.HasPrefix(pose.Next[0], "protx update_registrar ") {
			t.Errorf("revoked %s: %q", revoked, pose.Next)
		}
	}
}

// TestExplorers: how many explorers lag, and that those of another network show no fork.
func TestExplorers(t *testing.T) {
	const height1, height3 = `explorer_block_height{explorer="explorer-1"}`, `explorer_block_height{explorer="explorer-3"}`
	another := map[string]string{match1: "0", match2: "0", delta1: "1400000", delta2: "1400000"}
	for _, test := range []struct {
		name   string
		change map[string]string
		want   judge.Finding
	}{
		{"explorers", map[string]string{height1: "329", delta1: "-200"}, judge.Finding{Text: "2 of 2 answer, 1 of them up to 200 blocks behind the foremost one and raptoreumd"}},
		{"explorers", map[string]string{height1: "329", delta1: "-200", height3: "330"}, judge.Finding{Text: "3 of 3 answer, 2 of them up to 200 blocks behind the foremost one and raptoreumd"}},
		{"explorers", map[string]string{height1: "521", delta1: "-8", height3: "329"}, judge.Finding{Text: "3 of 3 answer, 1 of them up to 200 blocks behind the foremost one and raptoreumd"}},
		{"explorers", another, judge.Finding{Verdict: judge.Warning, Text: "their height differs from that of raptoreumd and its peers; do not restart anything"}},
	} {
		f := finding(t, judged(t, test.change), test.name)
		if f.Verdict != test.want.Verdict || f.Text != test.want.Text {
			t.Errorf("%v: %+v, want %+v", test.change, f, test.want)
		}
	}
	for _, f := range judged(t, another).Findings {
		if f.Name == "fork" {
			t.Errorf("a fork of another network: %+v", f)
		}
	}
}
