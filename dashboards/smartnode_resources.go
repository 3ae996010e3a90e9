package dashboards

import "fmt"

func rateOf(name string) string { return "rate(" + nodeMetric(name) + "[$__rate_interval])" }

func resourcePanels() []panel {
	return []panel{
		{
			kind: graph, title: "CPU of raptoreumd", w: 8, h: 7, alerts: []string{"RaptoreumHostTooFewCPUs"},
			description: fmt.Sprintf("Cores that raptoreumd uses, and cores of the machine, of which the guides ask for %d. Normal: a fraction of one core; all of them while the chain is downloaded.", cpusFew),
			queries: []query{
				{"raptoreumd", maxOf(rateOf("process_cpu_seconds_total"))},
				{"cores of the machine", maxOf(nodeMetric("host_cpus"))},
			},
			field:     field{unit: "suffix:cores", min: ptr(0.0)},
			overrides: []override{{"cores of the machine", field{dashed: true}}},
		},
		{
			kind: graph, title: "CPU that is missing", w: 8, h: 7, showLimits: true, alerts: []string{"RaptoreumHostCPUStarved"},
			description: "Share of the time in which some task waits for a CPU, and share of the CPU time that the provider gave to others. Normal: under 20 % and under 5 %. The lines are the limits of the alert.",
			queries: []query{
				{"waiting", maxOf(rateOf("host_cpu_pressure_seconds_total"))},
				{"stolen", maxOf(rateOf("host_cpu_steal_seconds_total") + " / " + nodeMetric("host_cpus"))},
			},
			field: field{unit: "percentunit", min: ptr(0.0), steps: limits(step{cpuStolen, minor}, step{cpuPressure, bad})},
		},
		{
			kind: graph, title: "Memory", w: 8, h: 7, alerts: []string{"RaptoreumHostMemoryLow"},
			description: "Memory of raptoreumd and of the machine. Normal: what is available stays far above the dashed line. Below it the kernel kills the largest program, raptoreumd.",
			queries: []query{
				{"raptoreumd", maxOf(nodeMetric("process_resident_memory_bytes"))},
				{"available", maxOf(nodeMetric("host_memory_available_bytes"))},
				{"machine", maxOf(nodeMetric("host_memory_total_bytes"))},
				{"too little below", fmt.Sprintf("%v * %s", memoryLow, maxOf(nodeMetric("host_memory_total_bytes")))},
			},
			field:     field{unit: "bytes", min: ptr(0.0)},
			overrides: []override{{"too little below", field{colour: bad, dashed: true}}},
		},
	}
}

// untilFull is the days until the disk is full at the pace of 6 hours; notFilling of them mean never.
func untilFull() string {
	free := nodeMetric("datadir_free_bytes")
	return fmt.Sprintf("clamp_max(min(%s / clamp_min(-deriv(%s[6h]), 1)) / 86400, %d)", free, free, notFilling)
}

const notFilling = 1000

func storagePanels() []panel {
	return []panel{
		{
			kind: graph, title: "Disk of the data directory", w: 8, h: 7, showLimits: true, alerts: []string{"RaptoreumDatadirFillingUp"},
			description: "Bytes that raptoreumd can still write. Normal: many gigabytes. raptoreumd stops by itself below 50 MiB.",
			queries:     []query{{"free", minOf(nodeMetric("datadir_free_bytes"))}, {"size", maxOf(nodeMetric("datadir_size_bytes"))}},
			field:       field{unit: "bytes", min: ptr(0.0), steps: []step{{0, critical}, {diskVeryLow, bad}, {diskLow, "transparent"}}},
			overrides:   []override{{"size", field{dashed: true}}},
		},
		{
			kind: stat, title: "Disk full in", w: 4, h: 7, alerts: []string{"RaptoreumDatadirFillingUp"},
			description: fmt.Sprintf("Days until the disk is full at the pace of the last 6 hours. Normal: not filling. The alert waits until less than %v %% is free.", diskShare*100),
			queries:     []query{{"days", untilFull()}},
			field: field{
				unit: "suffix:days", decimals: ptr(1), noValue: "UNKNOWN", steps: []step{{0, bad}, {diskDays, good}},
				mappings: []valueMapping{{value: 365, to: ptr(float64(notFilling)), text: "not filling", colour: good}},
			},
		},
		{
			kind: stat, title: "Killed for want of memory", w: 6, h: 7, showNames: true, vertical: true, sizes: detail(), alerts: []string{"RaptoreumDaemonOOMKilled"},
			description: "Programs that the kernel killed in the last hour, and of them those of raptoreumd's service. Normal: 0.",
			queries: []query{
				{"raptoreumd", maxOf("increase(" + nodeMetric("daemon_oom_kills_total") + "[1h])")},
				{"any program", maxOf("increase(" + nodeMetric("host_oom_kills_total") + "[1h])")},
			},
			field: field{unit: "none", decimals: ptr(0), noValue: "UNKNOWN", steps: limits(step{0.001, bad})},
		},
		{
			kind: graph, title: "Files open", w: 6, h: 7, showLimits: true, alerts: []string{"RaptoreumFileDescriptorsLow"},
			description: "Share of the file descriptors that raptoreumd may have. Normal: under 50 %. Absent when the exporter runs as another user.",
			queries:     []query{{"open", maxOf(nodeMetric("process_open_fds") + " / " + nodeMetric("process_max_fds"))}},
			field:       field{unit: "percentunit", decimals: ptr(0), min: ptr(0.0), max: ptr(1.0), steps: limits(step{filesMany, bad})},
		},
	}
}
