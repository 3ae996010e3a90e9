package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestServiceFlags(t *testing.T) {
	etc, home := t.TempDir(), t.TempDir()
	t.Setenv("HOME", home)
	write := func(path, content string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(c Config, want, problem string) {
		t.Helper()
		got, err := c.ServiceFlags(etc)
		if got != want || (err != nil) != (problem != "") || err != nil && !strings.Contains(err.Error(), problem) {
			t.Errorf("%q, %v; want %q, %q", got, err, want, problem)
		}
	}
	flags := filepath.Join(etc, "flags")
	expect(Config{}, "", "")
	write(flags, "# Only comments, as in the package.\n#--daemon.url=http://127.0.0.1:10225\n")
	expect(Config{}, "", "")
	write(filepath.Join(etc, "rtm1", "flags"), "# One of several.\n--daemon.url=http://127.0.0.1:10225\n")
	expect(Config{}, filepath.Join(etc, "rtm1", "flags"), "")
	write(flags, "--daemon.url=http://127.0.0.1:10225\n")
	expect(Config{}, "", "add one of @"+flags+", @"+filepath.Join(etc, "rtm1", "flags"))
	if err := os.RemoveAll(filepath.Join(etc, "rtm1")); err != nil {
		t.Fatal(err)
	}
	expect(Config{}, flags, "")
	expect(Config{Daemon: Daemon{URL: "http://127.0.0.1:1"}}, "", "")
	expect(Config{Fleet: Fleet{File: "fleet.yml"}}, "", "")
	write(filepath.Join(home, ".raptoreumcore", "raptoreum.conf"), "")
	expect(Config{}, "", "")
}
