package daemon

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"testing"
	"time"
)

// capturedCoinbase returns the outputs of the first transaction of a block that was captured with its
// transactions.
func capturedCoinbase(t *testing.T, path string) []Output {
	t.Helper()
	var r struct {
		Result struct{ Tx []json.RawMessage }
	}
	if err := json.Unmarshal([]byte(readCapture(t, path).Body), &r); err != nil {
		t.Fatal(err)
	}
	var coinbase struct{ Vout []Output }
	if err := json.Unmarshal(r.Result.Tx[0], &coinbase); err != nil {
		t.Fatal(err)
	}
	return coinbase.Vout
}

// TestPaidBy evaluates the coinbases of two captured blocks: one pays a smartnode, 10 % of it to its
// operator; one is of a network that is too small to pay.
func TestPaidBy(t *testing.T) {
	paying := capturedCoinbase(t, filepath.Join(scenarios, "paid-10-smartnodes/getblock_tip_2.json"))
	unpaying := capturedCoinbase(t, "../testdata/captures/payment/getblock_2.json")
	list := capturedList(t, "paid-10-smartnodes")
	paid := *find(list, func(s *Smartnode) bool { return s.LastPaidHeight == 686 }) // the captured block
	other := *find(list, func(s *Smartnode) bool { return s.LastPaidHeight == 681 })
	changed := func(change func(*Smartnode)) Smartnode {
		s := paid
		change(&s)
		return s
	}
	for _, c := range []struct {
		name    string
		node    Smartnode
		outputs []Output
		want    float64
		err     error
	}{
		{"payout and the operator's share", paid, paying, 0.8, nil},
		{"payout without an operator", changed(func(s *Smartnode) { s.OperatorPayout, s.OperatorReward = "", 0 }), paying, 0.72, nil},
		{"both to one address", changed(func(s *Smartnode) { s.OperatorPayout = s.Payout }), paying, 0.72, nil},
		{"the payout address was changed since: the operator's share is not the amount", changed(func(s *Smartnode) { s.Payout = "yOther" }), paying, 0, ErrPaymentElsewhere},
		{"everything goes to the operator", changed(func(s *Smartnode) { s.Payout, s.OperatorReward = "yOther", 100 }), paying, 0.08, nil},
		{"another smartnode is paid", other, paying, 0, ErrPaymentElsewhere},
		{"no payout address is known", Smartnode{}, paying, 0, ErrPaymentElsewhere},
		{"no smartnode is paid", other, unpaying, 0, nil},
		{"no smartnode is paid, the operator's address is empty", changed(func(s *Smartnode) { s.OperatorPayout = "" }), unpaying, 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.node.paidBy(c.outputs)
			if got != c.want || !errors.Is(err, c.err) {
				t.Errorf("%v RTM, %v; want %v, %v", got, err, c.want, c.err)
			}
		})
	}
}

// TestPaidByOddOutputs checks outputs without an address, or with several.
func TestPaidByOddOutputs(t *testing.T) {
	output := func(value int64, addresses ...string) Output {
		o := Output{Value: &value}
		o.Script = &struct {
			Addresses []string `json:"addresses"`
		}{addresses}
		return o
	}
	s := Smartnode{Payout: "yPayout"}
	miner, founder, data := output(3e8, "yMiner"), output(2e7, "yFounder"), output(0)
	for _, c := range []struct {
		name    string
		outputs []Output
		want    float64
		err     error
	}{
		{"none", nil, 0, nil},
		{"data", []Output{miner, founder, data}, 0, nil},
		{"a multisig that names the address", []Output{miner, output(8e7, "yPayout", "yX"), founder}, 0, ErrPaymentElsewhere},
		{"founder of value 0", []Output{miner, output(0, "yFounder")}, 0, nil},
		{"two outputs to the address", []Output{miner, output(1, "yPayout"), output(8e7, "yPayout"), founder}, 0.80000001, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := s.paidBy(c.outputs)
			if got != c.want || !errors.Is(err, c.err) {
				t.Errorf("%v RTM, %v; want %v, %v", got, err, c.want, c.err)
			}
		})
	}
}

// TestPaymentCache checks that a payment is remembered although the list and the answer about our own
// smartnode differ for a while, and that no more than two are kept.
func TestPaymentCache(t *testing.T) {
	cache, s := paymentCache{}, Smartnode{}
	want := func(height int64) *payment {
		s.LastPaidHeight = height
		return cache.want(&s)
	}
	old := want(600)
	old.coins, old.err = 916, nil
	current := want(700)
	if want(600) != old || want(700) != current || want(600) != old {
		t.Error("a payment was forgotten")
	}
	want(700)
	want(800)
	if got := len(cache[s.ProTxHash]); got != 2 {
		t.Errorf("%d payments are kept, want 2", got)
	}
	if want(700) != current {
		t.Error("the payment before the last was forgotten")
	}
	if due := cache.due(time.Now()); len(due) != 1 || due[0] != current {
		t.Errorf("due are %v, want only what was requested last", due)
	}
}

func TestCoinsPerDay(t *testing.T) {
	if got := CoinsPerDay(916, 1000, 2*time.Minute); got != 659.52 {
		t.Errorf("%v RTM a day, want 659.52: 720 blocks a day pay 720 of 1000 smartnodes", got)
	}
}

// TestRoundLength checks that a banned smartnode counts as if it were in the queue.
func TestRoundLength(t *testing.T) {
	list := capturedList(t, "paid-10-smartnodes")
	if got := RoundLength(list, list[3].ProTxHash); got != 10 {
		t.Errorf("%d, want 10", got)
	}
	list[3].BanHeight = 690
	if got := RoundLength(list, list[3].ProTxHash); got != 10 {
		t.Errorf("%d for a banned smartnode, want the 9 others and itself", got)
	}
	if got := RoundLength(list, list[4].ProTxHash); got != 9 {
		t.Errorf("%d beside a banned smartnode, want 9", got)
	}
}
