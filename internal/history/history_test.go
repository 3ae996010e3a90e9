package history_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"raptoreum_exporter/internal/history"
)

func TestStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.json")
	s, err := history.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	h, err := s.Read()
	if err != nil || !cmp.Equal(h, history.History{}) {
		t.Errorf("an empty history is %+v, %v", h, err)
	}
	began, cpu := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), 1.5
	h = history.History{Version: 1, LastCheck: began, Since: began, Checks: 1, Trouble: "hung", CPU: &cpu}
	h = h.Begin(began).End(began.Add(1), "started by x")
	if err := s.Write(h); err != nil {
		t.Fatal(err)
	}
	if again, err := s.Read(); err != nil || !cmp.Equal(h, again) {
		t.Errorf("%v\n%s", err, cmp.Diff(h, again))
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("the exporter cannot read it: %v, %v", info.Mode(), err)
	}
	if _, err := history.Open(path); !errors.Is(err, history.ErrLocked) {
		t.Errorf("two have it: %v", err)
	}
	s.Close()
	if s, err = history.Open(path); err != nil {
		t.Errorf("free again: %v", err)
	}
	s.Close()
}

// TestForeign: a file that is not a history of heal is not treated as an empty history, which would lose attempts.
func TestForeign(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.json")
	for _, content := range []string{"", "{", "[]", "{}", `{"version":2}`, "x"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if h, err := history.ReadOrEmpty(path); err == nil || !strings.Contains(err.Error(), path+" is not a history of heal; move it away") {
			t.Errorf("%q: %+v, %v", content, h, err)
		}
	}
	if _, err := history.Open(filepath.Join(t.TempDir(), "nosuch", "history.json")); err == nil || !strings.Contains(err.Error(), "create its directory") {
		t.Error(err)
	}
}
