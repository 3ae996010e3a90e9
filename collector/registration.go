package collector

import (
	"time"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/internal/text"
)

// registration is what the chain says of a smartnode, whoever looks: its own daemon or a fleet exporter.
type registration struct {
	expected, registered, payable, info                 *metric
	penalty, banned, poseMax, strikes, decay, banHeight *metric
}

func newRegistration(c *catalog) registration {
	return registration{
		expected:   c.gauge("smartnode_expected", "1 when this exporter was told to watch a smartnode: by --smartnode.protx, an operator key in raptoreum.conf or --fleet.config."),
		registered: c.gauge("smartnode_registered", "1 when the smartnode is in the list of registered smartnodes, 0 when it is not or the daemon waits for one with its operator key; absent while that is not known, as during the download of the chain (protx info, smartnode status; on /probe protx list, or an explorer where there is no daemon)."),
		payable:    c.gauge("smartnode_payable", "1 when the collateral is of a tier that is paid (protx info needToUpgrade)."),
		info:       c.gauge("smartnode_info", "1; hash, address and payout address of the registration (protx info).", "protx", "address", "payout_address"),
		penalty:    c.gauge("smartnode_pose_penalty", "PoSe penalty points in the own chain view (protx info; on /probe protx list, or an explorer where there is no daemon, at most 10 minutes old)."),
		banned:     c.gauge("smartnode_pose_banned", "1 when the smartnode is PoSe banned in the own chain view; that lasts until its owner sends protx update_service (protx info PoSeBanHeight; on /probe as the penalty)."),
		poseMax:    c.gauge("smartnode_pose_penalty_max", "Penalty at which a smartnode is banned: the number of registered smartnodes, at least 100 (smartnode count)."),
		strikes:    c.gauge("smartnode_pose_strikes_left", "Missed key generations (DKG) that lead to the ban if the penalty does not decay until then: 1 = the next one bans, 0 = banned."),
		decay:      c.gauge("smartnode_pose_decay_seconds", "Seconds until the penalty is back at 0 if nothing else happens; absent when banned."),
		banHeight:  c.gauge("smartnode_pose_ban_height", "Block height of the ban; absent unless banned (protx info PoSeBanHeight)."),
	}
}

// facts are what is known of the network that a smartnode belongs to; nil and 0 are unknown.
type facts struct {
	registered *int   // smartnodes, banned ones too
	height     *int64 // of the tip
	lowQuorums *bool  // SPORK_21
	spacing    time.Duration
}

// send sends all of a registered smartnode but that it is one, which the caller knows.
func (r *registration) send(out *samples, self *daemon.Smartnode, f facts) {
	send(out, r.info, 1, self.ProTxHash.String(), text.Clip(self.Address, maxLabel), text.Clip(self.Payout, maxLabel))
	if self.PayableKnown {
		sendFlag(out, r.payable, self.Payable)
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
