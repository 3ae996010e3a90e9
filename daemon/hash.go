package daemon

import (
	"encoding/hex"
	"fmt"
	"slices"
)

// Hash is a uint256 in the internal byte order of the daemon, the reverse of what it shows.
type Hash [32]byte

// ParseHash reads the 64 hex digits that the daemon shows.
func ParseHash(s string) (Hash, error) {
	var h Hash
	err := h.UnmarshalText([]byte(s))
	return h, err
}

// UnmarshalText reads the 64 hex digits that the daemon shows.
func (h *Hash) UnmarshalText(digits []byte) error {
	var shown Hash
	if len(digits) != hex.EncodedLen(len(h)) {
		return fmt.Errorf("a hash has 64 hex digits, this has %d characters", len(digits))
	}
	if _, err := hex.Decode(shown[:], digits); err != nil {
		return fmt.Errorf("a hash has 64 hex digits: %w", err)
	}
	slices.Reverse(shown[:])
	*h = shown
	return nil
}

// String returns the 64 hex digits that the daemon shows.
func (h Hash) String() string {
	slices.Reverse(h[:])
	return hex.EncodeToString(h[:])
}
