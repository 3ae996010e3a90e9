package dashboards

import "fmt"

// stepsPerDay is the number of 10-minute steps per day. In paidCoins a step counts at most one payment to a smartnode,
// which is enough where at least 5 smartnodes are paid in turn.
const stepsPerDay = 144

// paidCoins is the amount of a payment at the step in which it is counted, and 0 at other steps. It is absent while the
// amount of the last payment is unknown. metric and by select the node, or each node of the fleet. The amount is known
// some scrapes after the payment, so a payment is counted 8 minutes after it. Heights are those last known within a day,
// so that a payment during a gap counts after it.
func paidCoins(metric func(name string, labels ...string) string, by string) string {
	paid := func(offset string) string {
		last := func(name string) string {
			return "max" + by + " (last_over_time(" + metric(name) + "[1d] offset " + offset + "))"
		}
		return "(" + last("smartnode_last_paid_height") + " or 0 * " + last("smartnode_payment_wait_blocks") + ")" // not paid yet: 0
	}
	return "max" + by + " (" + metric("smartnode_last_payment_coins") + ") * (" + paid("8m") + " > bool " + paid("18m") + ")"
}

// earnedIn24h is the sum of the payments of the preceding 24 hours.
func earnedIn24h(coins string) string { return "sum_over_time((" + coins + ")[1d:10m])" }

// earnedPerDay is the mean over the observed part of the last 14 days; on the first day, what was earned so far.
func earnedPerDay(coins string) string {
	return fmt.Sprintf("sum_over_time((%s)[14d:10m]) / clamp_min(count_over_time((%s)[14d:10m]) / %d, 1)", coins, coins, stepsPerDay)
}

// earnedGraph compares the coins of the payments that were seen with the expected ones.
func earnedGraph(title string, w int, description, earned, expected string) panel {
	return panel{
		kind: graph, title: title, w: w, h: 7, bars: true, interval: "1d", timeFrom: "14d", description: description,
		queries:   []query{{"earned", earned}, {"expected", expected}},
		field:     field{unit: "suffix:RTM", min: ptr(0.0), softMax: ptr(1.0)},
		overrides: []override{{"earned", field{colour: good}}, {"expected", field{colour: note, dashed: true, line: true}}},
	}
}

// earningsOfOne returns the earnings of the selected node.
func earningsOfOne() []panel {
	coins, expected := paidCoins(nodeMetric, ""), maxOf(nodeMetric("smartnode_expected_coins_per_day"))
	return []panel{
		earnedGraph("Earned per day, 14 days", 16,
			"Coins of the payments seen in the preceding 24 hours, and the coins expected per day; for a banned smartnode, what it would earn. A payment whose block could not be read does not count. Normal: the bars average the dashed line; with over 720 smartnodes in the queue, not each day has a payment.",
			earnedIn24h(coins), expected),
		{
			kind: stat, title: "Earnings", w: 8, h: 7, showNames: true, vertical: true, sizes: detail(), alerts: []string{"RaptoreumSmartnodePaymentOverdue"},
			description: "Amount of the last payment, with the operator's share; expected per day from that amount, the queue length and the block spacing; and earned per day from the payments seen in the observed part of the last 14 days, on the first day what was earned so far. Unknown without a daemon that reports the payments. Normal: earned is about as expected after some rounds of the queue.",
			queries: []query{
				{"last payment", maxOf(nodeMetric("smartnode_last_payment_coins"))},
				{"expected per day", expected},
				{"earned per day", earnedPerDay(coins)},
			},
			field: field{unit: "suffix:RTM", colour: plain, noValue: "UNKNOWN"},
		},
	}
}

// earningsOfAll returns the totals of the fleet. A smartnode whose payments no daemon reports does not count.
func earningsOfAll() []panel {
	const by = " by (node)"
	coins, expected := paidCoins(fleetMetric, by), byNode("max", fleetMetric("smartnode_expected_coins_per_day"))
	banned := byNode("max", fleetSynced(fleetMetric("smartnode_pose_banned")))
	total := func(expr string) string { return "sum(" + expr + ")" }
	return []panel{
		earnedGraph("Fleet earned per day, 14 days", 10,
			"Coins of the payments to all of your smartnodes seen in the preceding 24 hours, and the coins expected per day, with what banned ones would earn. A payment whose block could not be read does not count. Normal: the bars average the dashed line.",
			total(earnedIn24h(coins)), total(expected)),
		{
			kind: stat, title: "Fleet earnings", w: 6, h: 7, showNames: true, vertical: true, sizes: detail(),
			description: "Totals of all smartnodes whose payments a daemon reports: expected per day, with what banned ones would earn; earned per day from the payments seen in the observed part of the last 14 days; and what banned ones would earn per day. Normal: earned is about as expected, and 0 RTM are lost.",
			queries: []query{
				{"expected per day", total(expected)},
				{"earned per day", total(earnedPerDay(coins))},
				{"lost to bans per day", total(expected+" and on (node) "+banned+" == 1") + " or 0 * " + total(expected)},
				{"smartnodes counted", "count(" + expected + ")"},
			},
			field: field{unit: "suffix:RTM", colour: plain, noValue: "UNKNOWN"},
			overrides: []override{
				{"lost to bans per day", field{steps: limits(step{0.001, critical})}},
				{"smartnodes counted", field{unit: "none", decimals: ptr(0)}},
			},
		},
	}
}
