package dashboards

// Results of the panels of earnings.
const (
	earned     = "Earned per day, 14 days"
	earnings   = "Earnings"
	allEarned  = "Fleet earned per day, 14 days"
	allEarning = "Fleet earnings"
)

// paid returns what the exporter beside n reports of a payment after half an hour. Its amount is known 3 minutes later.
func paid(coins string) map[string]string {
	return map[string]string{
		series("smartnode_last_paid_height", own): "60x29 120x30", series("smartnode_last_payment_coins", own): "1000x29 stale _x2 " + coins + "x27",
		series("smartnode_last_paid_height", paris): "60x30 120x29", series("smartnode_last_payment_coins", paris): "1000x30 stale _x2 " + coins + "x26",
	}
}

// other returns a second smartnode, banned or not, whose payments a fleet exporter with a daemon reports.
func other(banned string) map[string]string {
	return map[string]string{
		series("up", second): "1", series("smartnode_expected", second): "1", series("smartnode_pose_banned", second): banned,
		series("smartnode_last_paid_height", second): "50x39 140x20", series("smartnode_last_payment_coins", second): "500",
		series("smartnode_expected_coins_per_day", second): "4000",
	}
}

// earners returns scenarios of payments. Of the steps of 10 minutes, those from the 20th minute on have a height to
// compare with, and that of the 30th has no amount.
func earners() []scenario {
	const none = "{}"
	view := func(labels string, values map[string]string) map[string]string {
		s := map[string]string{}
		for name, v := range values {
			s[series(name, labels)] = v
		}
		return s
	}
	gone := map[string]string{
		series("smartnode_last_payment_coins", own): "", series("smartnode_last_payment_coins", paris): "",
		series("smartnode_expected_coins_per_day", own): "", series("smartnode_expected_coins_per_day", paris): "",
	}
	return []scenario{
		{"no payment in the last hour", healthy(), map[string]sample{
			earned: {none: 0}, earned + ", B": {none: 8000}, earnings: {none: 1000}, earnings + ", B": {none: 8000}, earnings + ", C": {none: 0},
			allEarned: {none: 0}, allEarned + ", B": {none: 8000}, allEarning: {none: 8000}, allEarning + ", B": {none: 0}, allEarning + ", C": {none: 0}, allEarning + ", D": {none: 1},
		}},
		{"a payment, reported by two exporters", changed(healthy(), paid("1010")), map[string]sample{
			earned: {none: 1010}, earnings: {none: 1010}, earnings + ", C": {none: 1010}, allEarned: {none: 1010}, allEarning + ", B": {none: 1010},
		}},
		{"a payment of nothing", changed(healthy(), paid("0")), map[string]sample{earned: {none: 0}, earnings: {none: 0}, earnings + ", C": {none: 0}}},
		{"a payment whose amount cannot be read", changed(healthy(), paid("_")), map[string]sample{
			earned: {none: 0}, earnings: {}, earnings + ", B": {none: 8000}, allEarned: {none: 0},
		}},
		{"a payment while no exporter answered", changed(healthy(), gone, view(own, map[string]string{
			"smartnode_last_paid_height": "60x24 stale _x19 120x15", "smartnode_last_payment_coins": "1000x24 stale _x19 1010x15",
		}), map[string]string{
			series("smartnode_last_paid_height", paris): "", series("smartnode_payment_wait_blocks", own): "", series("smartnode_payment_wait_blocks", paris): "",
		}), map[string]sample{earned: {none: 1010}}},
		{"the first payment", changed(healthy(), gone, view(own, map[string]string{
			"smartnode_payment_wait_blocks": "5x60", "smartnode_last_paid_height": "_x30 120x29", "smartnode_last_payment_coins": "_x32 1010x27",
		}), map[string]string{series("smartnode_last_paid_height", paris): ""}), map[string]sample{earned: {none: 1010}, earnings: {none: 1010}}},
		{"nodes that only explorers report", changed(healthy(), gone), map[string]sample{
			earned: {}, earned + ", B": {}, earnings: {}, earnings + ", B": {}, earnings + ", C": {}, allEarned: {}, allEarned + ", B": {},
			allEarning: {}, allEarning + ", B": {}, allEarning + ", C": {}, allEarning + ", D": {},
		}},
		{"a fleet of two that are paid", changed(healthy(), paid("1010"), other("0")), map[string]sample{
			allEarned: {none: 1510}, allEarned + ", B": {none: 12000}, allEarning: {none: 12000}, allEarning + ", C": {none: 0}, allEarning + ", D": {none: 2},
		}},
		{"a fleet of two, one banned", changed(healthy(), other("1")), map[string]sample{
			allEarning: {none: 12000}, allEarning + ", C": {none: 4000},
		}},
	}
}

// longRunning returns a scenario of two days and 10 minutes: of the 288 steps with a height to compare with, 3 have a payment.
func longRunning() []scenario {
	return []scenario{{"3 payments in 2 days", map[string]string{
		series("up", own): "1x2890", series("smartnode_last_payment_coins", own): "1000x2890",
		series("smartnode_last_paid_height", own): "60x599 120x799 180x799 240x692",
	}, map[string]sample{earnings + ", C": {"{}": 1500}, allEarning + ", B": {"{}": 1500}}}}
}
