package simnet

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDebugLog compares what the fake daemon logs with lines of a real one.
func TestDebugLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "debug.log")
	n := start(t, "healthy", func(c *Config) { c.DebugLog = path })
	n.AddBlock()
	n.Set(func(s *State) { s.Penalty = 66 })
	n.Set(func(s *State) { s.Smartnode = SmartnodePoSeBanned })
	n.Set(func(s *State) { s.Daemon = DaemonStopping })
	n.Set(func(s *State) { s.Daemon = DaemonHung })
	n.AddBlock()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const stamp = `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ `
	want := []string{
		`UpdateTip: new best=[0-9a-f]{64} height=530 version=0x20000000 log2_work=[0-9.]+ tx=\d+ date='` + strings.TrimSpace(stamp) + `' progress=1.000000 cache=0.1MiB\(993txo\) evodb_cache=0.5MiB`,
		`ProcessNewBlock : ACCEPTED`,
		`CDeterministicMNList::PoSePunish -- punished MN [0-9a-f]{64}, penalty 0->66 \(max=100\)`,
		`CDeterministicMNList::PoSePunish -- punished MN [0-9a-f]{64}, penalty 66->100 \(max=100\)`,
		`CDeterministicMNList::PoSePunish -- banned MN [0-9a-f]{64} at height 530`,
		`PrepareShutdown: In progress...`,
	}
	pattern := "^"
	for _, line := range want {
		pattern += stamp + line + "\n"
	}
	if !regexp.MustCompile(pattern + "$").Match(content) {
		t.Errorf("debug.log is\n%s\nwant a match of\n%s", content, pattern)
	}
}
