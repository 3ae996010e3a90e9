package simnet

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
)

// chain gives every height its block hash: the captured one where there is one, else one made
// of the height, which stands in its last eight digits.
type chain map[int]string

func (c chain) hash(height int) string {
	if hash, ok := c[height]; ok {
		return hash
	}
	return madeHash("block", height)
}

// height finds the block of a hash, and false for one that is not of this chain.
func (c chain) height(hash string) (int, bool) {
	for height, known := range c {
		if known == hash {
			return height, true
		}
	}
	if len(hash) != 64 {
		return 0, false
	}
	height, err := strconv.ParseInt(hash[56:], 16, 32)
	if err != nil || c.hash(int(height)) != hash {
		return 0, false
	}
	return int(height), true
}

// madeHash is a hash of 64 hex digits that is always the same for a kind and a number.
func madeHash(kind string, number int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "simnet %s %d", kind, number))
	return hex.EncodeToString(sum[:28]) + fmt.Sprintf("%08x", number)
}
