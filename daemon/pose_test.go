package daemon

import (
	"testing"
	"time"
)

func TestPoSe(t *testing.T) {
	for _, c := range []struct {
		name                string
		registered, penalty int
		banned              bool
		max, miss, strikes  int
	}{
		{"small network", 4, 0, false, 100, 66, 2},
		{"one miss of two", 4, 66, false, 100, 66, 1},
		{"captured: decayed to 62", 4, 62, false, 100, 66, 1},
		{"exactly at the edge: the next bans", 100, 34, false, 100, 66, 1},
		{"just below the edge", 100, 33, false, 100, 66, 2},
		{"thousand nodes", 1000, 0, false, 1000, 660, 2},
		{"thousand nodes at 339", 1000, 339, false, 1000, 660, 2},
		{"thousand nodes at 340", 1000, 340, false, 1000, 660, 1},
		{"rounded down", 101, 0, false, 101, 66, 2},
		{"banned below the maximum: operator key changed", 4, 53, true, 100, 66, 0},
		{"banned", 4, 100, true, 100, 66, 0},
		{"the network shrank below the penalty", 200, 300, false, 200, 132, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			poseMax := PoSeMax(c.registered)
			if poseMax != c.max || PoSeMiss(poseMax) != c.miss {
				t.Errorf("max %d, miss %d, want %d, %d", poseMax, PoSeMiss(poseMax), c.max, c.miss)
			}
			if got := PoSeStrikesLeft(c.penalty, poseMax, c.banned); got != c.strikes {
				t.Errorf("strikes left %d, want %d", got, c.strikes)
			}
		})
	}
}

// TestPoSeStrikesSimulated simulates the rule of the daemon and counts.
func TestPoSeStrikesSimulated(t *testing.T) {
	for registered := 1; registered <= 2000; registered += 37 {
		poseMax := PoSeMax(registered)
		for penalty := 0; penalty < poseMax; penalty += 3 {
			played := 0
			for p := penalty; p < poseMax; played++ {
				p = min(p+PoSeMiss(poseMax), poseMax)
			}
			if got := PoSeStrikesLeft(penalty, poseMax, false); got != played {
				t.Fatalf("%d registered, penalty %d: %d strikes left, played %d", registered, penalty, got, played)
			}
		}
	}
}

func TestPoSeDecay(t *testing.T) {
	for _, c := range []struct {
		name    string
		penalty int
		height  int64
		low     bool
		want    time.Duration
	}{
		{"nothing to decay", 0, 529, false, 0},
		{"one miss, even height", 66, 1000, false, 66 * 240 * time.Second},
		{"one miss, odd height: one block sooner", 66, 1001, false, 66*240*time.Second - 120*time.Second},
		{"with SPORK_21 each 30 blocks", 2, 1001, true, (60 - 11) * 120 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := PoSeDecay(c.penalty, c.height, c.low, 2*time.Minute); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

// TestPoSeDecaySimulated simulates the rule of the daemon block by block.
func TestPoSeDecaySimulated(t *testing.T) {
	for _, every := range []int64{2, 30} {
		for height := int64(990); height < 1050; height++ {
			for penalty := range 10 {
				blocks := int64(0)
				for p := penalty; p > 0; {
					blocks++
					if (height+blocks)%every == 0 {
						p--
					}
				}
				if got := PoSeDecay(penalty, height, every == 30, time.Second); got != time.Duration(blocks)*time.Second {
					t.Fatalf("every %d, height %d, penalty %d: %v, played %d blocks", every, height, penalty, got, blocks)
				}
			}
		}
	}
}
