// Package text makes foreign text safe to keep: what a peer, an explorer or the daemon sent
// may be long, binary or full of line breaks, and ends in logs and labels.
package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clip returns s as one line of valid UTF-8 of at most limit bytes: what is not printable
// becomes a space, what is invalid U+FFFD, and a cut is marked with "...".
func Clip(s string, limit int) string {
	const mark = "..."
	cut := len(s) > limit
	if cut {
		s = s[:limit] // only what may stay is looked at, however long the text is
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
