package alerts_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"raptoreum_exporter/alerts"
)

// TestLimits compares alerts.yml with the limits that check and the dashboards use. In the patterns, # stands
// for the limit.
func TestLimits(t *testing.T) {
	rules, recorded := readAll(t)
	for _, limit := range []struct {
		alert, severity string
		value           float64
		patterns        []string // each occurs in the expression
	}{
		{"RaptoreumChainStalled", "warning", alerts.StaleTip, []string{"tip_age_seconds:last8m > # unless"}},
		{"RaptoreumChainStalled", "critical", alerts.StalledTip, []string{"tip_age_seconds:last8m > # unless"}},
		{"view:raptoreum_pose_banned:last5m", "", alerts.FreshTip, []string{"tip_age_seconds:last8m > #"}},
		{"node:raptoreum_pose_banned:max", "", alerts.FreshTip, []string{"tip_age_seconds:last8m < #)"}},
		{"view:raptoreum_catching_up:any", "", alerts.OldChain, []string{"tip_age_seconds:last8m > #"}},
		{"RaptoreumChainBehind", "warning", alerts.FreshTipLag, []string{"tip_age_seconds:last8m <= #"}},
		{"RaptoreumChainBehind", "warning", alerts.MaxBlockLag, []string{"believed_ahead_blocks:min8m > #", "peers_ahead_blocks:last8m > #)"}},
		{"RaptoreumChainBehind", "critical", alerts.FreshTip, []string{"tip_age_seconds:last8m <= #"}},
		{"RaptoreumChainBehind", "critical", alerts.MaxBlocksBehind, []string{"believed_ahead_blocks:min8m > #", "peers_ahead_blocks:last8m > #)"}},
		{"view:raptoreum_explorers_ahead_blocks:min8m", "", alerts.MaxExplorerLag, []string{"height_delta_blocks[8m]) > -#"}},
		{"view:raptoreum_believed_ahead_blocks:min8m", "", alerts.MaxPeerGap, []string{"peers_ahead_blocks:last8m) <= #"}},
		{"view:raptoreum_believed_ahead_blocks:min8m", "", alerts.MaxBlockGap, []string{"tip_age_seconds:last8m < #"}},
		{"RaptoreumChainForked", "critical", alerts.MaxForkLag, []string{"height_delta_blocks[8m]) < -#"}},
		{"RaptoreumChainForked", "critical", alerts.MaxForkLead, []string{"height_delta_blocks[8m]) > #"}},
		{"RaptoreumChainForked", "critical", alerts.MaxPeerGap, []string{"peers_ahead_blocks:last8m) <= #"}},
		{"RaptoreumExplorersDisagree", "warning", alerts.MaxExplorerSpread, []string{"raptoreum_explorer_block_height[5m])) > #", "height_delta_blocks[5m]))) > #"}},
		{"RaptoreumExplorersDisagree", "warning", alerts.MaxPeerGap, []string{"explorers_ahead_blocks:max8m) <= #", "peers_ahead_blocks:last8m) <= #"}},
		{"RaptoreumExplorersDisagree", "warning", alerts.StaleTip, []string{"tip_age_seconds:last8m < #)", "tip_age_seconds:last8m < #)"}},
		{"RaptoreumNetworkStalled", "warning", alerts.StaleTip, []string{"tip_age_seconds:last8m > #", "tip_age_seconds:last8m[3m]) < #"}},
		{"view:raptoreum_stalled:any", "", alerts.StaleTip, []string{"tip_age_seconds:last8m[3m]) > #"}},
		{"view:raptoreum_stalled_witnesses:sum", "", alerts.MaxTipGap, []string{"delta_blocks[8m])) <= bool #", "ahead_blocks:last8m) <= bool #"}},
		{"RaptoreumNetworkStalled", "warning", alerts.MaxTipGap, []string{"delta_blocks[8m]) > #", "ahead_blocks:last8m > #"}},
		{"RaptoreumPeersFew", "warning", alerts.MinPeers, []string{"< #"}},
		{"RaptoreumPeersSlow", "warning", alerts.MaxPing, []string{"> #"}},
		{"RaptoreumDaemonRestarting", "critical", alerts.ManyRestarts, []string{"[1h]) >= #"}},
		{"RaptoreumSmartnodeOneStrikeLeft", "critical", alerts.LastStrike, []string{"strikes_left[40m]) == # unless"}},
		{"RaptoreumSmartnodePoSePenaltyRose", "warning", alerts.MaxPenaltyRise, []string{"[1h]) > #"}},
		{"RaptoreumSmartnodeViewsDisagree", "warning", alerts.MaxPenaltyGap, []string{"> #"}},
		{"RaptoreumSmartnodePaymentOverdue", "warning", alerts.OverdueRounds, []string{"> # *"}},
		{"RaptoreumSmartnodePaymentOverdue", "warning", alerts.OverdueBlocks, []string{"queue_length[8m]) + #"}},
		{"RaptoreumNetworkPoSeStorm", "warning", alerts.MaxPenalised, []string{"> #"}},
		{"RaptoreumNetworkPoSeStorm", "warning", alerts.MinPenalised, []string{">= #"}},
		{"RaptoreumHostMemoryLow", "warning", alerts.MinMemory, []string{"total_bytes[5m]) < #", "limit_bytes[5m]) < #"}},
		{"RaptoreumHostCPUStarved", "warning", alerts.MaxCPUSteal, []string{"host_cpus[15m]) > #", "host_cpus[5m]) > #"}},
		{"RaptoreumHostCPUStarved", "warning", alerts.MaxCPUPressure, []string{"pressure_seconds_total[15m]) > #", "pressure_seconds_total[5m]) > #"}},
		{"RaptoreumHostCPUStarved", "warning", alerts.MaxCPUSteal, []string{"throttled_seconds_total[15m]) > #", "throttled_seconds_total[5m]) > #"}},
		{"RaptoreumHostTooFewCPUs", "info", alerts.MinCPUs, []string{"limit_cores[1h]) < #", "host_cpus[1h]) < #"}},
		{"RaptoreumDatadirFillingUp", "warning", alerts.LowDisk / 1e9, []string{"free_bytes[5m]) < #e9"}},
		{"RaptoreumDatadirFillingUp", "critical", alerts.FullDisk / 1e9, []string{"free_bytes[5m]) < #e9"}},
		{"RaptoreumDatadirFillingUp", "warning", alerts.LowDiskShare, []string{"size_bytes[5m]) < #"}},
		{"RaptoreumDatadirFillingUp", "warning", alerts.LowDiskDays, []string{"free_bytes[6h], # * 86400) < 0"}},
		{"RaptoreumFileDescriptorsLow", "warning", alerts.MaxOpenFiles, []string{"> #"}},
	} {
		number := strconv.FormatFloat(limit.value, 'f', -1, 64)
		for _, pattern := range limit.patterns {
			want := strings.ReplaceAll(pattern, "#", number)
			whole := regexp.MustCompile(regexp.QuoteMeta(want) + `($|[^\d.])`)
			found := false
			for _, r := range slices.Concat(rules, recorded) {
				found = found || r.Alert+r.Record == limit.alert && r.Labels["severity"] == limit.severity && whole.MatchString(r.Expr)
			}
			if !found {
				t.Errorf("%s (%s) does not contain %q", limit.alert, limit.severity, want)
			}
		}
	}
	for _, r := range rules {
		if r.Alert == "RaptoreumUpdateAvailable" || r.Alert == "RaptoreumFileDescriptorsLow" {
			if want := fmt.Sprintf("raptoreum_dkg_next_start_blocks is %d or more", alerts.MinRestartBlocks); !strings.Contains(strings.Join(strings.Fields(r.Annotations["description"]), " "), want) {
				t.Errorf("%s does not contain %q", r.Alert, want)
			}
		}
		if wait, err := time.ParseDuration(r.For); r.Alert == "RaptoreumDaemonStuckWarmingUp" && (err != nil || wait.Seconds() != alerts.MaxWarmup) {
			t.Errorf("%s waits %s, %v; MaxWarmup is %d s", r.Alert, r.For, err, alerts.MaxWarmup)
		}
	}
}

