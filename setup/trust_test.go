package setup_test

import (
	"os"
	"strings"
	"testing"

	"raptoreum_exporter/setup"
)

// TestUntrusted: any user can start a raptoreumd, whose options name files of others. setup runs as root.
func TestUntrusted(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("not root, so no file belongs to another user")
	}
	wants := map[string]string{
		"a link to the conf of another": "permission denied", "an included conf of another": "permission denied",
		"a link to the cookie of another": "permission denied", "a file of root": "does not belong to the user rtm1",
		"a new file in a directory of root": "does not belong to the user rtm1", "a line end in a path": "control character",
	}
	for name, prepare := range map[string]func(m *machine){
		"a link to the conf of another": func(m *machine) {
			m.link("/home/rtm1/.raptoreumcore/raptoreum.conf", m.path("/home/rtm2/raptoreum.conf"))
			m.process(100, 1001, "/x", "-rpcport=1")
		},
		"an included conf of another": func(m *machine) {
			m.write("/home/rtm1/.raptoreumcore/raptoreum.conf", "includeconf="+m.path("/home/rtm2/raptoreum.conf")+"\n")
			m.process(100, 1001, "/x", "-rpcport=1")
		},
		"a link to the cookie of another": func(m *machine) {
			m.write("/home/rtm1/.raptoreumcore/raptoreum.conf", "")
			m.link("/home/rtm1/.raptoreumcore/.cookie", m.path("/home/rtm2/cookie"))
			m.process(100, 1001, "/x", "-rpcport=1")
		},
		"a file of root": func(m *machine) {
			m.write("/etc/default/other", "KEY=value\n")
			m.process(100, 1001, "/x", "-conf=/etc/default/other")
		},
		"a new file in a directory of root": func(m *machine) {
			m.process(100, 1001, "/x", "-conf=/etc/profile.d/x.sh")
		},
		"a line end in a path": func(m *machine) {
			m.write("/srv/a\n--web.config.file=/etc/shadow/raptoreum.conf", conf("1"))
			m.process(100, 1001, "/x", "-datadir=/srv/a\n--web.config.file=/etc/shadow")
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.write("/home/rtm2/raptoreum.conf", "rpcuser=x\nrpcpassword="+password+"\n")
			m.write("/home/rtm2/cookie", "__cookie__:"+password)
			m.write("/etc/profile.d/README", "")
			for _, file := range []string{"/home/rtm2/raptoreum.conf", "/home/rtm2/cookie"} {
				m.own(file, 1002)
				if err := os.Chmod(m.path(file), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			prepare(m)
			before := m.files()
			out, _, _ := m.run(func(c *setup.Config) { c.DryRun, c.System.As, c.System.Owner = true, nil, nil }) // as it really is
			if !strings.Contains(out, wants[name]) || strings.Contains(out, "refused") {                         // it did not connect
				t.Errorf("want %q:\n%s", wants[name], out)
			}
			m.same(before, "untrusted")
		})
	}
}
