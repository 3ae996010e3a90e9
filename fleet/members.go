package fleet

import (
	"time"

	"raptoreum_exporter/daemon"
)

// keepLeft is how long a smartnode that has left its sets stays in the fleet.
const keepLeft = 7 * 24 * time.Hour

// member is a smartnode that was in a set since the start of this process. A node in trouble may leave its set: its
// operator key is changed or revoked, which bans it, its payout address is changed, or its collateral is spent. It
// would disappear at the moment at which its owner must hear of it.
type member struct {
	sets []key
	left time.Time // zero: it is in them
}

// former returns the sets of all members, without those that left them too long ago.
func (f *Fleet) former(now time.Time) map[daemon.Hash][]key {
	sets := make(map[daemon.Hash][]key, len(f.members))
	for hash, m := range f.members {
		if !m.left.IsZero() && now.Sub(m.left) >= keepLeft {
			delete(f.members, hash)
			continue
		}
		sets[hash] = m.sets
	}
	return sets
}

// remember updates the members by those that are in the sets now.
func (f *Fleet) remember(current map[daemon.Hash][]key, now time.Time) {
	if f.members == nil {
		f.members = map[daemon.Hash]*member{}
	}
	for hash, m := range f.members {
		if m.left.IsZero() && current[hash] == nil {
			m.left = now
		}
	}
	for hash, sets := range current {
		f.members[hash] = &member{sets: sets}
	}
}
