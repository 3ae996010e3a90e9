package setup_test

import (
	"net/url"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"raptoreum_exporter/internal/harness"
	"raptoreum_exporter/internal/simnet"
	"raptoreum_exporter/setup"
)

// daemon starts a fake raptoreumd and returns its RPC port.
func daemon(t testing.TB, change func(*simnet.Config)) string {
	t.Helper()
	n := harness.Network(t, "healthy", func(c *simnet.Config) {
		c.User, c.Password = "rtm", password
		if change != nil {
			change(c)
		}
	})
	u, err := url.Parse(n.RPCURL())
	if err != nil {
		t.Fatal(err)
	}
	return u.Port()
}

func conf(port string) string {
	return "server=1\nrpcuser=rtm\nrpcpassword=" + password + "\nrpcport=" + port + "\nsmartnodeblsprivkey=" + harness.BLSKey + "\n"
}

// one adds a running raptoreumd of rtm1.
func (m *machine) one(port string) {
	m.write("/home/rtm1/.raptoreumcore/raptoreum.conf", conf(port))
	m.process(100, 1001, "/system.slice/my-raptoreum.service")
}

// two adds two running raptoreumd.
func (m *machine) two(port string) {
	m.one(port)
	m.write("/srv/rtm2/raptoreum.conf", conf(port))
	m.process(200, 1002, "/user.slice/user-1002.slice/session-1.scope", "-datadir=/srv/rtm2", "-pid=other.pid")
}

// TestOne: the proTxHash is asked for, the password is copied, nothing is restarted but the exporter, a second run
// changes nothing, and --undo takes everything back.
func TestOne(t *testing.T) {
	m := newMachine(t)
	m.one(daemon(t, nil))
	before := m.files()
	out := m.must(func(c *setup.Config) { c.DryRun = true })
	m.same(before, "dry run")
	m.has(out, "+--smartnode.protx="+hash, "(a secret, not shown)", "mode 0640, root:raptoreum_exporter", "dry run")

	out = m.must(nil)
	m.has(out, "found raptoreumd of user rtm1, pid 100", "smartnode "+hash, "backup: /var/lib/raptoreum_exporter_setup/node/backup/etc/raptoreum_exporter/flags", `targets: ["127.0.0.1:10227"]`)
	if strings.Contains(out, harness.BLSKey) {
		t.Error("the operator key was printed")
	}
	m.has(m.read("/etc/raptoreum_exporter/flags"), "\n--daemon.conf=/home/rtm1/.raptoreumcore/raptoreum.conf\n", "\n--daemon.user=rtm\n",
		"\n--daemon.password-file=/etc/raptoreum_exporter/rpcpassword\n", "\n--daemon.datadir=/home/rtm1/.raptoreumcore\n", "\n--smartnode.protx="+hash+"\n")
	if got := m.read("/etc/raptoreum_exporter/heal.flags"); got != "# Comments only.\n" {
		t.Errorf("heal.flags without --heal: %s", got)
	}
	if m.read("/etc/raptoreum_exporter/rpcpassword") != password+"\n" {
		t.Error("wrong password")
	}
	info, err := os.Stat(m.path("/etc/raptoreum_exporter/rpcpassword"))
	if uid, gid := m.owner(info); err != nil || info.Mode() != 0o640 || uid != 0 || gid != 990 {
		t.Errorf("rpcpassword: %v %v", info, err)
	}
	m.has(strings.Join(m.calls, "\n"), "systemctl restart raptoreum_exporter.service", "runuser -u raptoreum_exporter -- /usr/bin/raptoreum_exporter check @/etc/raptoreum_exporter/flags")

	after := m.files()
	m.has(m.must(nil), "Nothing to change.")
	m.same(after, "second run")
	if calls := strings.Join(m.calls, "\n"); strings.Contains(calls, "systemctl") {
		t.Errorf("the second run called %s", calls)
	}
	m.must(undo)
	m.same(before, "undo")
	m.has(m.must(undo), "nothing to undo")
	m.same(before, "second undo")
}

