package simnet

import (
	"encoding/json"
	"fmt"
)

const (
	codeMisc            = -1
	codeInvalidAddress  = -5
	minPayingSmartnodes = 10 // GetSmartnodePayment (validation.cpp)
)

// The amounts of a block of the captured network with ten smartnodes, in 1e-8 RTM.
const (
	minerReward     = 300000000
	smartnodeReward = 80000000
	founderReward   = 20000000
)

// getBlock is getblock as captured, or with verbosity 1 for any block: a made one has only a coinbase.
func (v view) getBlock(c call) (any, *rpcError) {
	if v.Pruned {
		return nil, &rpcError{codeMisc, "Block not available (pruned data)"}
	}
	if _, captured := v.replies[c.key()]; captured {
		return v.asCaptured(c.key())
	}
	height, ok := v.chain.height(c.text(0))
	if verbosity, given := c.number(1); given && verbosity != 1 {
		return nil, &rpcError{codeNoMethod, "Method not found"}
	}
	if !ok || height < 0 || height > v.Height {
		return nil, &rpcError{codeInvalidAddress, "Block not found"}
	}
	fields := v.header(height)
	fields["tx"] = []any{v.coinbase(height)["txid"]}
	if captured, known := v.transactions(height); known {
		ids := []any{}
		for _, tx := range captured {
			ids = append(ids, tx.(object)["txid"])
		}
		fields["tx"] = ids
	}
	return fields, nil
}

// transactions returns the transactions of a block that was captured with them.
func (v view) transactions(height int) ([]any, bool) {
	reply := v.replies[`getblock ["`+v.chain.hash(height)+`",2]`]
	if reply.result == nil {
		return nil, false
	}
	transactions, ok := decode(reply.result).(object)["tx"].([]any)
	return transactions, ok && len(transactions) > 0
}

// rawTransaction is getrawtransaction of the coinbase of a given block.
func (v view) rawTransaction(c call) (any, *rpcError) {
	hash := c.text(2)
	height, ok := v.chain.height(hash)
	if !ok || height < 0 || height > v.Height {
		return nil, &rpcError{codeInvalidAddress, "Block hash not found"}
	}
	coinbase := v.coinbase(height)
	if coinbase["txid"] != c.text(0) {
		return nil, &rpcError{codeInvalidAddress, "No such transaction found in the provided block. Use gettransaction for wallet transactions."}
	}
	coinbase["in_active_chain"], coinbase["blockhash"], coinbase["height"] = true, hash, height
	coinbase["confirmations"] = v.Height - height + 1
	return coinbase, nil
}

// coinbase is the first transaction of a block: the captured one, or one that pays the smartnode whose
// turn it was.
func (v view) coinbase(height int) object {
	if captured, known := v.transactions(height); known {
		return captured[0].(object)
	}
	outputs := []any{}
	pay := func(value int, address any) {
		outputs = append(outputs, object{
			"value": json.Number(fmt.Sprintf("%d.%08d", value/1e8, value%1e8)), "valueSat": value, "n": len(outputs),
			"scriptPubKey": object{"type": "pubkeyhash", "reqSigs": 1, "addresses": []any{address}},
		})
	}
	pay(minerReward, "yMadeMiner")
	if node := v.paidAt(height); node != nil {
		state, _ := node["state"].(object)
		percent := 0
		if state["operatorPayoutAddress"] != nil {
			_, _ = fmt.Sscan(fmt.Sprint(node["operatorReward"]), &percent)
		}
		pay(smartnodeReward*(100-percent)/100, state["payoutAddress"])
		if percent > 0 {
			pay(smartnodeReward*percent/100, state["operatorPayoutAddress"])
		}
	}
	pay(founderReward, "yMadeFounder")
	return object{
		"txid": madeHash("coinbase", height), "version": 3, "type": 5, "locktime": 0,
		"vin": []any{object{"coinbase": "00", "sequence": 4294967295}}, "vout": outputs,
	}
}

// paidAt is the smartnode that was last paid in this block; nil: none, or the network is too small to pay.
// Ours comes first: the made ones repeat heights from before the capture.
func (v view) paidAt(height int) object {
	reply := v.replies[registeredList]
	if reply.result == nil {
		return nil
	}
	list, _ := decode(encode(v.list(decode(reply.result)))).([]any)
	if len(list) < minPayingSmartnodes {
		return nil
	}
	var paid object
	for _, entry := range list {
		node, _ := entry.(object)
		state, _ := node["state"].(object)
		if fmt.Sprint(state["lastPaidHeight"]) == fmt.Sprint(height) && (paid == nil || node["proTxHash"] == v.proTx) {
			paid = node
		}
	}
	return paid
}
