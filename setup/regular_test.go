package setup_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"raptoreum_exporter/setup"
)

// TestNotRegular: a file that a flag names is short, and neither a device nor a pipe.
func TestNotRegular(t *testing.T) {
	dir := t.TempDir()
	pipe, long := filepath.Join(dir, "pipe"), filepath.Join(dir, "long")
	if err := errors.Join(syscall.Mkfifo(pipe, 0o600), os.WriteFile(long, []byte(strings.Repeat("x", 1<<20)), 0o600)); err != nil {
		t.Fatal(err)
	}
	w := newWatcher(t, "0.25.0")
	m := newMachine(t)
	m.one("1")
	for path, want := range map[string]string{"/dev/zero": "is not a regular file", pipe: "is not a regular file", dir: "is not a regular file", long: "is longer than 8192 bytes"} {
		if out, _, err := w.watch(func(c *setup.Config) { c.Watch.Receivers.TelegramTokenFile = path }); err == nil || !strings.HasPrefix(err.Error(), "--telegram.token-file: "+path+": "+want) {
			t.Errorf("%s: %v\n%s", path, err, out)
		}
		web := t.TempDir()
		if err := os.Symlink(path, filepath.Join(web, "tls.key")); err != nil {
			t.Fatal(err)
		}
		if out, _, err := m.run(func(c *setup.Config) { c.Node.Web = web }); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("--web with %s: %v\n%s", path, err, out)
		}
	}
	if err := os.Remove(m.path("/home/rtm1/.raptoreumcore/raptoreum.conf")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(m.path("/home/rtm1/.raptoreumcore/raptoreum.conf"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, _, err := m.run(nil); err == nil || !strings.Contains(out, "is not a regular file") {
		t.Errorf("a pipe as raptoreum.conf: %v\n%s", err, out)
	}
}
