package alerts_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"raptoreum_exporter/alerts"
)

// TestLimits compares alerts.yml with the limits that check and the dashboards use. In the patterns, # stands
// for the limit.
func TestLimits(t *testing.T) {
	rules := readRules(t)
	for _, limit := range []struct {
		alert, severity string
		value           float64
		patterns        []string // each occurs in the expression
	}{
		{"RaptoreumChainStalled", "warning", alerts.StaleTip, []string{"timestamp_seconds[2m]) > # unless"}},
		{"RaptoreumChainStalled", "critical", alerts.StalledTip, []string{"timestamp_seconds[2m]) > # unless"}},
		{"RaptoreumChainBehind", "critical", alerts.FreshTip, []string{"timestamp_seconds[3m]) <= #"}},
		{"RaptoreumChainBehind", "critical", alerts.MaxBlocksBehind, []string{"> -10) > #", "raptoreum_block_height[3m]) > #)"}},
		{"RaptoreumChainBehind", "critical", alerts.MaxExplorerLag, []string{"height_delta_blocks[3m]) > -#"}},
		{"RaptoreumChainBehind", "critical", alerts.MaxPeerGap, []string{"block_height[3m])) <= #"}},
		{"RaptoreumChainBehind", "critical", alerts.MaxBlockGap, []string{"timestamp_seconds[3m]) < #"}},
		{"RaptoreumChainForked", "critical", alerts.MaxForkLag, []string{"height_delta_blocks[3m]) < -#"}},
		{"RaptoreumExplorersDisagree", "warning", alerts.MaxExplorerSpread, []string{"raptoreum_explorer_block_height[3m])) > #", "height_delta_blocks[3m]))) > #"}},
		{"RaptoreumExplorersDisagree", "warning", alerts.MaxPeerGap, []string{"block_height[3m])) <= #"}},
		{"RaptoreumExplorersDisagree", "warning", alerts.StaleTip, []string{"timestamp_seconds[3m]) < #"}},
		{"RaptoreumNetworkStalled", "warning", alerts.StaleTip, []string{"timestamp_seconds[2m]) > #"}},
		{"RaptoreumNetworkStalled", "warning", alerts.MaxTipGap, []string{"delta_blocks[2m])) <= bool #", "block_height[2m])) <= bool #", "delta_blocks[5m]) > #", "block_height[2m]) > #"}},
		{"RaptoreumPeersFew", "warning", alerts.MinPeers, []string{"< #"}},
		{"RaptoreumPeersSlow", "warning", alerts.MaxPing, []string{"> #"}},
		{"RaptoreumDaemonRestarting", "critical", alerts.ManyRestarts, []string{"[1h]) >= #"}},
		{"RaptoreumSmartnodeOneStrikeLeft", "critical", alerts.LastStrike, []string{"strikes_left[2m]) == # unless"}},
		{"RaptoreumSmartnodePoSePenaltyRose", "warning", alerts.MaxPenaltyRise, []string{"> # unless"}},
		{"RaptoreumSmartnodeViewsDisagree", "warning", alerts.MaxPenaltyGap, []string{"> #"}},
		{"RaptoreumSmartnodePaymentOverdue", "warning", alerts.OverdueRounds, []string{"> # *"}},
		{"RaptoreumSmartnodePaymentOverdue", "warning", alerts.OverdueBlocks, []string{"queue_length[5m]) + #"}},
		{"RaptoreumNetworkPoSeStorm", "warning", alerts.MaxPenalised, []string{"> #"}},
		{"RaptoreumHostMemoryLow", "warning", alerts.MinMemory, []string{"< #"}},
		{"RaptoreumHostCPUStarved", "warning", alerts.MaxCPUSteal, []string{"host_cpus[10m]) > #"}},
		{"RaptoreumHostCPUStarved", "warning", alerts.MaxCPUPressure, []string{"pressure_seconds_total[10m]) > #"}},
		{"RaptoreumHostTooFewCPUs", "info", alerts.MinCPUs, []string{"< #"}},
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
			for _, r := range rules {
				found = found || r.Alert == limit.alert && r.Labels["severity"] == limit.severity && whole.MatchString(r.Expr)
			}
			if !found {
				t.Errorf("%s (%s) does not contain %q", limit.alert, limit.severity, want)
			}
		}
	}
	for _, r := range rules {
		if wait, err := time.ParseDuration(r.For); r.Alert == "RaptoreumDaemonStuckWarmingUp" && (err != nil || wait.Seconds() != alerts.MaxWarmup) {
			t.Errorf("%s waits %s, %v; MaxWarmup is %d s", r.Alert, r.For, err, alerts.MaxWarmup)
		}
	}
}
