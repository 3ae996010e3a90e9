package dashboards

import "fmt"

func paymentPanels() []panel {
	return []panel{
		{
			kind: graph, title: "Place in the queue", w: 8, h: 7,
			about: "How many smartnodes are paid before this one. Normal: it sinks to 0, is paid, and begins anew at the end.",
			queries: []query{
				{"ahead of it", largest(mine("smartnode_payment_queue_position"))},
				{"length of the queue", largest(mine("smartnode_payment_queue_length"))},
			},
			field:  field{unit: "none", decimals: ptr(0), min: ptr(0.0)},
			fields: []override{{"length of the queue", field{dashed: true}}},
		},
		{
			kind: graph, title: "Waits for a payment", w: 7, h: 7, alerts: []string{"RaptoreumSmartnodePaymentOverdue"},
			about:   "Blocks since the last payment, and the wait from which on it is overdue: one and a half rounds of the queue. Normal: below the dashed line.",
			queries: []query{{"waits", waited()}, {"overdue from", overdueFrom()}},
			field:   field{unit: "suffix:blocks", decimals: ptr(0), min: ptr(0.0)},
			fields:  []override{{"overdue from", field{colour: bad, dashed: true}}},
		},
		{
			kind: graph, title: "Paid heights", w: 5, h: 7,
			about:   "Block height of the last payment. Normal: a step up at each payment.",
			queries: []query{{"last paid", largest(mine("smartnode_last_paid_height"))}},
			field:   field{unit: "none", decimals: ptr(0)},
		},
		{
			kind: stat, title: "Payment", w: 4, h: 7, alerts: []string{"RaptoreumSmartnodePaymentOverdue", "RaptoreumSmartnodeUnpayable"},
			about:   "Does it wait longer than one and a half rounds of the queue. Normal: IN TIME.",
			queries: []query{{"payment", waited() + " > bool " + overdueFrom()}},
			field:   field{unit: "none", words: yesNo("OVERDUE", bad, "IN TIME", good), none: "UNKNOWN"},
		},
	}
}

func quorumPanels() []panel {
	return []panel{
		{
			kind: stat, title: "Restart now?", w: 6, h: 6,
			about:   "A restart while a key generation runs is a missed duty, and two of them are a ban. Normal: SAFE most of the time; else wait some minutes.",
			queries: []query{{"restart", least(mine("safe_to_restart"))}},
			field:   field{unit: "none", words: yesNo("SAFE", good, "WAIT: DUTY RUNS", bad), none: "UNKNOWN"},
		},
		{
			kind: stat, title: "Next key generation", w: 4, h: 6,
			about:   "Blocks until key generations can start again, each multiple of 30. Normal: 1 to 30; a block takes 2 minutes.",
			queries: []query{{"next", least(mine("dkg_next_start_blocks"))}},
			field:   field{unit: "suffix:blocks", decimals: ptr(0), colour: plain, none: "UNKNOWN"},
		},
		{
			kind: timeline, title: "Duty", w: 7, h: 6,
			about:   "When a key generation ran in which this node had a duty. Normal: some minutes at a time.",
			queries: []query{{"key generation", largest(mine("dkg_active"))}},
			field:   field{unit: "none", words: yesNo("on duty", note, "free", good)},
		},
		{
			kind: graph, title: "Quorums", w: 7, h: 6, alerts: []string{"RaptoreumSmartnodeDKGMissed"},
			about: "Active quorums that the node belongs to. Left out: it missed their key generation. Normal: none left out.",
			queries: []query{
				{"member", largest(mine("quorum_memberships", `valid="true"`))},
				{"left out", largest(mine("quorum_memberships", `valid="false"`))},
			},
			field:  field{unit: "none", decimals: ptr(0), min: ptr(0.0)},
			fields: []override{{"member", field{colour: good}}, {"left out", field{colour: critical}}},
		},
	}
}

func rateOf(name string) string { return "rate(" + mine(name) + "[$__rate_interval])" }

