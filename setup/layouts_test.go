package setup_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"regexp"
	"strings"
	"testing"

	"raptoreum_exporter/internal/simnet"
	"raptoreum_exporter/setup"
)

// TestLayouts: dk808's unit, a custom pid file, IPv6, a test network, and one of three whose conf is missing.
func TestLayouts(t *testing.T) {
	m := newMachine(t)
	port := daemon(t, nil)
	m.write("/home/rtm1/.raptoreumcore/raptoreum.conf", strings.Replace(conf(port), "server=1", "rpcbind=127.0.0.1\nrpcallowip=127.0.0.1\nonlynet=ipv4\npar=2\ndbcache=1024", 1))
	m.process(100, 1001, "/system.slice/raptoreum.service", "-daemon", "-conf=/home/rtm1/.raptoreumcore/raptoreum.conf", "-datadir=/home/rtm1/.raptoreumcore")
	m.write("/home/rtm2/.raptoreumcore/raptoreum.conf", "testnet=1\ndebuglogfile=/var/log/rtm.log\npid=/run/rtm2.pid\nrpcuser=u\nrpcpassword="+password+"\n[test]\nrpcport=1\nrpcbind=::1\nrpcallowip=::1\n")
	m.process(200, 1002, "/system.slice/b.service")
	m.process(300, 1003, "/system.slice/c.service")
	m.write("/home/rtm3/.raptoreumcore/debug.log", "")
	m.own("/home/rtm3/.raptoreumcore", 1003)
	out, code, err := m.run(nil)
	if err != nil || code != 0 {
		t.Fatal(code, err, out)
	}
	m.has(m.read("/etc/raptoreum_exporter/rtm2/flags"), "--daemon.url=http://[::1]:1\n", "--daemon.pid-file=/run/rtm2.pid\n", "--daemon.debuglog=/var/log/rtm.log\n", "--daemon.datadir=/home/rtm2/.raptoreumcore\n")
	// Without a conf there is only a cookie: the line is in a new file.
	m.has(m.read("/home/rtm3/.raptoreumcore/raptoreum.conf"), "rpcauth=raptoreum_exporter:")
	m.has(m.read("/etc/raptoreum_exporter/rtm3/flags"), "--daemon.user=raptoreum_exporter\n")
}

// TestContainer: what it says of a raptoreumd in a container, whose paths are not ours.
func TestContainer(t *testing.T) {
	m := newMachine(t)
	m.process(100, 0, "/system.slice/docker-4711.scope")
	if err := os.Remove(m.path("/proc/100/ns/pid")); err != nil {
		t.Fatal(err)
	}
	m.link("/proc/100/ns/pid", "pid:[2]")
	m.write("/proc/100/root/root/.raptoreumcore/raptoreum.conf", conf(daemon(t, nil)))
	m.has(m.must(nil), hash)
	flags := m.read("/etc/raptoreum_exporter/flags")
	m.has(flags, "--daemon.conf=/root/.raptoreumcore/raptoreum.conf\n", "--no-collector.datadir\n")
	if strings.Contains(flags, "datadir=") || strings.Contains(flags, m.root) {
		t.Error(flags)
	}
	m.must(undo)
	m.write("/proc/100/root/root/.raptoreumcore/raptoreum.conf", "server=1\n")
	out, code, err := m.run(nil)
	if err == nil || code == 0 {
		t.Error("cookie of a container")
	}
	m.has(out, "set rpcuser and rpcpassword")
}

