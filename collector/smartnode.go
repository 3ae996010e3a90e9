package collector

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/internal/text"
)

type smartnode struct {
	expected, configured, registered, payable, state, info, addressMatch metric
	penalty, banned, poseMax, strikes, decay, banHeight                  metric
}

func newSmartnode(c *catalog) updater {
	return &smartnode{
		expected:     c.gauge("smartnode_expected", "1 when this exporter was told to watch a smartnode: by --smartnode.protx or an operator key in raptoreum.conf."),
		configured:   c.gauge("smartnode_configured", "1 when raptoreumd runs in smartnode mode (smartnode status)."),
		registered:   c.gauge("smartnode_registered", "1 when the smartnode is in the list of registered smartnodes, 0 when it is not or the daemon waits for one with its operator key; absent while that is not known, as during the download of the chain (protx info, smartnode status)."),
		payable:      c.gauge("smartnode_payable", "1 when the collateral is of a tier that is paid (protx info needToUpgrade)."),
		state:        c.gauge("smartnode_state", "State of the smartnode as raptoreumd sees it; one is 1. It turns ready once and does not look at port, sync or tip again (smartnode status).", "state"),
		info:         c.gauge("smartnode_info", "1; hash, address and payout address of the registration (protx info).", "protx", "address", "payout_address"),
		addressMatch: c.gauge("smartnode_address_match", "1 when the address in the ProTx is the one that raptoreumd uses (smartnode status service)."),
		penalty:      c.gauge("smartnode_pose_penalty", "PoSe penalty points in the own chain view (protx info)."),
		banned:       c.gauge("smartnode_pose_banned", "1 when the smartnode is PoSe banned in the own chain view; that lasts until its owner sends protx update_service (protx info PoSeBanHeight)."),
		poseMax:      c.gauge("smartnode_pose_penalty_max", "Penalty at which a smartnode is banned: the number of registered smartnodes, at least 100 (smartnode count)."),
		strikes:      c.gauge("smartnode_pose_strikes_left", "Missed key generations (DKG) that lead to the ban if the penalty does not decay until then: 1 = the next one bans, 0 = banned."),
		decay:        c.gauge("smartnode_pose_decay_seconds", "Seconds until the penalty is back at 0 if nothing else happens; absent when banned."),
		banHeight:    c.gauge("smartnode_pose_ban_height", "Block height of the ban; absent unless banned (protx info PoSeBanHeight)."),
	}
}

func (s *smartnode) update(ctx context.Context, in *scrape, ch chan<- prometheus.Metric) error {
	if in.session == nil {
		return errNotApplicable
	}
	sendFlag(ch, s.expected, in.Expected)
	node, err := in.node(ctx)
	if err != nil {
		return err
	}
	errs := []error{s.sendStatus(ch, node), s.sendRegistered(ctx, in, ch, node)}
	self, err := in.smartnode(ctx)
	if err != nil {
		return errors.Join(append(errs, ignoreNotApplicable(err))...)
	}
	send(ch, s.info, 1, self.ProTxHash.String(), text.Clip(self.Address, maxLabel), text.Clip(self.Payout, maxLabel))
	if self.PayableKnown {
		sendFlag(ch, s.payable, self.Payable)
	}
	if node.Status.Err == nil {
		if own := *node.Status.Value.Service; daemon.Usable(own) { // [::]:0: it does not know its own
			sendFlag(ch, s.addressMatch, self.Address == own)
		}
		if told := node.Status.Value.ProTxHash; told != nil && *told != self.ProTxHash {
			errs = append(errs, fmt.Errorf("--smartnode.protx is %s, but raptoreumd runs %s; correct the flag or raptoreum.conf", self.ProTxHash, told))
		}
	}
	return errors.Join(append(errs, s.sendPoSe(ctx, in, ch, &self))...)
}

func ignoreNotApplicable(err error) error {
	if errors.Is(err, errNotApplicable) {
		return nil
	}
	return err
}

// sendStatus sends what raptoreumd says of its own smartnode.
func (s *smartnode) sendStatus(ch chan<- prometheus.Metric, node *daemon.Node) error {
	if errors.Is(node.Status.Err, daemon.ErrNotSmartnode) {
		sendFlag(ch, s.configured, false)
		return nil
	}
	if node.Status.Err != nil {
		return node.Status.Err
	}
	sendFlag(ch, s.configured, true)
	state := *node.Status.Value.State
	known := false
	for _, name := range smartnodeStates() {
		known = known || strings.EqualFold(name, state)
	}
	if !known {
		state = "unknown"
	}
	sendEnum(ch, s.state, smartnodeStates(), strings.ToLower(state))
	return nil
}

// smartnodeStates are those of CActiveSmartnodeManager::GetStateString, in lower case.
func smartnodeStates() []string {
	return []string{"waiting_for_protx", "pose_banned", "removed", "operator_key_changed", "protx_ip_changed", "ready", "error", "unknown"}
}

// sendRegistered tells whether the smartnode is in the list. "Not in it" is a fact only once the
// chain is there.
func (s *smartnode) sendRegistered(ctx context.Context, in *scrape, ch chan<- prometheus.Metric, node *daemon.Node) error {
	_, err := node.Self()
	waiting := node.Status.Err == nil && strings.EqualFold(*node.Status.Value.State, "waiting_for_protx")
	switch {
	case err == nil:
		sendFlag(ch, s.registered, true)
	case errors.Is(err, daemon.ErrNotRegistered), errors.Is(err, daemon.ErrUnknownProTx) && waiting:
		synced, err := in.synced(ctx)
		if err == nil && synced {
			sendFlag(ch, s.registered, false)
		}
		return err
	}
	return nil
}

// synced tells whether the chain is downloaded and the smartnode sync finished.
func (in *scrape) synced(ctx context.Context) (bool, error) {
	lockfree, err := in.lockfree(ctx)
	if err != nil {
		return false, err
	}
	main, err := in.mainlock(ctx)
	if err != nil {
		return false, err
	}
	if err := errors.Join(lockfree.Sync.Err, main.Chain.Err); err != nil {
		return false, err
	}
	return *lockfree.Sync.Value.IsSynced && !*main.Chain.Value.InitialBlockDownload, nil
}

func (s *smartnode) sendPoSe(ctx context.Context, in *scrape, ch chan<- prometheus.Metric, self *daemon.Smartnode) error {
	send(ch, s.penalty, self.Penalty)
	sendFlag(ch, s.banned, self.Banned())
	if self.Banned() {
		send(ch, s.banHeight, self.BanHeight)
	}
	lockfree, err := in.lockfree(ctx)
	if err != nil {
		return err
	}
	if lockfree.Count.Err == nil {
		poseMax := daemon.PoSeMax(*lockfree.Count.Value.Total)
		send(ch, s.poseMax, poseMax)
		send(ch, s.strikes, daemon.PoSeStrikesLeft(self.Penalty, poseMax, self.Banned()))
	}
	main, err := in.mainlock(ctx)
	if err != nil {
		return err
	}
	spork21, known := lockfree.Sporks.Value["SPORK_21_LOW_LLMQ_PARAMS"]
	if !self.Banned() && main.Height.Err == nil && lockfree.Sporks.Err == nil && known {
		if spacing, ok := blockSpacing(main); ok {
			low := sporkActive("SPORK_21_LOW_LLMQ_PARAMS", spork21)
			send(ch, s.decay, daemon.PoSeDecay(self.Penalty, main.Height.Value, low, spacing).Seconds())
		}
	}
	return errors.Join(lockfree.Count.Err, lockfree.Sporks.Err)
}
