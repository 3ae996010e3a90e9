package dashboards

import "fmt"

// overdueFrom is the wait in blocks from which on a payment is overdue.
func overdueFrom() string {
	return fmt.Sprintf("%v * %s + %v", overdueRounds, maxOf(nodeMetric("smartnode_payment_queue_length")), overdueBlocks)
}

// waited is the blocks since the last payment, or since the node could be paid.
func waited() string {
	return "(" + maxOf(nodeMetric("smartnode_payment_wait_blocks")) + " or " + maxOf(nodeMetric("block_height")) + " - " + maxOf(nodeMetric("smartnode_last_paid_height")) + ")"
}

func paymentPanels() []panel {
	return []panel{
		{
			kind: graph, title: "Place in the queue", w: 8, h: 7,
			description: "How many smartnodes are paid before this one. Normal: it sinks to 0, is paid, and begins anew at the end.",
			queries: []query{
				{"ahead of it", maxOf(nodeMetric("smartnode_payment_queue_position"))},
				{"length of the queue", maxOf(nodeMetric("smartnode_payment_queue_length"))},
			},
			field:     field{unit: "none", decimals: ptr(0), min: ptr(0.0)},
			overrides: []override{{"length of the queue", field{dashed: true}}},
		},
		{
			kind: graph, title: "Waits for a payment", w: 7, h: 7, alerts: []string{"RaptoreumSmartnodePaymentOverdue"},
			description: "Blocks since the last payment, and the wait from which on it is overdue: one and a half rounds of the queue. Normal: below the dashed line.",
			queries:     []query{{"waits", waited()}, {"overdue from", overdueFrom()}},
			field:       field{unit: "suffix:blocks", decimals: ptr(0), min: ptr(0.0)},
			overrides:   []override{{"overdue from", field{colour: bad, dashed: true}}},
		},
		{
			kind: graph, title: "Paid heights", w: 5, h: 7,
			description: "Block height of the last payment. Normal: a step up at each payment.",
			queries:     []query{{"last paid", maxOf(nodeMetric("smartnode_last_paid_height"))}},
			field:       field{unit: "none", decimals: ptr(0)},
		},
		{
			kind: stat, title: "Payment", w: 4, h: 7, alerts: []string{"RaptoreumSmartnodePaymentOverdue", "RaptoreumSmartnodeUnpayable"},
			description: "Does it wait longer than one and a half rounds of the queue. Normal: IN TIME.",
			queries:     []query{{"payment", waited() + " > bool " + overdueFrom()}},
			field:       field{unit: "none", mappings: yesNo("OVERDUE", bad, "IN TIME", good), noValue: "UNKNOWN"},
		},
	}
}

func quorumPanels() []panel {
	return []panel{
		{
			kind: stat, title: "Restart now?", w: 6, h: 6,
			description: "A restart while a key generation runs is a missed duty, and two of them are a ban. Normal: SAFE most of the time; else wait some minutes.",
			queries:     []query{{"restart", minOf(nodeMetric("safe_to_restart"))}},
			field:       field{unit: "none", mappings: yesNo("SAFE", good, "WAIT: DUTY RUNS", bad), noValue: "UNKNOWN"},
		},
		{
			kind: stat, title: "Next key generation", w: 4, h: 6,
			description: "Blocks until key generations can start again, each multiple of 30. Normal: 1 to 30; a block takes 2 minutes.",
			queries:     []query{{"next", minOf(nodeMetric("dkg_next_start_blocks"))}},
			field:       field{unit: "suffix:blocks", decimals: ptr(0), colour: plain, noValue: "UNKNOWN"},
		},
		{
			kind: timeline, title: "Duty", w: 7, h: 6,
			description: "When a key generation ran in which this node had a duty. Normal: some minutes at a time.",
			queries:     []query{{"key generation", maxOf(nodeMetric("dkg_active"))}},
			field:       field{unit: "none", mappings: yesNo("on duty", note, "free", good)},
		},
		{
			kind: graph, title: "Quorums", w: 7, h: 6, alerts: []string{"RaptoreumSmartnodeDKGMissed"},
			description: "Active quorums that the node belongs to. Left out: it missed their key generation. Normal: none left out.",
			queries: []query{
				{"member", maxOf(nodeMetric("quorum_memberships", `valid="true"`))},
				{"left out", maxOf(nodeMetric("quorum_memberships", `valid="false"`))},
			},
			field:     field{unit: "none", decimals: ptr(0), min: ptr(0.0)},
			overrides: []override{{"member", field{colour: good}}, {"left out", field{colour: critical}}},
		},
	}
}
