package config_test

import (
	"bytes"
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"go.uber.org/goleak"

	"raptoreum_exporter/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const hash = "d5309c7cb07da0f4eed3b0d6efcabc180314028577b65c506c072d486b37856a"

// write writes a file into a new directory and returns its path.
func write(t *testing.T, name, content string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// connect returns what a Config comes to: the logged lines, and the error.
func connect(t *testing.T, c config.Config) (lines string, err error) {
	t.Helper()
	t.Setenv("HOME", t.TempDir())
	var out bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // requests nothing
	_, err = c.Connect(ctx, log.NewLogfmtLogger(&out))
	return out.String(), err
}

// TestConnectErrors: each error names the flag, and none shows a secret.
func TestConnectErrors(t *testing.T) {
	fleet := write(t, "fleet.yml", "nodes:\n- {protx: "+hash+"}\n", 0o600)
	for want, c := range map[string]config.Config{
		"--daemon.password-file and --daemon.cookie-file: give only one of them": {Daemon: config.Daemon{PasswordFile: "p", CookieFile: "c"}},
		"--daemon.user: needs --daemon.password-file":                            {Daemon: config.Daemon{User: "u"}},
		"--daemon.password-file: ":                                               {Daemon: config.Daemon{PasswordFile: "nosuch"}},
		"--daemon.cookie-file: . is not a file":                                  {Daemon: config.Daemon{CookieFile: "."}},
		"--daemon.conf: ":                                                        {Daemon: config.Daemon{Conf: write(t, "raptoreum.conf", "rpcpassword hunter22\n", 0o600)}},
		"--daemon.url: ":                                                         {Daemon: config.Daemon{URL: "http://u:hunter22@127.0.0.1:1"}},
		"--smartnode.protx: ":                                                    {ProTxHash: "xyz"},
		"--explorer.url: ":                                                       {ExplorerURLs: []string{"explorer"}, Collectors: []string{"explorer"}},
		"--release.url: ":                                                        {ReleaseURL: "nourl", Collectors: []string{"release"}},
		"--host.procfs: ":                                                        {Procfs: "/nosuch"},
		"--fleet.allow-private: needs --fleet.config":                            {Fleet: config.Fleet{AllowPrivate: true}},
		"--fleet.config: nosuch.yml: ":                                           {Fleet: config.Fleet{File: "nosuch.yml"}},
		"--fleet.config: requires a daemon or an explorer":                       {Fleet: config.Fleet{File: fleet}},
	} {
		lines, err := connect(t, c)
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(lines+err.Error(), "hunter22") {
			t.Errorf("%v, want %s; log:\n%s", err, want, lines)
		}
	}
}

// TestConnect: what is not there is a warning with the next step.
func TestConnect(t *testing.T) {
	for want, c := range map[string]config.Config{
		`level=warn msg="no raptoreum.conf; give --daemon.conf or --daemon.url"`: {},
		`level=info msg="no raptoreum.conf; give --daemon.conf or --daemon.url"`: {
			Fleet: config.Fleet{File: write(t, "fleet.yml", "nodes:\n- protx: "+strings.Repeat("a", 64)+"\n", 0o600)}, ExplorerURLs: []string{"http://127.0.0.1:1"}, Collectors: []string{"explorer"},
		},
		"daemon_configured=true": {Daemon: config.Daemon{Conf: filepath.Join(t.TempDir(), "none.conf")}},
		"no RPC credentials; give --daemon.cookie-file, or --daemon.user and --daemon.password-file": {Daemon: config.Daemon{URL: "http://127.0.0.1:1"}},
		"warning=": {Daemon: config.Daemon{Conf: write(t, "raptoreum.conf", "server=0\n", 0o600)}},
		"sets of the fleet file stay empty": {
			Fleet:        config.Fleet{File: write(t, "fleet.yml", "sets:\n- payout_address: R9HLXhwfwF6sMmo4uxz6FVr7T4bCfFX5tB\n", 0o600)},
			ExplorerURLs: []string{"http://127.0.0.1:1"}, Collectors: []string{"explorer"},
		},
		"version=devel": {},
	} {
		if lines, err := connect(t, c); err != nil || !strings.Contains(lines, want) {
			t.Errorf("%v, want %s\n%s", err, want, lines)
		}
	}
}

func TestPlace(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Skip(err)
	}
	for vantage, want := range map[string]string{"": host, "paris": "paris", "self": "", "two\nlines": "", strings.Repeat("x", 101): ""} {
		if got, err := (config.Fleet{Vantage: vantage}).Place(); got != want || (err == nil) != (want != "") || err != nil && !strings.HasPrefix(err.Error(), "--vantage: ") {
			t.Errorf("%q: %q, %v, want %q", vantage, got, err, want)
		}
	}
}

func TestCheckFleet(t *testing.T) {
	for file, want := range map[string]string{
		"": "--fleet.check-config: ", "nosuch.yml": "--fleet.config: nosuch.yml: ",
		write(t, "fleet.yml", "nodes:\n- {protx: "+hash+"}\n", 0o600): "",
	} {
		c := config.Config{Fleet: config.Fleet{File: file}}
		if err := c.CheckFleet(); (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %q", file, err, want)
		}
	}
}

func TestWeb(t *testing.T) {
	valid := config.Web{TelemetryPath: "/metrics", MaxRequests: 1}
	for _, test := range []struct {
		change func(*config.Web)
		want   string
	}{
		{func(*config.Web) {}, ""},
		{func(w *config.Web) { w.ExternalURL = &url.URL{Scheme: "https", Host: "x:1", Path: "/a"} }, ""},
		{func(w *config.Web) { w.TelemetryPath = "metrics" }, "--web.telemetry-path: "},
		{func(w *config.Web) { w.TelemetryPath = "/{x...}" }, "--web.telemetry-path: "},
		{func(w *config.Web) { w.TelemetryPath = "/-/ready" }, "--web.telemetry-path: "},
		{func(w *config.Web) { w.TelemetryPath = "/sd" }, "--web.telemetry-path: /sd is reserved"},
		{func(w *config.Web) { w.MaxRequests = 0 }, "--web.max-requests: "},
		{func(w *config.Web) { w.ExternalURL = &url.URL{Path: "watch"} }, "--web.external-url: "},
		{func(w *config.Web) { w.ExternalURL = &url.URL{Scheme: "http", Host: "x", User: url.User("u")} }, "--web.external-url: "},
	} {
		w := valid
		test.change(&w)
		if err := w.Validate(); (err == nil) != (test.want == "") || err != nil && !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%+v: %v, want %q", w, err, test.want)
		}
	}
}

