package heal_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"raptoreum_exporter/heal"
)

func TestStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.json")
	s, err := heal.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	h, err := s.Read()
	if err != nil || !cmp.Equal(h, heal.History{}) {
		t.Errorf("an empty history is %+v, %v", h, err)
	}
	_, h = heal.Decide(heal.Config{}, h, with(hung, func(l *heal.Look) { l.At, l.CPU = began, known(1.5) }))
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
	if _, err := heal.Open(path); !errors.Is(err, heal.ErrLocked) {
		t.Errorf("two have it: %v", err)
	}
	s.Close()
	if s, err = heal.Open(path); err != nil {
		t.Errorf("free again: %v", err)
	}
	s.Close()
}

// TestForeign: what is no history of ours is not taken for an empty one, which would forget attempts.
func TestForeign(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.json")
	for _, content := range []string{"", "{", "[]", "{}", `{"version":2}`, "x"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if h, err := heal.ReadOrEmpty(path); err == nil || !strings.Contains(err.Error(), path+" is no history of heal; move it away") {
			t.Errorf("%q: %+v, %v", content, h, err)
		}
	}
	if _, err := heal.Open(filepath.Join(t.TempDir(), "nosuch", "history.json")); err == nil || !strings.Contains(err.Error(), "make its folder") {
		t.Error(err)
	}
}
