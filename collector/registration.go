package collector

import (
	"time"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/internal/text"
)

// registration is the state of a smartnode on the chain, from its own daemon or from a fleet exporter.
type registration struct {
	expected, registered, payable, revoked, info        *metric
	penalty, banned, poseMax, strikes, decay, banHeight *metric
}

func newRegistration(c *catalog) registration {
	return registration{
		expected:   c.gauge("smartnode_expected", "1 if there should be a smartnode: --smartnode.protx, an operator key in raptoreum.conf, --fleet.config, or raptoreumd has run as one since this exporter started."),
		registered: c.late("smartnode_registered", "1 if the smartnode is in the list of registered smartnodes, 0 if it is not or the daemon waits for a registration with its operator key; absent while unknown, for example while the chain is downloaded, or on /probe while raptoreumd is more than 10 blocks behind the network (protx info, smartnode status; on /probe protx list, or without a daemon an explorer, for 0 one whose best block is less than an hour old)."),
		payable:    c.late("smartnode_payable", "1 if the collateral amount is eligible for payments (protx info needToUpgrade)."),
		revoked:    c.late("smartnode_operator_revoked", "1 if the operator key was revoked (protx revoke): a ban then ends only once its owner has set a new key with protx update_registrar and sent protx update_service (protx info pubKeyOperator; on /probe protx list)."),
		info:       c.late("smartnode_info", "Always 1; proTxHash, address and payout address of the registration (protx info).", "protx", "address", "payout_address"),
		penalty:    c.late("smartnode_pose_penalty", "PoSe penalty points on the daemon's chain (protx info; on /probe protx list of the tip or at most 10 minutes old, while raptoreumd is near the tip of the network, or without a daemon an explorer that has not shown the same old block for an hour, at most 10 minutes old)."),
		banned:     c.late("smartnode_pose_banned", "1 if the smartnode is PoSe banned on the daemon's chain; a ban lasts until its owner sends protx update_service (protx info PoSeBanHeight; on /probe as for the penalty)."),
		poseMax:    c.gauge("smartnode_pose_penalty_max", "PoSe penalty points at which a smartnode is banned: the number of registered smartnodes, at least 100 (smartnode count)."),
		strikes:    c.late("smartnode_pose_strikes_left", "Number of further missed key generations (DKG) until the ban if the penalty does not decay before: 1 = the next one bans, 0 = banned (protx info, smartnode count)."),
		decay:      c.late("smartnode_pose_decay_seconds", "Time in seconds until the penalty is back at 0 if no key generation is missed; absent when banned (protx info, getblockcount, spork show)."),
		banHeight:  c.late("smartnode_pose_ban_height", "Block height of the ban; absent unless banned (protx info PoSeBanHeight)."),
	}
}

// facts is the known state of the network that a smartnode belongs to; nil and 0 are unknown.
type facts struct {
	registered *int   // number of smartnodes, including banned ones
	height     *int64 // of the tip
	lowQuorums *bool  // SPORK_21
	spacing    time.Duration
}

// send sends the metrics of a registered smartnode, except smartnode_registered itself, which the caller sends.
func (r *registration) send(out *samples, self *daemon.Smartnode, f facts) {
	send(out, r.info, 1, self.ProTxHash.String(), text.Clip(self.Address, maxLabel), text.Clip(self.Payout, maxLabel))
	if self.PayableKnown {
		sendFlag(out, r.payable, self.Payable)
	}
	if self.OperatorKey != "" { // an explorer does not report it
		sendFlag(out, r.revoked, self.Revoked())
	}
	send(out, r.penalty, self.Penalty)
	sendFlag(out, r.banned, self.Banned())
	if self.Banned() {
		send(out, r.banHeight, self.BanHeight)
	}
	if f.registered != nil {
		poseMax := daemon.PoSeMax(*f.registered)
		send(out, r.poseMax, poseMax)
		send(out, r.strikes, daemon.PoSeStrikesLeft(self.Penalty, poseMax, self.Banned()))
	}
	if !self.Banned() && f.height != nil && f.lowQuorums != nil && f.spacing > 0 {
		send(out, r.decay, daemon.PoSeDecay(self.Penalty, *f.height, *f.lowQuorums, f.spacing).Seconds())
	}
}
