package harness

import (
	"strings"
	"testing"
)

// Series are the values of a scrape, by name and labels as they stand in the exposition format.
type Series map[string]string

// Parse reads the exposition format.
func Parse(text string) Series {
	shown := Series{}
	for line := range strings.Lines(text) {
		if i := strings.LastIndexByte(line, ' '); i > 0 && !strings.HasPrefix(line, "#") {
			shown[line[:i]] = strings.TrimSpace(line[i:])
		}
	}
	return shown
}

// Want checks values; "" means that nothing of that name, with whatever labels, may be shown.
func (s Series) Want(t testing.TB, wants map[string]string) {
	t.Helper()
	for name, want := range wants {
		if want != "" {
			if s[name] != want {
				t.Errorf("%s is %q, want %q", name, s[name], want)
			}
			continue
		}
		for shown, value := range s {
			if shown == name || strings.HasPrefix(shown, name+"{") {
				t.Errorf("%s %s is shown", shown, value)
			}
		}
	}
}
