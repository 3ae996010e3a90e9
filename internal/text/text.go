// Package text makes text for people, and sanitizes that from peers, explorers and the daemon. It may be long, binary
// or full of line breaks, and is used in logs and labels.
package text

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Count returns a whole number with its noun, which gets an s in the plural.
func Count[N int | float64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%.0f %ss", float64(n), noun)
}

// Clip returns s as one line of valid UTF-8 of at most limit bytes. Unprintable characters become
// spaces, invalid bytes become U+FFFD, and truncated text ends in "...".
func Clip(s string, limit int) string {
	const mark = "..."
	cut := len(s) > limit
	if cut {
		s = s[:limit] // do not process more than can be kept
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		if r == utf8.RuneError {
			return utf8.RuneError
		}
		return ' '
	}, s)
	if !cut && len(s) <= limit {
		return strings.TrimSpace(s)
	}
	for len(s) > max(limit-len(mark), 0) {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	s = strings.TrimSpace(s) + mark
	return s[:min(limit, len(s))]
}
