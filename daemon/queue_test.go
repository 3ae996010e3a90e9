package daemon

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestQueueAgainstWinners compares the queue with the daemon's own projection of payees.
func TestQueueAgainstWinners(t *testing.T) {
	compared := 0
	for _, scenario := range allScenarios(t) {
		t.Run(scenario, func(t *testing.T) {
			height, up := captured[int64](t, scenario, "getblockcount")
			if !up {
				t.Skip("the daemon was warming up")
			}
			list := capturedList(t, scenario)
			winners, ok := captured[map[string]string](t, scenario, "smartnode_winners")
			if !ok {
				t.Skip("no projection was recorded")
			}
			var want, got []string
			for h := height + 1; winners[fmt.Sprint(h)] != ""; h++ {
				payout, _, _ := strings.Cut(winners[fmt.Sprint(h)], ", ") // then the operator's share
				want = append(want, payout)
			}
			for _, s := range inPaymentOrder(list) {
				got = append(got, s.Payout)
			}
			got = got[:min(len(got), len(want))]
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("projection (-daemon +ours):\n%s", diff)
			}
			compared += len(want)
		})
	}
	if compared < 50 {
		t.Errorf("only %d projected payments compared", compared)
	}
}

func inPaymentOrder(list []Smartnode) []*Smartnode {
	var queue []*Smartnode
	for i := range list {
		if list[i].queued() {
			queue = append(queue, &list[i])
		}
	}
	slices.SortFunc(queue, ComparePayment)
	return queue
}

// TestPaymentPosition checks the position, found without sorting, against the sorted queue.
func TestPaymentPosition(t *testing.T) {
	for _, scenario := range allScenarios(t) {
		if scenario == "warmup" {
			continue
		}
		list := capturedList(t, scenario)
		for want, s := range inPaymentOrder(list) {
			position, length, queued := PaymentPosition(list, *s, 0)
			place, placed := PaymentPlaces(list)[s.ProTxHash]
			if placed != queued || placed && place != position {
				t.Errorf("%s: place %d, %v; position %d, %v", s.ProTxHash, place, placed, position, queued)
			}
			if position != want || !queued || length != len(inPaymentOrder(list)) {
				t.Errorf("%s: %s at %d of %d, %v, want %d", scenario, s.ProTxHash, position, length, queued, want)
			}
		}
	}
}

func TestWaitsSince(t *testing.T) {
	node := func(change func(*Smartnode)) Smartnode {
		s := Smartnode{RegisteredHeight: 100, RevivedHeight: -1, BanHeight: -1, Payable: true, PayableKnown: true}
		change(&s)
		return s
	}
	for _, c := range []struct {
		name   string
		node   Smartnode
		key    int64
		queued bool
	}{
		{"never paid: since its registration", node(func(*Smartnode) {}), 100, true},
		{"paid", node(func(s *Smartnode) { s.LastPaidHeight = 500 }), 500, true},
		{"revived after its last payment: to the end", node(func(s *Smartnode) { s.LastPaidHeight, s.RevivedHeight = 500, 743 }), 743, true},
		{"paid after it was revived", node(func(s *Smartnode) { s.LastPaidHeight, s.RevivedHeight = 800, 743 }), 800, true},
		{"revived, never paid", node(func(s *Smartnode) { s.RevivedHeight = 743 }), 743, true},
		{"banned", node(func(s *Smartnode) { s.BanHeight = 611 }), 100, false},
		{"banned at height 0 is banned", node(func(s *Smartnode) { s.BanHeight = 0 }), 100, false},
		{"no longer eligible for payments", node(func(s *Smartnode) { s.Payable = false }), 100, false},
		{"collateral spent", node(func(s *Smartnode) { s.PayableKnown = false }), 100, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.node.WaitsSince(); got != c.key {
				t.Errorf("key %d, want %d", got, c.key)
			}
			_, _, queued := PaymentPosition([]Smartnode{c.node}, c.node, 0)
			if queued != c.queued {
				t.Errorf("queued %v, want %v", queued, c.queued)
			}
		})
	}
}

// TestPaymentTie checks the order of equal keys: the hash that is lower in internal byte order, the
// reverse of what is shown, is paid first.
func TestPaymentTie(t *testing.T) {
	first, second := new(Smartnode), new(Smartnode)
	var err error
	if first.ProTxHash, err = ParseHash("ff" + strings.Repeat("0", 60) + "01"); err != nil {
		t.Fatal(err)
	}
	if second.ProTxHash, err = ParseHash("00" + strings.Repeat("0", 60) + "02"); err != nil {
		t.Fatal(err)
	}
	if ComparePayment(first, second) >= 0 {
		t.Errorf("%s is not before %s", first.ProTxHash, second.ProTxHash)
	}
}

func TestPaymentOfStranger(t *testing.T) {
	list := capturedList(t, "healthy")
	if position, length, queued := PaymentPosition(list, Smartnode{ProTxHash: Hash{1}, BanHeight: -1, RevivedHeight: -1}, 0); queued || length != 4 {
		t.Errorf("position %d of %d, queued %v", position, length, queued)
	}
}

func TestNextPayment(t *testing.T) {
	if got := NextPayment(0, 2*time.Minute); got != 2*time.Minute {
		t.Errorf("at position 0 in %v", got)
	}
	if got := NextPayment(999, 2*time.Minute); got != 2000*time.Minute {
		t.Errorf("at position 999 in %v", got)
	}
}

func TestHash(t *testing.T) {
	const shown = "d5309c7cb07da0f4eed3b0d6efcabc180314028577b65c506c072d486b37856a"
	h, err := ParseHash(shown)
	if err != nil || h.String() != shown || h[0] != 0x6a {
		t.Errorf("%s, %v, first byte %x", h, err, h[0])
	}
	for _, bad := range []string{"", "xyz", shown[1:], shown + "0", "g" + shown[1:]} {
		if _, err := ParseHash(bad); err == nil {
			t.Errorf("%q is accepted as a hash", bad)
		}
	}
}

// TestPaymentPositionOfOldList checks that each block since the list was read has paid one
// smartnode, and that the list is of no use after a payment or a ban of our smartnode.
func TestPaymentPositionOfOldList(t *testing.T) {
	list := capturedList(t, "paid-10-smartnodes")
	self := *inPaymentOrder(list)[4]
	if position, _, queued := PaymentPosition(list, self, 3); position != 1 || !queued {
		t.Errorf("3 blocks later at %d, %v, want 1", position, queued)
	}
	if _, _, queued := PaymentPosition(list, self, 5); queued {
		t.Error("5 blocks later it must have been paid")
	}
	paid, banned := self, self
	paid.LastPaidHeight, banned.BanHeight = 700, 700
	for _, changed := range []Smartnode{paid, banned} {
		if _, _, queued := PaymentPosition(list, changed, 0); queued {
			t.Errorf("%+v is queued by the old list", changed)
		}
	}
}
