package text_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"raptoreum_exporter/internal/text"
)

func TestClip(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"short", "Ready", "Ready"},
		{"line breaks", "one\r\ntwo\tthree\x00", "one  two three"},
		{"invalid UTF-8", "a\xffb", "a\uFFFDb"},
		{"quotes stay", `say "hi"`, `say "hi"`},
		{"exactly the limit", "12345678901234567890", "12345678901234567890"},
		{"over the limit", "123456789012345678901", "12345678901234567..."},
		{"cut inside a rune", "1234567890123456é789", "1234567890123456..."},
		{"spaces at the cut", "12345678901          45678", "12345678901..."},
		{"grows by replacement", strings.Repeat("\xff", 20), "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD..."},
		{"empty", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := text.Clip(c.in, 20); got != c.want {
				t.Errorf("Clip(%q) = %q, want %q", c.in, got, c.want)
			}
		})
	}
}

func FuzzClip(f *testing.F) {
	f.Add("a long text\nwith \xff bytes", 10)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = limit&1023 + 3
		got := text.Clip(s, limit)
		if len(got) > limit || !utf8.ValidString(got) || strings.ContainsAny(got, "\n\r") {
			t.Errorf("Clip(%q, %d) = %q", s, limit, got)
		}
	})
}
