package config_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-kit/log"
	"github.com/google/go-cmp/cmp"

	"raptoreum_exporter/config"
	"raptoreum_exporter/host"
)

// TestFiles: with an RPC password, the flags say where raptoreumd keeps its files, and which process is ours.
func TestFiles(t *testing.T) {
	password := write(t, "password", "x\n", 0o600)
	// datadir creates a data directory with these files.
	datadir := func(files ...string) string {
		dir := t.TempDir()
		for _, name := range files {
			file := filepath.Join(dir, name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, nil, 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	test, devnet, regtest := datadir("rip01-testnet/debug.log", "backups/debug.log"), datadir("devnet-x/debug.log"), datadir("regtest/raptoreumd.pid")
	both, two := datadir("debug.log", "regtest/debug.log"), datadir("rip01-testnet/debug.log", "regtest/debug.log")
	in := func(datadir, folder string) host.Query {
		return host.Query{Datadir: datadir, PidFile: filepath.Join(datadir, folder, "raptoreumd.pid")}
	}
	for name, test := range map[string]struct {
		daemon         config.Daemon
		want           host.Query
		datadir, debug string
	}{
		"none":              {config.Daemon{}, host.Query{}, "", ""},
		"datadir":           {config.Daemon{Datadir: "/d"}, host.Query{Datadir: "/d", PidFile: "/d/raptoreumd.pid"}, "/d", "/d/debug.log"},
		"testnet":           {config.Daemon{Datadir: test}, in(test, "rip01-testnet"), test, test + "/rip01-testnet/debug.log"},
		"devnet":            {config.Daemon{Datadir: devnet}, in(devnet, "devnet-x"), devnet, devnet + "/devnet-x/debug.log"},
		"regtest":           {config.Daemon{Datadir: regtest}, in(regtest, "regtest"), regtest, regtest + "/regtest/debug.log"},
		"mainnet first":     {config.Daemon{Datadir: both}, in(both, ""), both, both + "/debug.log"},
		"two test networks": {config.Daemon{Datadir: two}, in(two, ""), two, two + "/debug.log"},
		"regtest by the conf": {
			config.Daemon{Datadir: two, Conf: write(t, "raptoreum.conf", "regtest=1\n", 0o600)},
			in(two, "regtest"), two, two + "/regtest/debug.log",
		},
		"all": {
			config.Daemon{Datadir: "/d", PidFile: "/run/x.pid", DebugLog: "/var/log/x"},
			host.Query{Datadir: "/d", PidFile: "/run/x.pid"},
			"/d", "/var/log/x",
		},
	} {
		test.daemon.URL, test.daemon.User, test.daemon.PasswordFile = "http://127.0.0.1:1", "u", password
		c := config.Config{Daemon: test.daemon}
		t.Setenv("HOME", t.TempDir())
		s, err := c.Connect(canceled(t), log.NewNopLogger())
		if err != nil {
			t.Fatal(err)
		}
		s.Process.Conf = ""
		if diff := cmp.Diff(test.want, s.Process); diff != "" || s.Datadir != test.datadir || s.DebugLog != test.debug {
			t.Errorf("%s: datadir %q, debug.log %q, -want +got:\n%s", name, s.Datadir, s.DebugLog, diff)
		}
	}
}

// TestUnreadableConf: with --daemon.url, a raptoreum.conf of another user identifies the process, without a warning.
func TestUnreadableConf(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root can read every file")
	}
	conf := write(t, "raptoreum.conf", "", 0)
	c := config.Config{Daemon: config.Daemon{Conf: conf, URL: "http://127.0.0.1:1", Datadir: filepath.Dir(conf), User: "u", PasswordFile: write(t, "password", "x", 0o600)}}
	var out bytes.Buffer
	s, err := c.Connect(canceled(t), log.NewLogfmtLogger(&out))
	if err != nil || s.Process.Conf != conf || bytes.Contains(out.Bytes(), []byte("level=warn")) {
		t.Errorf("%v, %+v\n%s", err, s.Process, out.String())
	}
}

func canceled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // requests nothing
	return ctx
}
