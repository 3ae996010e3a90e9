// Package text sanitizes text from peers, explorers and the daemon. It may be long, binary or full
// of line breaks, and is used in logs and labels.
package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

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
