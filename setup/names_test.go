package setup_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"raptoreum_exporter/setup"
)

// TestHostName: the name that setup prints for the machine that watches is one that setup watch takes.
func TestHostName(t *testing.T) {
	for host, name := range map[string]string{"paris": "paris", "watcher": "smartnode", "": "smartnode", "_x": "smartnode"} {
		m := newMachine(t)
		m.one(daemon(t, nil))
		out := m.must(func(c *setup.Config) { c.System.Hostname = func() (string, error) { return host, nil } })
		m.has(out, "setup watch --node "+name+"="+hash+"\n", `{node: "`+name+`", vantage: self}`)
	}
}

// TestInstanceName: the folder of setup watch is not that of a raptoreumd.
func TestInstanceName(t *testing.T) {
	m := newMachine(t)
	m.write("/etc/passwd", strings.Replace(m.read("/etc/passwd"), "rtm2:", "watch:", 1))
	m.two(daemon(t, nil))
	m.has(m.must(nil), "raptoreum_exporter@watch-2.service answers")
	if m.exists("/etc/raptoreum_exporter/watch") {
		t.Error("the folder of setup watch was used")
	}
}

// TestNotRegistered: a smartnode that is not in the list is named at the end, and everything is installed.
func TestNotRegistered(t *testing.T) {
	m := newMachine(t)
	m.one(daemon(t, nil))
	out, code, err := m.run(func(c *setup.Config) {
		c.System.Exec = func(ctx context.Context, name string, args ...string) (string, error) {
			if name == "runuser" {
				report, err := os.ReadFile("../testdata/scenarios/collateral-spent/check.txt")
				return string(report), err
			}
			return m.exec(ctx, name, args...)
		}
	})
	if err != nil || code != 1 || !m.running("raptoreum_exporter.service") {
		t.Error(code, err)
	}
	m.has(last(out), "Not registered: no smartnode has the proTxHash "+hash+". Run setup again with the right one (--protx), or register the smartnode.")
}
