package daemon

import "time"

// PoSeMax returns the penalty at which a smartnode is banned: the number of all registered
// smartnodes, banned ones too, but at least 100 (CDeterministicMNList::CalcMaxPoSePenalty).
func PoSeMax(registered int) int { return max(100, registered) }

// PoSeMiss returns what one missed DKG adds to a penalty (66 %, rounded down).
func PoSeMiss(poseMax int) int { return poseMax * 66 / 100 }

// PoSeStrikesLeft returns the number of further missed DKGs until the ban if nothing decays before
// then: 1 means that the next one bans, 0 that the node is banned.
func PoSeStrikesLeft(penalty, poseMax int, banned bool) int {
	if banned {
		return 0
	}
	miss := PoSeMiss(poseMax)
	return max(1, (poseMax-penalty+miss-1)/miss)
}

// PoSeDecay returns the time until a penalty is back at 0 if nothing else happens. One point is
// removed at each block whose height is a multiple of 2 (of 30 while SPORK_21 is active).
func PoSeDecay(penalty int, height int64, lowQuorums bool, spacing time.Duration) time.Duration {
	every := int64(2)
	if lowQuorums {
		every = 30
	}
	if penalty <= 0 {
		return 0
	}
	return time.Duration(int64(penalty)*every-height%every) * spacing
}
