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
	peersFew         = alerts.MinPeers
	pingSlow         = alerts.MaxPing
	restartsMany     = alerts.ManyRestarts
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

// startJitter is by how many seconds two exporters may differ about the start of a daemon.
const startJitter = 5

// lastStrikeShare is the share of the maximum from which on one more missed key generation, which adds
// 66 %, is a ban.
const lastStrikeShare = 0.34

// spaced turns a label's value into words.
func spaced(s string) string { return strings.ReplaceAll(s, "_", " ") }

// daemonStates are those of raptoreum_daemon_state, the worst last.
func daemonStates() enum {
	return enum{
		{text: "ready", colour: good},
		{text: "warming_up", colour: minor},
		{text: "busy", colour: bad},
		{text: "unauthorized", colour: bad},
		{text: "forbidden", colour: bad},
		{text: "error", colour: critical},
		{text: "unreachable", colour: critical},
		{text: "hung", colour: critical},
	}
}

// smartnodeStates are those of raptoreum_smartnode_state, the worst last.
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

// portPhases are those in which a handshake can end: mnauth comes after a good one.
func portPhases() enum {
	return enum{
		{text: "mnauth", colour: minor},
		{text: "verack", colour: critical},
		{text: "version", colour: critical},
		{text: "connect", colour: critical},
	}
}

// The verdict: what the worst alert that fires asks of the owner.
const (
	well     = 0
	lookAt   = 1
	actToday = 2
	actNow   = 3
)

func verdictWords() []word {
	return []word{
		{value: well, text: "WELL", colour: good},
		{value: lookAt, text: "NOTE", colour: note},
		{value: actToday, text: "ACT TODAY", colour: bad},
		{value: actNow, text: "ACT NOW", colour: critical},
	}
}

// yesNo are the words of a metric that is 1 or 0.
func yesNo(yes, yesColour, no, noColour string) []word {
	return []word{{value: 1, text: yes, colour: yesColour}, {value: 0, text: no, colour: noColour}}
}
