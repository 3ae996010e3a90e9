package simnet

import (
	"cmp"
	"encoding/json"
	"fmt"
)

// gone reports whether the collateral of our smartnode was spent since the capture.
func (v view) gone() bool {
	return v.Smartnode == SmartnodeRemoved && v.base.Smartnode != SmartnodeRemoved
}

// list is protx list registered true: the captured smartnodes first, then generated ones.
func (v view) list(captured any) any {
	list := []any{}
	entries, _ := captured.([]any)
	for _, entry := range entries {
		node, _ := entry.(object)
		hash, _ := node["proTxHash"].(string)
		if hash == v.proTx && v.gone() {
			continue
		}
		v.patchNode(node)
		list = append(list, node)
	}
	for i := len(entries); i < v.ListSize; i++ {
		list = append(list, v.madeNode(i))
	}
	return list
}

func (v view) protxInfo(c call) (any, *rpcError) {
	hash := c.text(1)
	notFound := &rpcError{codeInvalidParam, hash + " not found"}
	if hash == v.proTx && v.gone() {
		return nil, notFound
	}
	if node := v.node(hash); node != nil {
		return node, nil
	}
	if captured := v.replies[c.key()]; captured.err != nil {
		return nil, captured.err
	}
	return nil, notFound
}

// node is the entry of a registered smartnode, else nil.
func (v view) node(hash string) any {
	if captured := v.replies[`protx ["info","`+hash+`"]`]; captured.result != nil && captured.err == nil {
		node := decode(captured.result).(object)
		v.patchNode(node)
		return node
	}
	captured := v.replies[registeredList]
	if captured.result == nil || captured.err != nil {
		return nil
	}
	entries, _ := decode(captured.result).([]any)
	for _, entry := range entries {
		if node := entry.(object); node["proTxHash"] == hash {
			v.patchNode(node)
			return node
		}
	}
	for i := len(entries); i < v.ListSize; i++ {
		if madeHash("smartnode", i) == hash {
			return v.madeNode(i)
		}
	}
	return nil
}

// patchNode applies the State to a captured entry.
func (v view) patchNode(node object) {
	hash, _ := node["proTxHash"].(string)
	state, ok := node["state"].(object)
	if !ok {
		return
	}
	if v.Height != v.base.Height {
		add(node, "confirmations", v.Height-v.base.Height)
	}
	if rank, paid := v.rank[hash]; paid && (v.Height != v.base.Height || v.ListSize != v.base.ListSize) {
		height := v.Height
		if hash == v.proTx && v.BanHeight != -1 {
			height = min(height, v.BanHeight-1) // nothing after the ban
		}
		before, _ := state["lastPaidHeight"].(json.Number).Int64()
		state["lastPaidHeight"] = v.lastPaid(int(before), rank+v.made(), height)
	}
	if hash == v.proTx {
		put(state, "PoSePenalty", v.Penalty, v.base.Penalty)
		put(state, "PoSeBanHeight", v.BanHeight, v.base.BanHeight)
		put(state, "PoSeRevivedHeight", v.RevivedHeight, v.base.RevivedHeight)
		put(state, "service", v.Address, v.base.Address)
	}
}

// made is the number of generated smartnodes, which are not in the capture.
func (v view) made() int { return v.ListSize - v.base.ListSize }

// lastPaid is when the smartnode at this place of the payment queue was last paid: at the
// captured height, then in turn, a block each.
func (v view) lastPaid(captured, place, height int) int {
	cycle := len(v.rank) + v.made()
	first := v.base.Height + 1 + place // its first payment after the capture
	if height < first {
		if height >= v.base.Height {
			return captured
		}
		return max(0, first-(first-height+cycle-1)/cycle*cycle)
	}
	return first + (height-first)/cycle*cycle
}

// madeNode is the i-th registered smartnode. The generated ones are ahead of the captured ones in
// the payment queue.
func (v view) madeNode(i int) json.RawMessage {
	place := i - v.base.ListSize
	hash := madeHash("smartnode", i)
	captured := v.base.Height - len(v.rank) - v.made() + 1 + place
	m := Member{Address: fmt.Sprintf("10.%d.%d.%d:10226", i>>16&255, i>>8&255, i&255)}
	if member := v.member(place); member != nil {
		m = *member
	}
	banHeight := -1
	if m.Banned {
		banHeight = v.Height
	}
	return fmt.Appendf(nil, `{"proTxHash":%q,"collateralHash":%q,"collateralIndex":1,`+
		`"collateralAddress":"yMadeCollateral%d","collateralAmount":10,"needToUpgrade":%v,"operatorReward":0,`+
		`"state":{"service":%q,"registeredHeight":200,"lastPaidHeight":%d,"PoSePenalty":%d,`+
		`"PoSeRevivedHeight":-1,"PoSeBanHeight":%d,"revocationReason":0,"ownerAddress":"yMadeOwner%d",`+
		`"votingAddress":"yMadeVoting%d","payoutAddress":%q,"pubKeyOperator":%q},"confirmations":%d,`+
		`"metaInfo":{"lastDSQ":0,"mixingTxCount":0,"lastOutboundAttempt":0,"lastOutboundAttemptElapsed":%d,`+
		`"lastOutboundSuccess":0,"lastOutboundSuccessElapsed":%d}}`,
		hash, hash, i, m.Unpayable, cmp.Or(m.Service, m.Address), v.lastPaid(max(0, captured), place, v.Height),
		m.Penalty, banHeight, i, i, cmp.Or(m.Payout, fmt.Sprintf("yMadePayout%d", i)),
		madeKey("operator", i), max(0, v.Height-199), v.now.Unix(), v.now.Unix())
}