// TestTwo: each raptoreumd gets an instance that finds its process.
func TestTwo(t *testing.T) {
	m := newMachine(t)
	m.two(daemon(t, nil))
	m.taken = "127.0.0.1:10228"
	before := m.files()
	out := m.must(func(c *setup.Config) { c.Node.Name = "paris" })
	m.has(out, `labels: {node: "paris-rtm1", vantage: self}`, `targets: ["127.0.0.1:10229"]`)
	m.has(m.read("/etc/raptoreum_exporter/rtm1/flags"), "\n--web.listen-address=127.0.0.1:10227\n", "--heal.history=/var/lib/raptoreum_heal/rtm1/history.json")
	m.has(m.read("/etc/raptoreum_exporter/rtm2/flags"), "\n--daemon.conf=/srv/rtm2/raptoreum.conf\n", "\n--daemon.datadir=/srv/rtm2\n", "\n--daemon.pid-file=/srv/rtm2/other.pid\n")
	if m.exists("/etc/raptoreum_exporter/rtm2/heal.flags") {
		t.Error("heal.flags of a raptoreumd without a unit")
	}
	if m.running("raptoreum_exporter.service") || !m.running("raptoreum_exporter@rtm1.service") || !m.running("raptoreum_exporter@rtm2.service") {
		t.Error("wrong units", m.calls)
	}
	after := m.files()
	// One of them is down, and the port of the other exporter is used by itself.
	if err := os.RemoveAll(m.path("/proc/200")); err != nil {
		t.Fatal(err)
	}
	m.taken = "127.0.0.1:10229"
	out = m.must(func(c *setup.Config) { c.Node.Name, c.Node.ProTx = "paris", []string{"rtm2=" + hash} })
	m.has(out, "not running", "Nothing to change.")
	m.process(200, 1002, "/user.slice/user-1002.slice/session-1.scope", "-datadir=/srv/rtm2", "-pid=other.pid")
	m.same(after, "second run")
	m.must(undo)
	m.same(before, "undo")
}

// TestGrow: from one raptoreumd to two and back.
func TestGrow(t *testing.T) {
	m := newMachine(t)
	port := daemon(t, nil)
	before := m.files()
	m.one(port)
	m.must(nil)
	m.two2(port)
	m.must(nil)
	if onlyComments := m.read("/etc/raptoreum_exporter/flags"); strings.Contains(onlyComments, "\n--") {
		t.Errorf("flags of the single exporter:\n%s", onlyComments)
	}
	if m.running("raptoreum_exporter.service") || !m.running("raptoreum_exporter@rtm1.service") {
		t.Error("wrong units")
	}
	m.must(undo)
	for _, dir := range []string{"/home", "/srv", "/proc/100", "/proc/200"} {
		if err := os.RemoveAll(m.path(dir)); err != nil {
			t.Fatal(err)
		}
	}
	m.same(before, "undo")
}

func (m *machine) two2(port string) {
	m.write("/srv/rtm2/raptoreum.conf", conf(port))
	m.process(200, 1002, "/x", "-datadir=/srv/rtm2")
}

// TestGrowStopped: the first of two is not running when the second is set up.
func TestGrowStopped(t *testing.T) {
	m := newMachine(t)
	port := daemon(t, nil)
	m.one(port)
	m.own("/home/rtm1/.raptoreumcore/raptoreum.conf", 1001)
	before := m.files()
	m.must(nil)
	if err := os.RemoveAll(m.path("/proc/100")); err != nil {
		t.Fatal(err)
	}
	m.two2(port)
	m.must(nil)
	m.has(m.read("/etc/raptoreum_exporter/rtm1/flags"), "--daemon.conf=/home/rtm1/.raptoreumcore/raptoreum.conf\n", "--daemon.user=rtm\n")
	m.has(m.must(nil), "Nothing to change.")
	m.must(undo)
	for _, dir := range []string{"/srv", "/proc/200"} {
		if err := os.RemoveAll(m.path(dir)); err != nil {
			t.Fatal(err)
		}
	}
	m.process(100, 1001, "/system.slice/my-raptoreum.service")
	m.same(before, "undo")
}

// TestNone: without a raptoreumd nothing changes.
func TestNone(t *testing.T) {
	m := newMachine(t)
	before := m.files()
	if out, _, err := m.run(nil); err == nil {
		t.Errorf("no error:\n%s", out)
	}
	m.same(before, "none")
}

