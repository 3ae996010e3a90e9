package setup_test

import (
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
