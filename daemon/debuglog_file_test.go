package daemon

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestDebugLogIsNotAFile checks that a daemon that logs to a device or a pipe has no debug.log, which is
// not a failure, and that a directory is one.
func TestDebugLogIsNotAFile(t *testing.T) {
	dir := t.TempDir()
	fifo, null := filepath.Join(dir, "fifo"), filepath.Join(dir, "null")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(os.DevNull, null); err != nil {
		t.Fatal(err)
	}
	for path, none := range map[string]bool{fifo: true, null: true, os.DevNull: true, dir: false} {
		_, err := ReadDebugLog(path, nil)
		if err == nil || !strings.Contains(err.Error(), "not a regular file") || errors.Is(err, ErrNoDebugLog) != none {
			t.Errorf("%s: %v", filepath.Base(path), err)
		}
	}
	if _, err := ReadDebugLog("", nil); !errors.Is(err, ErrNoDebugLog) {
		t.Errorf("without a path: %v", err)
	}
}

// TestDebugLogIsOurOutput checks that /dev/stdout, which raptoreumd in a container writes to, does not
// make this program read its own output.
func TestDebugLogIsOurOutput(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	saved := os.Stdout
	defer func() { os.Stdout = saved }()
	os.Stdout = file
	if _, err := ReadDebugLog(path, nil); !errors.Is(err, ErrNoDebugLog) {
		t.Errorf("got %v", err)
	}
}
