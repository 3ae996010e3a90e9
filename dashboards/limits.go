package dashboards

import (
	"strings"

	"raptoreum_exporter/alerts"
)

// Thresholds from alerts.yml; their units and reasons are in alerts/limits.go.
const (
	tipOld           = alerts.StaleTip
	tipVeryOld       = alerts.StalledTip
	blocksBehind     = alerts.MaxBlocksBehind
	explorerBehind   = alerts.MaxExplorerSpread
	explorerLag      = alerts.MaxExplorerLag
	peersFew         = alerts.MinPeers
	pingSlow         = alerts.MaxPing
	restartsMany     = alerts.ManyRestarts
	restartBlocks    = alerts.MinRestartBlocks
	lastStrike       = alerts.LastStrike
	penaltyRise      = alerts.MaxPenaltyRise
	memoryLow        = alerts.MinMemory
	cpuStolen        = alerts.MaxCPUSteal
	cpuPressure      = alerts.MaxCPUPressure
	cpusFew          = alerts.MinCPUs
	diskLow          = alerts.LowDisk
	diskVeryLow      = alerts.FullDisk
	diskShare        = alerts.LowDiskShare
	diskDays         = alerts.LowDiskDays
	filesMany        = alerts.MaxOpenFiles
	overdueRounds    = alerts.OverdueRounds
	overdueBlocks    = alerts.OverdueBlocks
	networkPenalised = alerts.MaxPenalised
)

// startJitter is by how many seconds two exporters may differ in the start time of one daemon.
const startJitter = 5

// lateAnswer is the age in seconds from which an answer is from before this scrape: raptoreumd is slow.
const lateAnswer = 10

// lastStrikeShare is the share of the maximum penalty from which one more missed key generation, which
// adds 66 %, causes a ban.
const lastStrikeShare = 0.34

// spaced replaces the underscores of a label value with spaces.
func spaced(s string) string { return strings.ReplaceAll(s, "_", " ") }

// daemonStates are the values of raptoreum_daemon_state, from best to worst.
func daemonStates() enum {
	return enum{
		{text: "ready", colour: good},
		{text: "slow", colour: minor},
		{text: "warming_up", colour: minor},
		{text: "busy", colour: bad},
		{text: "unauthorized", colour: bad},
		{text: "forbidden", colour: bad},
		{text: "error", colour: critical},
		{text: "unreachable", colour: critical},
		{text: "hung", colour: critical},
	}
}

// smartnodeStates are the values of raptoreum_smartnode_state, from best to worst.
func smartnodeStates() enum {
	return enum{
		{text: "ready", colour: good},
		{text: "unknown", colour: unknown},
		{text: "waiting_for_protx", colour: bad, short: "no ProTx yet"},
		{text: "error", colour: critical},
		{text: "operator_key_changed", colour: critical, short: "key changed"},
		{text: "protx_ip_changed", colour: critical, short: "IP changed"},
		{text: "removed", colour: critical},
		{text: "pose_banned", colour: critical},
	}
}

// portPhases are the phases in which a handshake can fail. mnauth follows a successful handshake.
func portPhases() enum {
	return enum{
		{text: "mnauth", colour: minor},
		{text: "verack", colour: critical},
		{text: "version", colour: critical},
		{text: "connect", colour: critical},
	}
}

// The verdict: the action that the worst firing alert requires of the owner. A daemon that is slow, for which
// no alert fires yet, is worse than an alert that is for information only.
const (
	allOK = iota
	info
	slow
	actToday
	actNow
)

func verdictMappings() []valueMapping {
	return []valueMapping{
		{value: allOK, text: "OK", colour: good},
		{value: info, text: "INFO", colour: note},
		{value: slow, text: "SLOW", colour: minor},
		{value: actToday, text: "ACT TODAY", colour: bad},
		{value: actNow, text: "ACT NOW", colour: critical},
	}
}

// yesNo returns the value mappings of a metric that is 1 or 0.
func yesNo(yes, yesColour, no, noColour string) []valueMapping {
	return []valueMapping{{value: 1, text: yes, colour: yesColour}, {value: 0, text: no, colour: noColour}}
}
