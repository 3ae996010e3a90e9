package setup_test

import (
	"os"
	"strings"
	"testing"

	"raptoreum_exporter/setup"
)

// TestListen: for a Prometheus on another machine the exporter listens on a private address, or with TLS.
func TestListen(t *testing.T) {
	m := newMachine(t)
	m.two("1")
	before := m.files()
	for _, wrong := range []string{"10.8.0.2", "0.0.0.0:10227", ":10227", "8.8.8.8:10227", "x:1", "10.8.0.2:0"} {
		if out, _, err := m.run(func(c *setup.Config) { c.Node.Listen = wrong }); err == nil || !strings.HasPrefix(err.Error(), "--listen: ") {
			t.Errorf("%s: %v\n%s", wrong, err, out)
		}
	}
	if _, _, err := m.run(func(c *setup.Config) { c.Node.Web = t.TempDir() }); err == nil || !strings.HasPrefix(err.Error(), "--web: ") {
		t.Error(err)
	}
	m.same(before, "wrong flags")
	m.must(func(c *setup.Config) { c.Node.Listen = "10.8.0.2:10227" })
	m.has(m.read("/etc/raptoreum_exporter/rtm1/flags"), "--web.listen-address=10.8.0.2:10227\n")
	m.has(m.read("/etc/raptoreum_exporter/rtm2/flags"), "--web.listen-address=10.8.0.2:10228\n")
	m.has(m.must(nil), "Nothing to change.")
	m.must(undo)
	m.same(before, "undo")
}

// TestHeal: heal is enabled only when asked for, and only for a systemd service.
func TestHeal(t *testing.T) {
	heal := func(c *setup.Config) { c.Node.Heal = true }
	m := newMachine(t)
	m.one("1")
	before := m.files()
	m.must(nil)
	if m.running("raptoreum_heal.timer") {
		t.Error("heal is enabled")
	}
	m.must(heal)
	if !m.running("raptoreum_heal.timer") {
		t.Error("heal is not enabled")
	}
	m.must(undo)
	m.same(before, "undo")
	if err := os.RemoveAll(m.path("/proc/100/cgroup")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := m.run(heal); err == nil || !strings.HasPrefix(err.Error(), "--heal: ") {
		t.Error(err)
	}
}
