// Package text makes untrusted text safe for logs and labels. Text from a peer, an explorer or the
// daemon may be long, binary or contain line breaks.
package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clip returns s as one line of valid UTF-8 of at most limit bytes. It replaces unprintable characters
// with a space and invalid bytes with U+FFFD, and marks a cut with "...".
func Clip(s string, limit int) string {
	const mark = "..."
	cut := len(s) > limit
	if cut {
		s = s[:limit] // the rest is not processed, however long it is
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