// TestStopped: of stopped ones, the usual places and the units are set up.
func TestStopped(t *testing.T) {
	m := newMachine(t)
	m.write("/home/rtm1/.raptoreumcore/raptoreum.conf", conf("1"))
	m.write("/etc/systemd/system/rtm.service", "[Service]\nUser=rtm2\nExecStart=/usr/local/bin/raptoreumd -daemon -conf=/etc/rtm.conf -datadir=/srv/rtm\n")
	m.write("/etc/rtm.conf", conf("1"))
	out := m.must(nil)
	m.has(out, "user rtm1, not running", "user rtm2, not running, /etc/rtm.conf", "does not answer")
	m.must(undo)
	m.must(func(c *setup.Config) { c.Node.Heal, c.Node.Confs = true, []string{"/etc/rtm.conf"} })
	m.has(m.read("/etc/raptoreum_exporter/heal.flags"), "restart rtm.service")
}

// TestEdited: a file that a person has changed is shown as a diff and never overwritten, nor removed by --undo.
func TestEdited(t *testing.T) {
	const flags = "/etc/raptoreum_exporter/flags"
	m := newMachine(t)
	m.one(daemon(t, nil))
	m.write(flags, "--log.level=debug\n")
	out, code, err := m.run(nil)
	if err != nil || code != 1 || m.read(flags) != "--log.level=debug\n" {
		t.Error(code, err, m.read(flags))
	}
	m.has(out, "keep    "+flags+", because it was changed by hand", "---log.level=debug", "+--daemon.url=")
	m.must(undo)

	m = newMachine(t)
	m.one(daemon(t, nil))
	m.must(nil)
	m.write(flags, m.read(flags)+"--log.level=debug\n")
	edited := m.read(flags)
	if _, code, err := m.run(nil); err != nil || code != 1 || m.read(flags) != edited {
		t.Error(code, err, m.read(flags))
	}
	out, code, err = m.run(undo)
	if err != nil || code != 1 || m.read(flags) != edited || m.exists("/etc/raptoreum_exporter/rpcpassword") {
		t.Error(code, err, m.read(flags))
	}
	m.has(out, "What was there before is in /var/lib/raptoreum_exporter_setup/node")
	if !m.exists("/var/lib/raptoreum_exporter_setup/node/backup" + flags) {
		t.Error("no backup")
	}
	// Once the person has put it back, the record goes.
	original, err := os.ReadFile("../packaging/etc/flags")
	if err != nil {
		t.Fatal(err)
	}
	m.write(flags, string(original))
	m.has(m.must(undo), "Everything is as it was")
	if m.exists("/var/lib/raptoreum_exporter_setup") {
		t.Error("the record is left")
	}
}

// TestQuestions: each is asked once, and no is an answer.
func TestQuestions(t *testing.T) {
	m := newMachine(t)
	m.write("/home/rtm1/.raptoreumcore/raptoreum.conf", "rpcport=1\n")
	m.process(100, 1001, "/x")
	before := m.files()
	answer := func(text string) func(*setup.Config) {
		return func(c *setup.Config) { c.Yes, c.Stdin = false, strings.NewReader(text) }
	}
	out, _, err := m.run(answer("\n\nn\n"))
	if err == nil {
		t.Error("it went on")
	}
	m.has(out, "proTxHash of its smartnode", "[password/user]", "Make these changes? [y/N]")
	m.same(before, "no")
	for _, no := range []string{"yes please", "yno", "N"} {
		if _, _, err := m.run(answer("\n\n" + no + "\n")); err == nil {
			t.Errorf("%q is taken for yes", no)
		}
	}
	if _, _, err := m.run(answer("")); err == nil {
		t.Error("it went on without an answer")
	}
	m.must(answer(hash + "\nuser\ny\n"))
	m.has(m.read("/etc/raptoreum_exporter/flags"), "--smartnode.protx="+hash)
}

// TestFails: a unit that cannot be started or does not answer leaves the machine as it was.
func TestFails(t *testing.T) {
	m := newMachine(t)
	m.two(daemon(t, nil))
	before := m.files()
	m.fails = "systemctl start raptoreum_exporter@rtm2"
	out, _, err := m.run(nil)
	if err == nil {
		t.Error("no error")
	}
	m.has(out, "it is broken", "Nothing was changed")
	m.fails = ""
	m.same(before, "failed start")
	m.pages = func(string) (string, error) { return "", os.ErrDeadlineExceeded }
	out, _, err = m.run(nil)
	if err == nil {
		t.Error("no error")
	}
	m.has(out, "does not answer", "Nothing was changed")
	m.pages = nil
	m.same(before, "no answer")
}

func TestMain(m *testing.M) {
	if os.Getenv(killAt) != "" {
		killed()
	}
	goleak.VerifyTestMain(m)
}
