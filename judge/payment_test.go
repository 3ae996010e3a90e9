package judge_test

import (
	"strings"
	"testing"

	"raptoreum_exporter/judge"
)

// TestPaymentInCoins: the report says what was paid, what a day earns, and what a ban or an overdue payment
// costs.
func TestPaymentInCoins(t *testing.T) {
	const coins, perDay = "smartnode_last_payment_coins", "smartnode_expected_coins_per_day"
	paid := func(more ...string) map[string]string {
		m := map[string]string{coins: "916", perDay: "27.35"}
		for i := 0; i < len(more); i += 2 {
			m[more[i]] = more[i+1]
		}
		return m
	}
	for _, test := range []struct {
		name    string
		change  map[string]string
		verdict judge.Verdict
		says    string
	}{
		{"payment", paid(), judge.OK, "last paid 916 RTM in block 529, about 27.4 RTM a day, next in about 8 min"},
		{"payment", paid(perDay, ""), judge.OK, "last paid 916 RTM in block 529, next in about 8 min"},
		{"payment", paid(coins, "", perDay, ""), judge.OK, "last paid in block 529, next in about 8 min"},
		{"payment", paid(coins, "0", perDay, "0"), judge.OK, "last paid 0 RTM in block 529, next in about 8 min"},
		{"payment", paid(coins, "0.72", perDay, "51.84"), judge.OK, "last paid 0.72 RTM in block 529, about 51.8 RTM a day"},
		{"payment", paid(coins, "1234.5", perDay, "659.52"), judge.OK, "last paid 1234 RTM in block 529, about 660 RTM a day"},
		{"payment", paid("smartnode_payment_wait_blocks", "37"), judge.Warning, "last paid 916 RTM in block 529; it has waited 37 blocks, more than one and a half rounds of the queue, which costs about 27.4 RTM a day"},
		{"PoSe", paid("smartnode_pose_banned", "1", "smartnode_pose_ban_height", "525"), judge.Critical, "banned at block 525 and earns nothing, which costs about 27.4 RTM a day; a ban never ends by itself"},
		{"PoSe", paid("smartnode_pose_banned", "1", perDay, ""), judge.Critical, "banned and earns nothing; a ban never ends by itself"},
	} {
		if f := finding(t, judged(t, test.change), test.name); f.Verdict != test.verdict || !strings.Contains(f.Text, test.says) {
			t.Errorf("%v: %s, %q; want %s, %q", test.change, f.Verdict, f.Text, test.verdict, test.says)
		}
	}
}