func resourcePanels() []panel {
	return []panel{
		{
			kind: graph, title: "CPU of raptoreumd", w: 8, h: 7, alerts: []string{"RaptoreumHostTooFewCPUs"},
			about: fmt.Sprintf("Cores that raptoreumd uses, and cores of the machine, of which the guides ask for %d. Normal: a fraction of one core; all of them while the chain is downloaded.", cpusFew),
			queries: []query{
				{"raptoreumd", largest(rateOf("process_cpu_seconds_total"))},
				{"cores of the machine", largest(mine("host_cpus"))},
			},
			field:  field{unit: "suffix:cores", min: ptr(0.0)},
			fields: []override{{"cores of the machine", field{dashed: true}}},
		},
		{
			kind: graph, title: "CPU that is missing", w: 8, h: 7, lines: true, alerts: []string{"RaptoreumHostCPUStarved"},
			about: "Share of the time in which some task waits for a CPU, and share of the CPU time that the provider gave to others. Normal: under 20 % and under 5 %. The lines are the limits of the alert.",
			queries: []query{
				{"waiting", largest(rateOf("host_cpu_pressure_seconds_total"))},
				{"stolen", largest(rateOf("host_cpu_steal_seconds_total") + " / " + mine("host_cpus"))},
			},
			field: field{unit: "percentunit", min: ptr(0.0), steps: limits(step{cpuStolen, minor}, step{cpuPressure, bad})},
		},
		{
			kind: graph, title: "Memory", w: 8, h: 7, alerts: []string{"RaptoreumHostMemoryLow"},
			about: "Memory of raptoreumd and of the machine. Normal: what is available stays far above the dashed line. Below it the kernel kills the largest program, raptoreumd.",
			queries: []query{
				{"raptoreumd", largest(mine("process_resident_memory_bytes"))},
				{"available", largest(mine("host_memory_available_bytes"))},
				{"machine", largest(mine("host_memory_total_bytes"))},
				{"too little below", fmt.Sprintf("%v * %s", memoryLow, largest(mine("host_memory_total_bytes")))},
			},
			field:  field{unit: "bytes", min: ptr(0.0)},
			fields: []override{{"too little below", field{colour: bad, dashed: true}}},
		},
	}
}

// untilFull is the days until the disk is full at the pace of 6 hours; notFilling of them mean never.
func untilFull() string {
	free := mine("datadir_free_bytes")
	return fmt.Sprintf("clamp_max(min(%s / clamp_min(-deriv(%s[6h]), 1)) / 86400, %d)", free, free, notFilling)
}

const notFilling = 1000

func storagePanels() []panel {
	return []panel{
		{
			kind: graph, title: "Disk of the data directory", w: 8, h: 7, lines: true, alerts: []string{"RaptoreumDatadirFillingUp"},
			about:   "Bytes that raptoreumd can still write. Normal: many gigabytes. raptoreumd stops by itself below 50 MiB.",
			queries: []query{{"free", least(mine("datadir_free_bytes"))}, {"size", largest(mine("datadir_size_bytes"))}},
			field:   field{unit: "bytes", min: ptr(0.0), steps: []step{{0, critical}, {diskVeryLow, bad}, {diskLow, "transparent"}}},
			fields:  []override{{"size", field{dashed: true}}},
		},
		{
			kind: stat, title: "Disk full in", w: 4, h: 7, alerts: []string{"RaptoreumDatadirFillingUp"},
			about:   fmt.Sprintf("Days until the disk is full at the pace of the last 6 hours. Normal: not filling. The alert waits until less than %v %% is free.", diskShare*100),
			queries: []query{{"days", untilFull()}},
			field: field{
				unit: "suffix:days", decimals: ptr(1), none: "UNKNOWN", steps: []step{{0, bad}, {diskDays, good}},
				words: []word{{value: 365, to: ptr(float64(notFilling)), text: "not filling", colour: good}},
			},
		},
		{
			kind: stat, title: "Killed for want of memory", w: 6, h: 7, names: true, vertical: true, sizes: detail(), alerts: []string{"RaptoreumDaemonOOMKilled"},
			about: "Programs that the kernel killed in the last hour, and of them those of raptoreumd's service. Normal: 0.",
			queries: []query{
				{"raptoreumd", largest("increase(" + mine("daemon_oom_kills_total") + "[1h])")},
				{"any program", largest("increase(" + mine("host_oom_kills_total") + "[1h])")},
			},
			field: field{unit: "none", decimals: ptr(0), none: "UNKNOWN", steps: limits(step{0.001, bad})},
		},
		{
			kind: graph, title: "Files open", w: 6, h: 7, lines: true, alerts: []string{"RaptoreumFileDescriptorsLow"},
			about:   "Share of the file descriptors that raptoreumd may have. Normal: under 50 %. Absent when the exporter runs as another user.",
			queries: []query{{"open", largest(mine("process_open_fds") + " / " + mine("process_max_fds"))}},
			field:   field{unit: "percentunit", decimals: ptr(0), min: ptr(0.0), max: ptr(1.0), steps: limits(step{filesMany, bad})},
		},
	}
}
