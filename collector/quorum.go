package collector

import (
	"context"
	"errors"
	"strconv"

	"raptoreum_exporter/daemon"
)

type quorum struct {
	memberships, active, safe, next *metric
}

func newQuorum(c *catalog) updater {
	return &quorum{
		memberships: c.late("quorum_memberships", "Number of active quorums that this smartnode is a member of; valid is false if it missed their key generation (quorum memberof).", "valid"),
		active:      c.gauge("dkg_active", "1 if a distributed key generation is running in which this smartnode still has a duty: phases 1 to 5, not aborted; absent while the chain is downloaded, and if fewer than 10 smartnodes were enabled at any time since raptoreumd started, because the call never ends on a member of a quorum of two (quorum dkgstatus)."),
		safe:        c.gauge("safe_to_restart", "1 if a restart now would not interrupt a running key generation; absent when raptoreum_dkg_active is (quorum dkgstatus)."),
		next:        c.late("dkg_next_start_blocks", "Number of blocks until key generations can start again, at each multiple of 30 (getblockcount)."),
	}
}

// dkgInterval is the interval in blocks of the smallest quorum types; the others are multiples of it
// (llmq/quorums_parameters.h).
const dkgInterval = 30

func (q *quorum) update(ctx context.Context, in *scrape, out *samples) error {
	node, err := in.node(ctx)
	if err != nil {
		return err
	}
	if errors.Is(node.Status.Err, daemon.ErrNotSmartnode) {
		return errNotApplicable
	}
	var errs []error
	if node.ProTxHash != nil {
		switch err := node.Members.Err; {
		case err == nil:
			q.sendMemberships(out, node.Members.Value)
		case !errors.Is(err, daemon.ErrNotRegistered):
			errs = append(errs, err)
		}
	}
	if main, err := in.mainlock(ctx); err == nil && main.Height.Err == nil {
		send(out, q.next, dkgInterval-main.Height.Value%dkgInterval)
	}
	if in.once { // no earlier scrape of this process has shown that the network is large enough
		if list, err := in.list(ctx); list == nil || list.Established() < daemon.MinDKGSmartnodes {
			return errors.Join(append(errs, err)...)
		}
	}
	dkg, err := in.session.DKG(ctx)
	if errors.Is(err, daemon.ErrDKGNetworkTooSmall) || errors.Is(err, daemon.ErrDKGDownloading) {
		return errors.Join(errs...)
	}
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	active := false
	for _, session := range *dkg.Status.Sessions {
		active = active || *session.Phase >= 1 && *session.Phase <= 5 && !*session.Aborted
	}
	sendFlag(out, q.active, active)
	sendFlag(out, q.safe, !active)
	return errors.Join(errs...)
}

func (q *quorum) sendMemberships(out *samples, members []daemon.Membership) {
	count := map[bool]int{}
	for _, m := range members {
		count[*m.IsValidMember]++
	}
	for _, valid := range []bool{true, false} {
		send(out, q.memberships, count[valid], strconv.FormatBool(valid))
	}
}