// TestCookie: a separate password, which a second run keeps, and whose line alone is taken back if the file has
// changed since.
func TestCookie(t *testing.T) {
	const path = "/home/rtm1/.raptoreumcore/raptoreum.conf"
	m := newMachine(t)
	m.write("/home/rtm1/.raptoreumcore/.cookie", "__cookie__:"+password)
	m.write(path, "rpcport="+daemon(t, func(c *simnet.Config) { c.User = "__cookie__" })+"\n[test]\nport=1\n")
	m.process(100, 1001, "/x")
	before, text := m.files(), m.read(path)
	out := m.must(nil)
	m.has(out, hash, "after its next start", "+rpcauth=raptoreum_exporter:<salt and hash>", "add a line to "+path)
	line := regexp.MustCompile(`^rpcauth=raptoreum_exporter:([0-9a-f]{32})\$([0-9a-f]{64})\n`).FindStringSubmatch(m.read(path))
	if line == nil || !strings.HasSuffix(m.read(path), "\n"+text) {
		t.Fatal(m.read(path))
	}
	mac := hmac.New(sha256.New, []byte(line[1]))
	mac.Write([]byte(strings.TrimSpace(m.read("/etc/raptoreum_exporter/rpcpassword"))))
	if hex.EncodeToString(mac.Sum(nil)) != line[2] {
		t.Error("the line is not that of the password")
	}
	after := m.files()
	m.has(m.must(nil), "Nothing to change.")
	m.same(after, "second run")
	m.must(undo)
	m.same(before, "undo")

	m.must(nil)
	m.write(path, m.read(path)+"maxconnections=200\n")
	m.must(undo)
	if got := m.read(path); got != text+"maxconnections=200\n" {
		t.Errorf("after undo:\n%s", got)
	}
}

// TestCookieAsUser: the exporter runs as the user of raptoreumd; never as root.
func TestCookieAsUser(t *testing.T) {
	asUser := func(c *setup.Config) { c.Node.Credentials = "user" }
	m := newMachine(t)
	m.write("/home/rtm1/.raptoreumcore/raptoreum.conf", "rpcport=1\n")
	m.process(100, 1001, "/x")
	before := m.files()
	m.must(asUser)
	m.has(m.read("/etc/systemd/system/raptoreum_exporter.service.d/setup.conf"), "\nUser=rtm1\nGroup=rtm1\n")
	m.has(strings.Join(m.calls, "\n"), "systemctl daemon-reload\nsystemctl reset-failed raptoreum_exporter.service\nsystemctl restart raptoreum_exporter.service\nrunuser -u rtm1 ")
	if strings.Contains(m.read("/etc/raptoreum_exporter/flags"), "password") {
		t.Error(m.read("/etc/raptoreum_exporter/flags"))
	}
	m.must(undo)
	m.same(before, "undo")
	if err := os.RemoveAll(m.path("/proc/100")); err != nil {
		t.Fatal(err)
	}
	m.write("/root/.raptoreumcore/raptoreum.conf", "rpcport=1\n")
	m.process(100, 0, "/x")
	if out, _, err := m.run(asUser); err == nil {
		t.Error("as root:", out)
	}
}

// TestCookieElsewhere: the exporter is told what only the command line of raptoreumd says.
func TestCookieElsewhere(t *testing.T) {
	m := newMachine(t)
	m.write("/etc/rtm/raptoreum.conf", "rpcport=1\n")
	m.write("/var/lib/rtm/.keep", "")
	m.process(100, 1001, "/x", "-conf=/etc/rtm/raptoreum.conf", "-datadir=/var/lib/rtm", "-pid=/run/rtm/rtm.pid")
	m.must(func(c *setup.Config) { c.Node.Credentials = "user" })
	m.has(m.read("/etc/raptoreum_exporter/flags"), "--daemon.cookie-file=/var/lib/rtm/.cookie\n--daemon.datadir=/var/lib/rtm\n--daemon.pid-file=/run/rtm/rtm.pid\n")
}

// TestUnusable: a raptoreumd with an unreadable or invalid conf is skipped; the others are set up.
func TestUnusable(t *testing.T) {
	m := newMachine(t)
	m.two(daemon(t, nil))
	m.write("/srv/rtm2/raptoreum.conf", "rpcpassword "+password+"\n")
	out, code, err := m.run(nil)
	if err != nil || code != 1 {
		t.Error(code, err)
	}
	m.has(out, "skipped raptoreumd of user rtm2", `no "=" in this line`)
	m.has(m.read("/etc/raptoreum_exporter/flags"), "--daemon.conf=/home/rtm1/")
}
