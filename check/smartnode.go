package check

import (
	"fmt"
	"math"
)

// concerned: there is a smartnode to judge. That raptoreumd should run one and does not is told once.
func (f *facts) concerned() bool {
	return f.outside() || !f.is(0, "smartnode_configured") && (f.is(1, "smartnode_expected") || f.is(1, "smartnode_configured"))
}

// judgeSmartnode: what the daemon says it is, and what the chain says of it.
func judgeSmartnode(f *facts) *Finding {
	state := f.state("smartnode_state", "state")
	_, registered := f.value("smartnode_registered")
	const status = "raptoreum-cli smartnode status"
	unready := state != "" && state != "ready" && f.is(1, "sync_finished") && !f.is(1, "smartnode_pose_banned")
	var found *Finding
	switch {
	case f.is(0, "smartnode_configured") && f.is(1, "smartnode_expected"):
		return critical("SmartnodeNotConfigured", "raptoreumd runs without smartnodeblsprivkey: is this the right raptoreum.conf?",
			"sudo grep -c '^ *smartnodeblsprivkey *=' "+f.conf()+"   # counts only: the key is secret")
	case !f.concerned():
		return nil
	case !f.outside() && !f.ready():
		return silent()
	case f.downloading():
		return unknown("not known before the chain is downloaded; raptoreumd says %s", state)
	case f.is(0, "smartnode_registered") && f.is(1, "smartnode_expected") && !f.is(0, "sync_finished"):
		found = critical("SmartnodeNotRegistered", "not in the list of smartnodes: the collateral is spent, or the BLS key belongs to no registration",
			status, "raptoreum-cli protx list registered")
		if unready {
			found.muting("SmartnodeNotReady")
		}
		return found
	case unready:
		return critical("SmartnodeNotReady", "raptoreumd is synced, but its smartnode is "+state+" and not ready", status, f.debugLog())
	case !registered && f.outside():
		return unknown("not known whether it is registered")
	case !registered:
		return unknown("not known whether it is registered; raptoreumd says %s", state)
	case state != "" && state != "ready" && !f.is(1, "smartnode_pose_banned"):
		return unknown("registered; raptoreumd says %s, and its sync is not finished", state)
	case f.outside():
		return healthy("registered")
	}
	return healthy("registered; raptoreumd says %s", state)
}

func judgePoSe(f *facts) *Finding {
	banned, known := f.value("smartnode_pose_banned")
	if f.downloading() {
		known = false // that of the chain's height
	}
	penalty, _ := f.value("smartnode_pose_penalty")
	most, _ := f.value("smartnode_pose_penalty_max")
	strikes, counted := f.value("smartnode_pose_strikes_left")
	text := fmt.Sprintf("penalty %.0f of %.0f", penalty, most)
	switch {
	case !known && f.state("smartnode_state", "state") == "pose_banned" && !f.downloading():
		found := f.banned("banned, as raptoreumd says,") // its address was changed, so that it is not found in the list
		found.Next = append(found.Next, "raptoreum_exporter check --smartnode.protx=HASH   # more of it is known then")
		return found
	case !known:
		return f.poseOfExplorers()
	case banned == 1:
		return f.banned("banned")
	case counted && strikes == 1:
		return critical("SmartnodeOneStrikeLeft", text+": the next missed quorum duty bans it; do not restart while a key generation runs",
			f.debugLog(), "raptoreum-cli quorum memberof "+f.hash())
	case penalty > 0 && counted:
		decay, _ := f.value("smartnode_pose_decay_seconds")
		return healthy("%s, %.0f strikes left, back at 0 in %s", text, strikes, span(decay))
	case counted:
		return healthy("%s, %.0f strikes left", text, strikes)
	}
	return healthy("penalty %.0f", penalty)
}

func (f *facts) banned(text string) *Finding {
	if height, told := f.value("smartnode_pose_ban_height"); told {
		text += fmt.Sprintf(" at block %.0f", height)
	}
	return critical("SmartnodePoSeBanned", text+" and earns nothing; a ban never ends by itself: mend its cause, then send update_service", f.updateService())
}

// poseOfExplorers is what is left when no daemon tells.
func (f *facts) poseOfExplorers() *Finding {
	if !f.concerned() {
		return nil
	}
	seen := f.samples["explorer_smartnode_pose_banned"]
	for _, s := range seen {
		if s.value == 1 {
			return f.banned("banned, as " + s.labels["explorer"] + " sees it")
		}
	}
	if len(seen) > 0 {
		return unknown("raptoreumd does not tell; not banned, as %s sees it", seen[0].labels["explorer"])
	}
	if f.is(0, "smartnode_registered") {
		return nil
	}
	found := unknown("penalty and ban are not known")
	if f.hash() == noHash && !f.outside() {
		found.Next = []string{"raptoreum_exporter check --smartnode.protx=HASH   # explorers tell of it then"}
	}
	return found
}

