package judge

import (
	"fmt"
	"math"

	"raptoreum_exporter/alerts"
	"raptoreum_exporter/daemon"
	"raptoreum_exporter/internal/text"
)

// hasSmartnode reports whether there is a smartnode to judge. One that should be configured and is not has a
// finding of its own.
func (f *facts) hasSmartnode() bool {
	return f.outside() || !f.is(0, "smartnode_configured") && (f.is(1, "smartnode_expected") || f.is(1, "smartnode_configured"))
}

// judgeSmartnode compares the state that the daemon reports with the registration on the chain.
func judgeSmartnode(f *facts) *Finding {
	state := f.state("smartnode_state", "state")
	_, registered := f.value("smartnode_registered")
	const status = "raptoreum-cli smartnode status"
	unready := state != "" && state != "ready" && f.is(1, "sync_finished") && !f.is(1, "smartnode_pose_banned")
	var found *Finding
	switch {
	case f.is(0, "smartnode_configured") && f.is(1, "smartnode_expected"):
		return critical("SmartnodeNotConfigured", "raptoreumd runs without smartnodeblsprivkey: is this the right raptoreum.conf?",
			"sudo grep -c '^ *smartnodeblsprivkey *=' "+f.conf()+"   # prints only the count, because the key is secret")
	case !f.hasSmartnode():
		return nil
	case !f.outside() && !f.answers():
		return notReady()
	case f.downloading():
		return unknown("unknown until the chain is downloaded; raptoreumd reports %s", state)
	case f.is(0, "smartnode_registered") && !f.is(0, "sync_finished"):
		found = critical("SmartnodeNotRegistered", "not in the list of registered smartnodes: the collateral was spent, or no registration has this BLS key",
			status, "raptoreum-cli protx list registered")
		if unready {
			found.implies("SmartnodeNotReady")
		}
		return found
	case unready:
		return critical("SmartnodeNotReady", "raptoreumd is synced, but its smartnode is not ready: "+state, status, f.debugLog())
	case !registered && f.outside():
		return unknown("registration unknown")
	case !registered:
		return unknown("registration unknown; raptoreumd reports %s", state)
	case state != "" && state != "ready" && !f.is(1, "smartnode_pose_banned"):
		return unknown("registered; raptoreumd reports %s, and its sync is not finished", state)
	case f.outside():
		return healthy("registered")
	}
	return healthy("registered; raptoreumd reports %s", state)
}

func judgePoSe(f *facts) *Finding {
	banned, known := f.value("smartnode_pose_banned")
	if f.past() && (f.downloading() || banned == 0 || len(f.samples("explorer_smartnode_pose_banned")) > 0) { // a ban never ends by itself
		known = false
	}
	penalty, _ := f.value("smartnode_pose_penalty")
	limit, _ := f.value("smartnode_pose_penalty_max")
	strikes, counted := f.value("smartnode_pose_strikes_left")
	text := fmt.Sprintf("penalty %.0f of %.0f", penalty, limit)
	switch {
	case !known && f.state("smartnode_state", "state") == "pose_banned" && !f.downloading():
		found := f.banned("raptoreumd") // its address was changed, so it cannot be found in the list
		found.Next = append(found.Next, "raptoreum_exporter check --smartnode.protx=HASH   # shows more about it")
		return found
	case !known:
		return f.poseOfExplorers()
	case banned == 1:
		return f.banned("")
	case counted && strikes == alerts.LastStrike:
		return critical("SmartnodeOneStrikeLeft", text+": the next missed key generation bans it; do not restart while one is running",
			f.debugLog(), "raptoreum-cli quorum memberof "+f.hash())
	case penalty > 0 && counted:
		decay, _ := f.value("smartnode_pose_decay_seconds")
		return healthy("%s, %.0f strikes left, back at 0 in %s", text, strikes, FormatDuration(decay))
	case counted:
		return healthy("%s, %.0f strikes left", text, strikes)
	}
	return healthy("penalty %.0f", penalty)
}

