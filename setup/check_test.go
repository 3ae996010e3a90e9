package setup_test

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"raptoreum_exporter/setup"
)

// TestWrongFlags: each is refused with its reason, before anything is changed.
func TestWrongFlags(t *testing.T) {
	m := newMachine(t)
	m.one("1")
	m.write("/home/rtm2/.raptoreumcore/raptoreum.conf", "x\n")
	other := strings.Repeat("ab", 32)
	before := m.files()
	for want, change := range map[string]func(*setup.Node){
		`--name: "my node": a name has 1 to 63 of the characters`: func(n *setup.Node) { n.Name = "my node" },
		`--name: "a\"b": a name has`:                              func(n *setup.Node) { n.Name = `a"b` },
		`--name: "müller": a name has`:                            func(n *setup.Node) { n.Name = "müller" },
		`--name: "watcher" is the name of the exporter`:           func(n *setup.Node) { n.Name = "watcher" },
		`--credentials: "foo" is not password or user`:            func(n *setup.Node) { n.Credentials = "foo" },
		"--protx: a proTxHash has 64 hex digits, this has 63":     func(n *setup.Node) { n.ProTx = []string{hash[1:]} },
		"--protx: a proTxHash has 64 hex digits without 0x":       func(n *setup.Node) { n.ProTx = []string{"0x" + hash} },
		"--protx: there is only one raptoreumd":                   func(n *setup.Node) { n.ProTx = []string{"x=" + other} },
		"--conf: /nonexistent: no such file or directory":         func(n *setup.Node) { n.Confs = []string{"/nonexistent"} },
		"--conf: /etc/passwd is not the raptoreum.conf of":        func(n *setup.Node) { n.Confs = []string{"/etc/passwd"} },
		`raptoreumd of user rtm2, not running, /home/rtm2/.raptoreumcore/raptoreum.conf: `: func(n *setup.Node) {
			n.Confs = []string{"/home/rtm2/.raptoreumcore/raptoreum.conf"}
		},
	} {
		if out, _, err := m.run(func(c *setup.Config) { change(&c.Node) }); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("want %q, got %v\n%s", want, err, out)
		}
	}
	m.same(before, "wrong flags")
	m.two2("1")
	for want, given := range map[string]string{"--protx: there are several raptoreumd; give NAME=": hash, "--protx: there is no instance x; there are rtm1, rtm2": "x=" + hash} {
		if out, _, err := m.run(func(c *setup.Config) { c.Node.ProTx = []string{given} }); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("want %q, got %v\n%s", want, err, out)
		}
	}
}

// TestOtherProTx: --protx is used, and a difference to what raptoreumd reports is mentioned.
func TestOtherProTx(t *testing.T) {
	m := newMachine(t)
	m.one(daemon(t, nil))
	other := strings.Repeat("ab", 32)
	m.has(m.must(func(c *setup.Config) { c.Node.ProTx = []string{strings.ToUpper(other)} }), "smartnode "+hash, "warning: --protx gives another smartnode, "+other)
	m.has(m.read("/etc/raptoreum_exporter/flags"), "--smartnode.protx="+other+"\n")
}

// TestPortInUse: the port of another program is found before the first change.
func TestPortInUse(t *testing.T) {
	m := newMachine(t)
	m.one("1")
	before := m.files()
	m.taken = "127.0.0.1:10227"
	m.pages = func(url string) (string, error) {
		if strings.Contains(url, ":10227/") {
			return "another program", errors.New("HTTP status 404 Not Found")
		}
		return "raptoreum_exporter_build_info 1\n", nil
	}
	out, _, err := m.run(nil)
	if err == nil || len(m.calls) > 0 {
		t.Error(err, m.calls)
	}
	m.has(out, "another program uses 127.0.0.1:10227", "--listen=127.0.0.1:10300")
	m.same(before, "port in use")
	m.must(func(c *setup.Config) { c.Node.Listen = "127.0.0.1:10300" })
	m.has(m.read("/etc/raptoreum_exporter/flags"), "--web.listen-address=127.0.0.1:10300\n")
}

