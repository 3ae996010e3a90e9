package dashboards

import "fmt"

func rateOf(name string) string { return "rate(" + nodeMetric(name) + "[$__rate_interval])" }

// usableCores is the number of cores of the machine, or the limit of raptoreumd's container or unit if that is lower.
func usableCores() string {
	cores, limit := nodeMetric("host_cpus"), nodeMetric("daemon_cpu_limit_cores")
	return maxOf(limit + " < " + cores + " or " + cores)
}

// tighter is a value of raptoreumd's container or unit where a smaller share of its memory limit is available
// than of the machine's memory, else the value of the machine. The check command does the same.
func tighter(unit, machine string) string {
	limit := nodeMetric("daemon_memory_limit_bytes")
	return maxOf(unit + " and 1 - " + nodeMetric("daemon_memory_used_bytes") + " / " + limit + " < " +
		nodeMetric("host_memory_available_bytes") + " / " + nodeMetric("host_memory_total_bytes") + " or " + machine)
}

func resourcePanels() []panel {
	total, limit := nodeMetric("host_memory_total_bytes"), nodeMetric("daemon_memory_limit_bytes")
	return []panel{
		{
			kind: graph, title: "raptoreumd CPU usage", w: 8, h: 7, alerts: []string{"RaptoreumHostTooFewCPUs"},
			description: fmt.Sprintf("Cores used by raptoreumd, of the machine, and available: those of the machine, or the limit of raptoreumd's container or unit if lower. The guides recommend %d. Normal: a fraction of one core; all cores while the chain is downloaded.", cpusFew),
			queries: []query{
				{"raptoreumd", maxOf(rateOf("process_cpu_seconds_total"))},
				{"machine", maxOf(nodeMetric("host_cpus"))},
				{"available", usableCores()},
				{"alert threshold", fmt.Sprintf("%d + 0 * %s", cpusFew, usableCores())},
			},
			field:     field{unit: "suffix:cores", min: ptr(0.0)},
			overrides: []override{{"machine", field{dashed: true}}, {"alert threshold", field{colour: bad, dashed: true}}},
		},
		{
			kind: graph, title: "CPU starvation", w: 8, h: 7, showLimits: true, alerts: []string{"RaptoreumHostCPUStarved"},
			description: "Pressure: share of time in which a task waited for a CPU. Steal: share of CPU time that the provider gave to other machines. Throttled: share of time in which the CPU limit of raptoreumd's container or unit stopped it. Normal: under 20 %, under 5 % and 0 %. The lines are the alert thresholds.",
			queries: []query{
				{"pressure", maxOf(rateOf("host_cpu_pressure_seconds_total"))},
				{"steal", maxOf(rateOf("host_cpu_steal_seconds_total") + " / " + nodeMetric("host_cpus"))},
				{"throttled", maxOf(rateOf("daemon_cpu_throttled_seconds_total"))},
			},
			field: field{unit: "percentunit", min: ptr(0.0), softMax: ptr(1.0), steps: limits(step{cpuStolen, minor}, step{cpuPressure, bad})},
		},
		{
			kind: graph, title: "Memory", w: 8, h: 7, alerts: []string{"RaptoreumHostMemoryLow"},
			description: "Memory of raptoreumd and of the machine, and the limit of raptoreumd's container or unit, or of one above it if less is left below that, with what is used of it. Available memory and alert threshold are those of the limit if a smaller share of it is available. Normal: available memory stays far above the dashed line. When memory runs out, the kernel kills the largest process, raptoreumd.",
			queries: []query{
				{"raptoreumd", maxOf(nodeMetric("process_resident_memory_bytes"))},
				{"available", tighter("("+limit+" - "+nodeMetric("daemon_memory_used_bytes")+")", nodeMetric("host_memory_available_bytes"))},
				{"machine", maxOf(total)},
				{"alert threshold", fmt.Sprintf("%v * %s", memoryLow, tighter(limit, total))},
				{"limit", maxOf(limit)},
				{"used of limit", maxOf(nodeMetric("daemon_memory_used_bytes"))},
			},
			field:     field{unit: "bytes", min: ptr(0.0)},
			overrides: []override{{"alert threshold", field{colour: bad, dashed: true}}, {"limit", field{dashed: true}}},
		},
	}
}

// untilFull is the number of days until the disk is full at the rate of the last 6 hours, capped at notFilling.
func untilFull() string {
	free := nodeMetric("datadir_free_bytes")
	return fmt.Sprintf("clamp_max(min(%s / clamp_min(-deriv(%s[6h]), 1)) / 86400, %d)", free, free, notFilling)
}

const notFilling = 1000

func storagePanels() []panel {
	return []panel{
		{
			kind: graph, title: "Data directory disk", w: 8, h: 7, showLimits: true, alerts: []string{"RaptoreumDatadirFillingUp"},
			description: "Free bytes for raptoreumd. Normal: many gigabytes. raptoreumd shuts down below 50 MiB.",
			queries:     []query{{"free", minOf(nodeMetric("datadir_free_bytes"))}, {"size", maxOf(nodeMetric("datadir_size_bytes"))}},
			field:       field{unit: "bytes", min: ptr(0.0), steps: []step{{0, critical}, {diskVeryLow, bad}, {diskLow, "transparent"}}},
			overrides:   []override{{"size", field{dashed: true}}},
		},
		{
			kind: stat, title: "Disk full in", w: 4, h: 7, alerts: []string{"RaptoreumDatadirFillingUp"},
			description: fmt.Sprintf("Days until the disk is full at the rate of the last 6 hours. Normal: not filling. The alert fires only when less than %v %% is free.", diskShare*100),
			queries:     []query{{"days", untilFull()}},
			field: field{
				unit: "suffix:days", decimals: ptr(1), noValue: "UNKNOWN", steps: []step{{0, bad}, {diskDays, good}},
				mappings: []valueMapping{{value: 365, to: ptr(float64(notFilling)), text: "not filling", colour: good}},
			},
		},
		{
			kind: stat, title: "OOM kills", w: 6, h: 7, showNames: true, vertical: true, sizes: detail(), alerts: []string{"RaptoreumDaemonOOMKilled"},
			description: "Processes that the kernel killed in the last hour because memory ran out: in raptoreumd's cgroup, and in total. Normal: 0.",
			queries: []query{
				{"raptoreumd", maxOf("increase(" + nodeMetric("daemon_oom_kills_total") + "[1h])")},
				{"any process", maxOf("increase(" + nodeMetric("host_oom_kills_total") + "[1h])")},
			},
			field: field{unit: "none", decimals: ptr(0), noValue: "UNKNOWN", steps: limits(step{0.001, bad})},
		},
		{
			kind: graph, title: "Open files", w: 6, h: 7, showLimits: true, alerts: []string{"RaptoreumFileDescriptorsLow"},
			description: "Share of raptoreumd's file descriptor limit in use. Normal: under 50 %. Absent if the exporter runs as another user.",
			queries:     []query{{"open", maxOf(nodeMetric("process_open_fds") + " / " + nodeMetric("process_max_fds"))}},
			field:       field{unit: "percentunit", min: ptr(0.0), max: ptr(1.0), steps: limits(step{filesMany, bad})},
		},
	}
}
