package dashboards

import "fmt"

// overdueFrom is the wait in blocks above which a payment is overdue.
func overdueFrom() string {
	return fmt.Sprintf("%v * %s + %v", overdueRounds, maxOf(nodeMetric("smartnode_payment_queue_length")), overdueBlocks)
}

// waited is the number of blocks since the last payment, or since the node became eligible.
func waited() string {
	return "(" + maxOf(nodeMetric("smartnode_payment_wait_blocks")) + " or " + maxOf(nodeMetric("block_height")) + " - " + maxOf(nodeMetric("smartnode_last_paid_height")) + ")"
}

func paymentPanels() []panel {
	return []panel{
		{
			kind: graph, title: "Payment queue position", w: 8, h: 7,
			description: "How many smartnodes are paid before this one. Normal: falls to 0, then starts again at the end of the queue.",
			queries: []query{
				{"position", maxOf(nodeMetric("smartnode_payment_queue_position"))},
				{"queue length", maxOf(nodeMetric("smartnode_payment_queue_length"))},
			},
			field:     field{unit: "none", min: ptr(0.0)},
			overrides: []override{{"queue length", field{dashed: true}}},
		},
		{
			kind: graph, title: "Wait for payment", w: 7, h: 7, alerts: []string{"RaptoreumSmartnodePaymentOverdue"},
			description: "Blocks since the last payment. The dashed line is the alert threshold, about one and a half rounds of the queue. Normal: below the line.",
			queries:     []query{{"wait", waited()}, {"overdue above", overdueFrom()}},
			field:       field{unit: "suffix:blocks", min: ptr(0.0)},
			overrides:   []override{{"overdue above", field{colour: bad, dashed: true}}},
		},
		{
			kind: graph, title: "Last paid height", w: 5, h: 7,
			description: "Block height of the last payment. Normal: one step up per payment.",
			queries:     []query{{"last paid", maxOf(nodeMetric("smartnode_last_paid_height"))}},
			field:       field{unit: "none"},
		},
		{
			kind: stat, title: "Payment", w: 4, h: 7, alerts: []string{"RaptoreumSmartnodePaymentOverdue", "RaptoreumSmartnodeUnpayable"},
			description: "Whether the wait exceeds about one and a half rounds of the queue. Normal: ON TIME.",
			queries:     []query{{"payment", waited() + " > bool " + overdueFrom()}},
			field:       field{unit: "none", mappings: yesNo("OVERDUE", bad, "ON TIME", good), noValue: "UNKNOWN"},
		},
	}
}

// restart is 0 while a key generation runs, 1 if the next one can start before a restart would be over, otherwise 2.
func restart() string {
	safe, next := minOf(nodeMetric("safe_to_restart")), minOf(nodeMetric("dkg_next_start_blocks"))
	return fmt.Sprintf("%s * (1 + (%s >= bool %d)) or 2 * %s", safe, next, restartBlocks, safe)
}

func quorumPanels() []panel {
	return []panel{
		{
			kind: stat, title: "Safe to restart", w: 6, h: 6,
			description: "A restart during a key generation counts as a missed quorum duty. Two misses cause a ban. Normal: SAFE most of the time. Otherwise wait a few minutes. A restart needs 10 minutes, 5 blocks, before the next key generation.",
			queries:     []query{{"restart", restart()}},
			field: field{unit: "none", noValue: "UNKNOWN", mappings: []valueMapping{
				{value: 2, text: "SAFE", colour: good},
				{value: 1, text: "WAIT: DKG SOON", colour: bad},
				{value: 0, text: "WAIT: DKG RUNNING", colour: bad},
			}},
		},
		{
			kind: stat, title: "Next key generation", w: 4, h: 6,
			description: "Blocks until the next key generation can start, at each multiple of 30. Normal: 1 to 30. A block takes 2 minutes.",
			queries:     []query{{"next", minOf(nodeMetric("dkg_next_start_blocks"))}},
			field:       field{unit: "suffix:blocks", decimals: ptr(0), colour: plain, noValue: "UNKNOWN"},
		},
		{
			kind: timeline, title: "Quorum duty", w: 7, h: 6,
			description: "When this smartnode took part in a key generation. Normal: a few minutes at a time.",
			queries:     []query{{"key generation", maxOf(nodeMetric("dkg_active"))}},
			field:       field{unit: "none", mappings: yesNo("on duty", note, "off duty", good)},
		},
		{
			kind: graph, title: "Quorums", w: 7, h: 6, alerts: []string{"RaptoreumSmartnodeDKGMissed"},
			description: "Active quorums with this smartnode as a member. Missed: it did not complete their key generation. Normal: none missed.",
			queries: []query{
				{"member", maxOf(nodeMetric("quorum_memberships", `valid="true"`))},
				{"missed", maxOf(nodeMetric("quorum_memberships", `valid="false"`))},
			},
			field:     field{unit: "none", min: ptr(0.0), softMax: ptr(fewest)},
			overrides: []override{{"member", field{colour: good}}, {"missed", field{colour: critical}}},
		},
	}
}