// banned is the finding of a ban that source reports; empty: the chain view of the daemon or of /probe.
func (f *facts) banned(source string) *Finding {
	text := "banned"
	if height, known := f.value("smartnode_pose_ban_height"); known {
		text += fmt.Sprintf(" at block %.0f", height)
	}
	if source != "" {
		text += " according to " + source
	}
	text += " and earns nothing" + f.lossPerDay()
	if f.is(1, "smartnode_operator_revoked") {
		return critical("SmartnodePoSeBanned", text+", because its operator key was revoked: set a new key, put its secret key into raptoreum.conf, and only then send update_service",
			fmt.Sprintf(`protx update_registrar "%s" "<new operator public key: bls generate>" "" ""`, f.hash()), f.updateService())
	}
	return critical("SmartnodePoSeBanned", text+"; a ban never ends by itself: fix its cause, then send update_service", f.updateService())
}

// poseOfExplorers is the fallback when no daemon reports the present penalty.
func (f *facts) poseOfExplorers() *Finding {
	if !f.hasSmartnode() {
		return nil
	}
	seen := f.samples("explorer_smartnode_pose_banned")
	for _, s := range seen {
		if valueOf(s) == 1 {
			return f.banned(labelOf(s, "explorer"))
		}
	}
	if len(seen) > 0 {
		why := "raptoreumd does not report it"
		if f.past() && !f.downloading() {
			age, _ := f.age("block_timestamp_seconds")
			why = "the newest block of raptoreumd is " + FormatDuration(age) + " old"
		}
		return unknown("%s; not banned according to %s", why, labelOf(seen[0], "explorer"))
	}
	if f.is(0, "smartnode_registered") {
		return nil
	}
	found := unknown("penalty and ban are unknown")
	if f.hash() == noHash && !f.outside() {
		found.Next = []string{"raptoreum_exporter check --smartnode.protx=HASH   # then explorers can report it"}
	}
	return found
}

func judgeAddress(f *facts) *Finding {
	address := f.address()
	match, known := f.value("smartnode_address_match")
	mismatch := "the registered address " + address + " differs from externalip in raptoreum.conf"
	if address == noAddress { // revoked, or its operator key was changed
		mismatch = "no address is registered, although raptoreumd has one"
	}
	switch {
	case f.is(1, "smartnode_address_duplicate"):
		return critical("SmartnodeAddressDuplicate", "another smartnode is registered with the same address, "+address,
			"raptoreum-cli protx list registered true | grep -B 8 '"+address+"'", f.updateService())
	case f.downloading():
		return nil
	case known && match == 0:
		return critical("SmartnodeAddressMismatch", mismatch,
			"sudo grep -n '^ *externalip *=' "+f.conf()+"   # correct it and restart raptoreumd, or change the registration:", f.updateService())
	case known:
		return healthy("%s, registered and in use", address)
	}
	return nil
}

func judgeCollateral(f *facts) *Finding {
	payable, known := f.value("smartnode_payable")
	switch {
	case !known || f.downloading():
		return nil
	case payable == 0:
		return critical("SmartnodeUnpayable", "its amount is not eligible for payments: register the smartnode again with enough collateral (1,800,000 RTM on the main network)",
			"raptoreum-cli protx info "+f.hash())
	}
	return healthy("eligible for payments")
}

// judgePayment: each block pays one smartnode, the one that has waited longest.
func judgePayment(f *facts) *Finding {
	if f.downloading() {
		return nil
	}
	last, paid := f.value("smartnode_last_paid_height")
	waits, known := f.value("smartnode_payment_wait_blocks")
	if height, synced := f.value("block_height"); !known && synced && paid {
		waits, known = height-last, true
	}
	length, queued := f.value("smartnode_payment_queue_length")
	text := "not paid yet"
	if paid {
		text = fmt.Sprintf("last paid %sin block %.0f", f.lastPayment(), last)
	}
	next, expected := f.value("smartnode_next_payment_seconds")
	switch {
	case known && queued && waits > alerts.OverdueRounds*length+alerts.OverdueBlocks:
		return warning("SmartnodePaymentOverdue", fmt.Sprintf("%s; it has waited %.0f blocks, more than one and a half rounds of the queue%s", text, waits, f.lossPerDay()),
			"raptoreum-cli getblockhash $(raptoreum-cli getblockcount)   # does an explorer show the same hash?")
	case expected:
		position, _ := f.value("smartnode_payment_queue_position")
		return healthy("%s%s, next in about %s (queue position %.0f)", text, f.earnsPerDay(), FormatDuration(next), position)
	case paid:
		return healthy("%s", text)
	}
	return nil
}

