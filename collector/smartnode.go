package collector

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"raptoreum_exporter/daemon"
)

type smartnode struct {
	seen                            atomic.Bool // raptoreumd ran as one since this exporter started
	configured, state, addressMatch *metric
	registration
}

func newSmartnode(c *catalog) updater {
	return &smartnode{
		configured:   c.late("smartnode_configured", "1 if raptoreumd runs in smartnode mode (smartnode status)."),
		state:        c.late("smartnode_state", "State of the smartnode as reported by raptoreumd, which checks neither port nor sync nor tip again once it is ready; one is 1 (smartnode status).", "state"),
		addressMatch: c.late("smartnode_address_match", "1 if the address in the ProTx is the one that raptoreumd uses (smartnode status service)."),
		registration: newRegistration(c),
	}
}

func (s *smartnode) update(ctx context.Context, in *scrape, out *samples) error {
	if in.session == nil {
		return errNotApplicable
	}
	node, err := in.node(ctx)
	if err == nil && (node.Status.Err == nil || node.ProTxHash != nil) {
		s.seen.Store(true)
	}
	sendFlag(out, s.expected, in.Expected || s.seen.Load())
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
		if own := *node.Status.Value.Service; daemon.Usable(own) { // [::]:0: unknown
			sendFlag(out, s.addressMatch, self.Address == own)
		}
		if running := node.Status.Value.ProTxHash; running != nil && *running != self.ProTxHash {
			errs = append(errs, fmt.Errorf("--smartnode.protx is %s, but raptoreumd runs %s; correct the flag or raptoreum.conf", self.ProTxHash, running))
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

// sendStatus sends what raptoreumd reports about its own smartnode.
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

// smartnodeStates are the states of CActiveSmartnodeManager::GetStateString, in lower case.
func smartnodeStates() []string {
	return []string{"waiting_for_protx", "pose_banned", "removed", "operator_key_changed", "protx_ip_changed", "ready", "error", "unknown"}
}

// sendRegistered sends whether the smartnode is in the list of registered smartnodes. 0 is certain only once
// the chain is downloaded.
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

// synced reports whether the chain is downloaded and the smartnode sync is finished.
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

// facts returns the state of the network as reported by the daemon.
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