// TestWaits checks the table of README.md that says what each alert waits for: it has the alerts of the outages above it,
// and the times of the rules and routes.
func TestWaits(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	routes, err := os.ReadFile("alertmanager.yml")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(readme), "<!-- outages")
	outages, rest, _ := strings.Cut(text, "<!-- end of outages -->")
	waits, _, _ := strings.Cut(rest, "<!--")
	name, times := regexp.MustCompile("`(Raptoreum\\w+)`"), regexp.MustCompile("`(for|group_wait): (\\w+)`")
	for _, found := range name.FindAllString(outages, -1) {
		if !strings.Contains(waits, "\n| "+found+" |") {
			t.Errorf("%s is not in the table of what alerts wait for", found)
		}
	}
	rules, rows := readRules(t), 0
	for row := range strings.Lines(waits) {
		alert := name.FindStringSubmatch(row)
		if alert == nil {
			continue
		}
		rows++
		for _, wait := range times.FindAllStringSubmatch(row, -1) {
			known := strings.Contains(string(routes), "group_wait: "+wait[2]+"\n")
			if wait[1] == "for" {
				known = slices.ContainsFunc(rules, func(r rule) bool { return r.Alert == alert[1] && r.For == wait[2] })
			}
			if !known {
				t.Errorf("%s has no %s: %s", alert[1], wait[1], wait[2])
			}
		}
	}
	if rows < 10 {
		t.Errorf("the table has %d rows", rows)
	}
}