func judgeAddress(f *facts) *Finding {
	address := f.address()
	match, known := f.value("smartnode_address_match")
	registered := "registered as " + address
	if address == noAddress { // revoked, or its operator key was changed
		registered = "registered without an address"
	}
	switch {
	case f.is(1, "smartnode_address_duplicate"):
		return critical("SmartnodeAddressDuplicate", "another smartnode is registered with the same address, "+address,
			"raptoreum-cli protx list registered true | grep -B 8 '"+address+"'", f.updateService())
	case f.downloading():
		return nil
	case known && match == 0:
		return critical("SmartnodeAddressMismatch", registered+", which is not the externalip of raptoreum.conf",
			"sudo grep -n '^ *externalip *=' "+f.conf()+"   # correct it and restart, or move the registration:", f.updateService())
	case known:
		return healthy("%s, registered and its own", address)
	}
	return nil
}

func judgeCollateral(f *facts) *Finding {
	payable, known := f.value("smartnode_payable")
	switch {
	case !known || f.downloading():
		return nil
	case payable == 0:
		return critical("SmartnodeUnpayable", "of a tier that is not paid: register it anew with enough collateral (1,800,000 RTM on the main network)",
			"raptoreum-cli protx info "+f.hash())
	}
	return healthy("of a tier that is paid")
}

// judgePayment: one smartnode is paid in each block, the one that waits longest.
func judgePayment(f *facts) *Finding {
	if f.downloading() {
		return nil
	}
	last, paid := f.value("smartnode_last_paid_height")
	waits, known := f.value("smartnode_payment_wait_blocks")
	if height, told := f.value("block_height"); !known && told && paid {
		waits, known = height-last, true
	}
	length, queued := f.value("smartnode_payment_queue_length")
	text := "never paid yet"
	if paid {
		text = fmt.Sprintf("last paid in block %.0f", last)
	}
	next, told := f.value("smartnode_next_payment_seconds")
	switch {
	case known && queued && waits > 1.5*length+30:
		return warning("SmartnodePaymentOverdue", fmt.Sprintf("%s, %.0f blocks ago, more than one and a half rounds of the queue", text, waits),
			"raptoreum-cli getblockhash $(raptoreum-cli getblockcount)   # the same as an explorer's?")
	case told:
		position, _ := f.value("smartnode_payment_queue_position")
		return healthy("%s, next in about %s (%.0f before it)", text, span(next), position)
	case paid:
		return healthy("%s", text)
	}
	return nil
}

func judgeDuty(f *facts) *Finding {
	missed, known := f.value("quorum_memberships", "valid", "false")
	member, _ := f.value("quorum_memberships", "valid", "true")
	restart := ""
	switch {
	case f.is(1, "safe_to_restart"):
		restart = "; a restart is safe now"
	case f.is(0, "safe_to_restart"):
		restart = "; a key generation runs, do not restart now"
	}
	switch {
	case !known && restart == "":
		return nil
	case missed > 0:
		return warning("SmartnodeDKGMissed", fmt.Sprintf("left out of %.0f of %.0f quorums: it missed their key generation%s", missed, missed+member, restart), f.debugLog())
	case !known:
		return healthy("in no quorum that is known%s", restart)
	}
	return healthy("in %.0f quorums%s", member, restart)
}

func judgeViews(f *facts) *Finding {
	banned, known := f.value("smartnode_pose_banned")
	penalty, told := f.value("smartnode_pose_penalty")
	seen := f.samples["explorer_smartnode_pose_banned"]
	if f.downloading() {
		return nil // ours is that of our height
	}
	for _, s := range seen {
		theirs, _ := f.value("explorer_smartnode_pose_penalty", "explorer", s.labels["explorer"])
		if known && s.value != banned || told && math.Abs(theirs-penalty) > 20 {
			return warning("SmartnodeViewsDisagree", fmt.Sprintf("%s sees penalty %.0f%s: one of you is on another chain or stands still", s.labels["explorer"], theirs,
				map[bool]string{true: " and a ban"}[s.value == 1]), "raptoreum-cli getblockcount")
		}
	}
	if known && len(seen) > 0 {
		return healthy("the same as ours")
	}
	return nil
}