// TestWrongNodes: each is refused with its reason, before anything is changed.
func TestWrongNodes(t *testing.T) {
	w := newWatcher(t, "0.25.0")
	before := w.files()
	for _, test := range []struct {
		want, reach string
		nodes       []string
	}{
		{"--node: p: a proTxHash has 64 hex digits, this has 63", "", []string{"p=" + hash[1:]}},
		{"--node: p: a proTxHash has 64 hex digits, this has 65", "", []string{"p=" + hash + "a"}},
		{"--node: p: a proTxHash has 64 hex digits 0-9 and a-f", "", []string{"p=" + hash[1:] + "x"}},
		{"--node: p: a proTxHash has 64 hex digits without 0x", "", []string{"p=0x" + hash}},
		{"--node: p: a proTxHash has 64 hex digits, this has 63", "address", []string{"p=" + hash[1:] + "@10.8.0.2"}},
		{"--node: a and b have the same proTxHash", "", []string{"a=" + hash, "b=" + strings.ToUpper(hash)}},
		{"--node: there are two smartnodes with the name a", "", []string{"a=" + hash, "a=" + strings.Repeat("ab", 32)}},
		{`--node: "watcher" is the name of the exporter`, "", []string{"watcher=" + hash}},
		{`--node: "müller": a name has 1 to 63 of the characters`, "", []string{"müller=" + hash}},
		{"--node: p: anyone could connect to the exporter at the public address 51.15.1.2:10227", "address", []string{"p=51.15.1.2"}},
		{`--node: a: "h:99999": a port is a number from 1 to 65535`, "address", []string{"a=" + hash + "@h:99999"}},
		{`--node: a: "h:0": a port is a number`, "address", []string{"a=" + hash + "@h:0"}},
		{`--node: a: "" is not a host or host:port`, "address", []string{"a=" + hash + "@"}},
	} {
		out, _, err := w.watch(func(c *setup.Config) { c.Watch.Nodes, c.Watch.Reach = test.nodes, test.reach })
		if err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%q: want %q, got %v\n%s", test.nodes, test.want, err, out)
		}
	}
	if _, _, err := w.watch(func(c *setup.Config) { c.Watch.Vantage = "a\n--web.listen-address=:1" }); err == nil || !strings.HasPrefix(err.Error(), "--from: ") {
		t.Error(err)
	}
	w.same(before, "wrong nodes")
}

// TestStartLimit: a unit is started although it was started several times within seconds, and an error is the first
// line of systemctl.
func TestStartLimit(t *testing.T) {
	m := newMachine(t)
	m.one("1")
	m.must(nil)
	m.has(strings.Join(m.calls, "\n"), "systemctl reset-failed raptoreum_exporter.service\nsystemctl restart raptoreum_exporter.service")
	// A real program in place of systemctl.
	dir := t.TempDir()
	script := "#!/bin/sh\ncut -d' ' -f5 /proc/self/stat >${0%/*}/group\ncase $1 in\nis-enabled) echo disabled; exit 1;;\nis-active) echo inactive; exit 3;;\nesac\n" +
		"echo 'Job for x failed because start of the service was attempted too often.' >&2\necho 'followed by \"systemctl start x\" again.' >&2\nexit 1\n"
	if err := os.WriteFile(dir+"/systemctl", []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	m = newMachine(t)
	m.one("1")
	out, _, err := m.run(func(c *setup.Config) { c.System.Exec = nil })
	if err == nil || strings.Contains(out, "followed by") {
		t.Error(err)
	}
	group, err := os.ReadFile(dir + "/group")
	if err != nil || strings.TrimSpace(string(group)) == strconv.Itoa(syscall.Getpgrp()) {
		t.Errorf("it gets Ctrl-C of the terminal: %s, %v", group, err)
	}
	m.has(out, "exit status 1: Job for x failed because start of the service was attempted too often")
}