// lastPayment returns the amount of the last payment with its unit and a space; empty: unknown.
func (f *facts) lastPayment() string {
	coins, known := f.value("smartnode_last_payment_coins")
	if !known {
		return ""
	}
	return formatCoins(coins) + " "
}

// earnsPerDay returns what the smartnode is expected to earn, as the end of a sentence; empty: unknown or
// nothing.
func (f *facts) earnsPerDay() string {
	if perDay, _ := f.value("smartnode_expected_coins_per_day"); perDay > 0 {
		return ", about " + formatCoins(perDay) + " a day"
	}
	return ""
}

// lossPerDay returns what a day without a payment costs, as the end of a sentence; empty: unknown or nothing.
func (f *facts) lossPerDay() string {
	if perDay, _ := f.value("smartnode_expected_coins_per_day"); perDay > 0 {
		return ", which costs about " + formatCoins(perDay) + " a day"
	}
	return ""
}

func judgeDuty(f *facts) *Finding {
	missed, known := f.value("quorum_memberships", "valid", "false")
	member, _ := f.value("quorum_memberships", "valid", "true")
	restart := f.restart()
	switch {
	case !known && restart == "":
		return nil
	case missed > 0:
		return warning("SmartnodeDKGMissed", fmt.Sprintf("missed the key generation of %.0f of %.0f quorums%s", missed, missed+member, restart), f.debugLog())
	case !known:
		return healthy("no quorums are known%s", restart)
	}
	return healthy("member of %s%s", text.Count(member, "quorum"), restart)
}

// restart returns whether a restart would miss a key generation, as the end of a sentence; empty: it does not matter here.
func (f *facts) restart() string {
	next, known := f.value("dkg_next_start_blocks")
	switch {
	case f.is(0, "safe_to_restart"):
		return "; a key generation is running, do not restart now"
	case f.is(1, "safe_to_restart") && !known:
		return "; no key generation is running"
	case f.is(1, "safe_to_restart") && next < alerts.MinRestartBlocks:
		return "; the next key generation can start in " + text.Count(next, "block") + ", do not restart now"
	case f.is(1, "safe_to_restart"):
		return "; a restart is safe now"
	}
	enabled, counted := f.value("smartnodes", "state", "enabled")
	switch {
	case !counted || f.downloading() || !f.is(1, "smartnode_configured"):
		return ""
	case enabled < daemon.MinDKGSmartnodes:
		return "; whether a key generation is running is unknown on a network this small"
	case f.ready() && f.is(1, "scrape_collector_success", "collector", "quorum"):
		return "; whether a key generation is running is unknown: the network had too few smartnodes until lately"
	}
	return ""
}

func judgeViews(f *facts) *Finding {
	banned, known := f.value("smartnode_pose_banned")
	penalty, penaltyKnown := f.value("smartnode_pose_penalty")
	seen := f.samples("explorer_smartnode_pose_banned")
	if f.past() {
		return nil
	}
	for _, s := range seen {
		theirs, _ := f.value("explorer_smartnode_pose_penalty", "explorer", labelOf(s, "explorer"))
		if known && valueOf(s) != banned || penaltyKnown && math.Abs(theirs-penalty) > alerts.MaxPenaltyGap {
			return warning("SmartnodeViewsDisagree", fmt.Sprintf("%s reports penalty %.0f%s: one of the two follows another chain or is stalled", labelOf(s, "explorer"), theirs,
				map[bool]string{true: " and a ban"}[valueOf(s) == 1]), "raptoreum-cli getblockcount")
		}
	}
	if known && len(seen) > 0 {
		return healthy("agrees with raptoreumd")
	}
	return nil
}
