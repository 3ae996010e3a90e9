package simnet

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// payees returns the amounts of a coinbase by address, in RTM as the daemon writes them.
func payees(t *testing.T, n *Network, height string) map[string]string {
	t.Helper()
	hash := ask(t, n, "getblockhash", "["+height+"]").(string)
	block := ask(t, n, "getblock", `["`+hash+`",1]`).(object)
	id := block["tx"].([]any)[0].(string)
	coinbase := ask(t, n, "getrawtransaction", `["`+id+`",true,"`+hash+`"]`).(object)
	if got := field(t, coinbase, "height"); got != height || field(t, block, "height") != height || coinbase["in_active_chain"] != true {
		t.Errorf("block %s: height %s, %v", height, got, coinbase["in_active_chain"])
	}
	paid := map[string]string{}
	for _, output := range coinbase["vout"].([]any) {
		addresses := output.(object)["scriptPubKey"].(object)["addresses"].([]any)
		paid[addresses[0].(string)] = field(t, output, "value")
	}
	return paid
}

// TestCoinbases: the captured block pays whom it paid, a made one the smartnode whose turn it was.
func TestCoinbases(t *testing.T) {
	n := start(t, "paid-10-smartnodes")
	want := map[string]string{
		"yPfZdCzRkkp66HprsmgGuStjvvy5ucX9z8": "3.00000000", "yhNeAuHWSWsf4UJpiM4pauTEtn7WLgjYpZ": "0.72000000",
		"yTMrniAtriNoDCH9ZBS3ctnVvxBVE1eN9D": "0.08000000", "yaackz5YDLnFuuX6gGzEs9EMRQGfqmNYjc": "0.20000000",
	}
	if diff := cmp.Diff(want, payees(t, n, "686")); diff != "" {
		t.Errorf("the captured block:\n%s", diff)
	}
	payout := field(t, ask(t, n, "protx", infoOf), "state", "payoutAddress")
	if got := payees(t, n, "681")[payout]; got != "0.80000000" {
		t.Errorf("our smartnode was paid %q in block 681", got)
	}
	n.Set(func(s *State) { s.Height += 10 }) // the one of the captured block is paid again
	paid := payees(t, n, "696")
	if paid["yhNeAuHWSWsf4UJpiM4pauTEtn7WLgjYpZ"] != "0.72000000" || paid["yTMrniAtriNoDCH9ZBS3ctnVvxBVE1eN9D"] != "0.08000000" {
		t.Errorf("a made block pays %v, want 10 %% to the operator", paid)
	}
	if paid := payees(t, start(t, "healthy"), "529"); len(paid) != 2 {
		t.Errorf("a network of four pays %v, want only miner and founder", paid)
	}
}

// TestCoinbaseErrors: the errors are those of the daemon.
func TestCoinbaseErrors(t *testing.T) {
	n := start(t, "paid-10-smartnodes")
	text, err := os.ReadFile(testdata + "captures/payment/getrawtransaction_coinbase_other_block.json")
	if err != nil {
		t.Fatal(err)
	}
	var capture struct{ Body string }
	var reply rpcReply
	if err := json.Unmarshal(text, &capture); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(capture.Body), &reply); err != nil {
		t.Fatal(err)
	}
	hash := ask(t, n, "getblockhash", "[680]").(string)
	if got := ask(t, n, "getrawtransaction", `["`+madeHash("coinbase", 681)+`",true,"`+hash+`"]`); got != "-5 "+reply.Error.Message {
		t.Errorf("the transaction of another block: %v", got)
	}
	unknown := madeHash("unknown", 1)
	if got := ask(t, n, "getblock", `["`+unknown+`",1]`); got != "-5 Block not found" {
		t.Errorf("an unknown block: %v", got)
	}
	if got := ask(t, n, "getrawtransaction", `["`+unknown+`",true,"`+unknown+`"]`); got != "-5 Block hash not found" {
		t.Errorf("a transaction of an unknown block: %v", got)
	}
	n.Set(func(s *State) { s.Pruned = true })
	if got := ask(t, n, "getblock", `["`+hash+`",1]`); got != "-1 Block not available (pruned data)" {
		t.Errorf("a pruned block: %v", got)
	}
}
