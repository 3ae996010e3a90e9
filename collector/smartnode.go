package collector

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"raptoreum_exporter/daemon"
)

type smartnode struct {
	configured, state, addressMatch *metric
	registration
}

func newSmartnode(c *catalog) updater {
	return &smartnode{
		configured:   c.gauge("smartnode_configured", "1 when raptoreumd runs in smartnode mode (smartnode status)."),
		state:        c.gauge("smartnode_state", "State of the smartnode as raptoreumd sees it; one is 1. It turns ready once and does not look at port, sync or tip again (smartnode status).", "state"),
		addressMatch: c.gauge("smartnode_address_match", "1 when the address in the ProTx is the one that raptoreumd uses (smartnode status service)."),
		registration: newRegistration(c),
	}
}

func (s *smartnode) update(ctx context.Context, in *scrape, out *samples) error {
	if in.session == nil {
		return errNotApplicable
	}
	sendFlag(out, s.expected, in.Expected)
	node, err := in.node(ctx)
	if err != nil {
		return err
	}
	errs := []error{s.sendStatus(out, node), s.sendRegistered(ctx, in, out, node)}
	self, err := in.smartnode(ctx)
	if err != nil {
		return errors.Join(append(errs, ignoreNotApplicable(err))...)
	}
	facts, factsErr := in.facts(ctx)
	s.send(out, &self, facts)
	errs = append(errs, factsErr)
	if node.Status.Err == nil {
		if own := *node.Status.Value.Service; daemon.Usable(own) { // [::]:0: it does not know its own
			sendFlag(out, s.addressMatch, self.Address == own)
		}
		if told := node.Status.Value.ProTxHash; told != nil && *told != self.ProTxHash {
			errs = append(errs, fmt.Errorf("--smartnode.protx is %s, but raptoreumd runs %s; correct the flag or raptoreum.conf", self.ProTxHash, told))
		}
	}
	return errors.Join(errs...)
}

func ignoreNotApplicable(err error) error {
	if errors.Is(err, errNotApplicable) {
		return nil
	}
	return err
}

// sendStatus sends what raptoreumd says of its own smartnode.
func (s *smartnode) sendStatus(out *samples, node *daemon.Node) error {
	if errors.Is(node.Status.Err, daemon.ErrNotSmartnode) {
		sendFlag(out, s.configured, false)
		return nil
	}
	if node.Status.Err != nil {
		return node.Status.Err
	}
	sendFlag(out, s.configured, true)
	state := *node.Status.Value.State
	known := false
	for _, name := range smartnodeStates() {
		known = known || strings.EqualFold(name, state)
	}
	if !known {
		state = "unknown"
	}
	sendEnum(out, s.state, smartnodeStates(), strings.ToLower(state))
	return nil
}

// smartnodeStates are those of CActiveSmartnodeManager::GetStateString, in lower case.
func smartnodeStates() []string {
	return []string{"waiting_for_protx", "pose_banned", "removed", "operator_key_changed", "protx_ip_changed", "ready", "error", "unknown"}
}

// sendRegistered tells whether the smartnode is in the list. "Not in it" is a fact only once the
// chain is there.
func (s *smartnode) sendRegistered(ctx context.Context, in *scrape, out *samples, node *daemon.Node) error {
	_, err := node.Self()
	waiting := node.Status.Err == nil && strings.EqualFold(*node.Status.Value.State, "waiting_for_protx")
	switch {
	case err == nil:
		sendFlag(out, s.registered, true)
	case errors.Is(err, daemon.ErrNotRegistered), errors.Is(err, daemon.ErrUnknownProTx) && waiting:
		synced, err := in.synced(ctx)
		if err == nil && synced {
			sendFlag(out, s.registered, false)
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

// facts are what the daemon says of the network.
func (in *scrape) facts(ctx context.Context) (f facts, err error) {
	lockfree, err := in.lockfree(ctx)
	if err != nil {
		return f, err
	}
	main, err := in.mainlock(ctx)
	if err != nil {
		return f, err
	}
	if lockfree.Count.Err == nil {
		f.registered = lockfree.Count.Value.Total
	}
	if main.Height.Err == nil {
		f.height = &main.Height.Value
	}
	if spork21, known := lockfree.Sporks.Value[sporkLowQuorums]; known && lockfree.Sporks.Err == nil {
		low := sporkActive(sporkLowQuorums, spork21)
		f.lowQuorums = &low
	}
	f.spacing, _ = blockSpacing(main)
	return f, errors.Join(lockfree.Count.Err, lockfree.Sporks.Err)
}