func TestHeal(t *testing.T) {
	valid := config.Heal{Command: "systemctl restart raptoreumd", After: time.Minute, Attempts: 3, StopTimeout: time.Minute}
	for want, change := range map[string]func(*config.Heal){
		"":                                   func(*config.Heal) {},
		"--heal.command: give":               func(h *config.Heal) { h.Command = " " },
		"--heal.command: \"a | b\" contains": func(h *config.Heal) { h.Command = "a | b" },
		"--heal.attempts: 7 is not":          func(h *config.Heal) { h.Attempts = 7 },
		"--heal.after: 1ms is less":          func(h *config.Heal) { h.After = time.Millisecond },
		"--heal.stop-timeout: ":              func(h *config.Heal) { h.StopTimeout = 0 },
		"--heal.kill-after: -1s is":          func(h *config.Heal) { h.KillAfter = -time.Second },
	} {
		h := valid
		change(&h)
		if err := h.Validate([]string{"daemon", "process"}); (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestCheck(t *testing.T) {
	fleet := config.Fleet{File: "fleet.yml"}
	for _, test := range []struct {
		check config.Check
		fleet config.Fleet
		want  string
	}{
		{config.Check{JSON: true}, config.Fleet{}, ""},
		{config.Check{Target: "n"}, fleet, ""},
		{config.Check{Target: "n"}, config.Fleet{}, "--target: "},
		{config.Check{Watch: true, Quiet: true}, fleet, "--watch: "},
		{config.Check{JSON: true, Quiet: true}, fleet, "--json, --quiet: "},
	} {
		if err := test.check.Validate(test.fleet); (err == nil) != (test.want == "") || err != nil && !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%+v: %v, want %q", test.check, err, test.want)
		}
	}
}

// TestLog: every line starts with its level and the time, also lines of libraries.
func TestLog(t *testing.T) {
	var out bytes.Buffer
	l := config.Log{Level: "info", Format: "logfmt"}
	level.Info(l.New(&out)).Log("msg", "ours")
	l.NewSlog(&out).Info("of a library")
	level.Info(l.AtLeast("warn").New(&out)).Log("msg", "too low")
	level.Warn(l.AtLeast("warn").New(&out)).Log("msg", "high enough")
	level.Info(config.Log{Level: "debug", Format: "json"}.AtLeast("info").New(&out)).Log("msg", "json")
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[3], "{") {
		t.Fatalf("%q", lines)
	}
	for _, line := range lines[:3] {
		if !strings.HasPrefix(line, "level=") || !strings.Contains(line, " time=") {
			t.Errorf("%q", line)
		}
	}
}