// status is smartnode status. Only a ready smartnode reports its proTxHash.
func (v view) status() (any, *rpcError) {
	const null = "0000000000000000000000000000000000000000000000000000000000000000-4294967295"
	reply, err := v.asCaptured(`smartnode ["status"]`)
	if v.Smartnode == SmartnodeReady {
		return v.ready(reply, err)
	}
	if v.Smartnode == v.base.Smartnode {
		if fields, ok := reply.(object); ok {
			put(fields, "service", v.LocalAddress, v.base.LocalAddress)
		}
		return reply, err
	}
	texts := map[SmartnodeMode][2]string{
		SmartnodePoSeBanned:      {"POSE_BANNED", "Smartnode was PoSe banned"},
		SmartnodeWaitingForProTx: {"WAITING_FOR_PROTX", "Waiting for ProTx to appear on-chain"},
		SmartnodeRemoved:         {"REMOVED", "Smartnode removed from list"},
		SmartnodeError:           {"ERROR", "Error. Local address does not match the address from ProTx"},
	}
	text, ok := texts[v.Smartnode]
	if !ok {
		return nil, &rpcError{codeInternal, "This is not a smartnode"}
	}
	return object{"outpoint": null, "service": v.LocalAddress, "state": text[0], "status": text[1]}, nil
}

// ready is the status of a READY smartnode, or the captured one when it is not registered.
func (v view) ready(captured any, err *rpcError) (any, *rpcError) {
	node, ok := v.node(v.own).(object)
	if !ok {
		return captured, err
	}
	fields := object{"state": "READY", "status": "Ready", "service": v.LocalAddress, "dmnState": node["state"]}
	for _, name := range []string{"proTxHash", "collateralHash", "collateralIndex"} {
		fields[name] = node[name]
	}
	fields["outpoint"] = fmt.Sprintf("%s-%s", node["collateralHash"], node["collateralIndex"])
	return fields, nil
}

func (v view) patchCount(fields object) {
	change := v.ListSize - v.base.ListSize
	if v.gone() {
		change--
	}
	enabled := change
	if v.crowd != nil {
		for _, m := range v.members {
			if m.Banned || m.Unpayable {
				enabled--
			}
		}
	}
	switch banned := v.BanHeight != -1; {
	case banned && v.base.BanHeight == -1 && !v.gone():
		enabled--
	case !banned && v.base.BanHeight != -1:
		enabled++
	}
	add(fields, "total", change)
	add(fields, "enabled", enabled)
	if v.Enabled > 0 {
		fields["enabled"], fields["total"] = v.Enabled, max(v.Enabled, v.ListSize)
	}
}

func (v view) memberOf(c call) (any, *rpcError) {
	hash := c.text(1)
	if hash != v.proTx || v.gone() {
		if hash != v.proTx && v.node(hash) != nil {
			return []any{}, nil
		}
		return nil, &rpcError{codeInvalidParam, "smartnode not found"}
	}
	if v.MembershipsValid == v.base.MembershipsValid && v.MembershipsInvalid == v.base.MembershipsInvalid {
		return v.asCaptured(c.key())
	}
	list := []any{}
	for i := range v.MembershipsInvalid + v.MembershipsValid { // the latest are the invalid ones
		height := max(0, v.Height/30*30-30*i)
		list = append(list, object{
			"height": height, "type": v.quorum, "quorumHash": v.chain.hash(height),
			"minedBlock": v.chain.hash(height + 12), "quorumPublicKey": madeKey("quorum", height),
			"isValidMember": i >= v.MembershipsInvalid, "memberIndex": 2,
		})
	}
	return list, nil
}

// patchDKG makes a session of the phase, with the flags as they were captured in that phase.
func (v view) patchDKG(fields object) {
	fields["session"] = object{}
	if v.DKGPhase == 0 {
		fields["time"], fields["timeStr"] = 0, "1970-01-01T00:00:00Z"
		return
	}
	fields["time"], fields["timeStr"] = v.now.Unix(), v.now.UTC().Format("2006-01-02T15:04:05Z")
	height := v.Height / 30 * 30
	contributed, committed := v.DKGPhase >= 2, v.DKGPhase >= 5
	count := func(done bool) int {
		if done {
			return 3
		}
		return 0
	}
	fields["session"] = object{v.quorum: object{
		"llmqType": 1, "quorumHash": v.chain.hash(height), "quorumHeight": height, "phase": v.DKGPhase,
		"sentContributions": contributed, "sentComplaint": false, "sentJustification": false,
		"sentPrematureCommitment": committed, "aborted": false, "badMembers": 0, "weComplain": 0,
		"receivedContributions": count(contributed), "receivedComplaints": 0, "receivedJustifications": 0,
		"receivedPrematureCommitments": count(committed),
	}}
}
