package daemon

import (
	"strings"
	"testing"
)

func TestConfEndpoint(t *testing.T) {
	const (
		bind    = ": raptoreumd ignores rpcbind unless rpcallowip is set; set or remove both"
		badPort = ": rpcport is not a port from 1 to 65535, so 10225 is assumed; correct it"
	)
	confRun(t, []confCase{
		{"rpcport of installers", "rpcport=8484", []confChange{confURL("127.0.0.1:8484")}},
		{"rpcport like atoi", "rpcport=+84x", []confChange{confURL("127.0.0.1:84")}},
		{"rpcport no number", "rpcport=http", []confChange{confWarning(badPort)}},
		{"rpcport too large", "rpcport=65536", []confChange{confWarning(badPort)}},
		{"rpcport beyond any integer", "rpcport=" + strings.Repeat("9", 99), []confChange{confWarning(badPort)}},
		{"rpcport negated", "norpcport=1", []confChange{confWarning(badPort)}},
		{"rpcbind alone", "rpcbind=10.0.0.1", []confChange{confWarning(bind)}},
		{"rpcbind", "rpcbind=10.0.0.1\nrpcbind=10.0.0.2\nrpcallowip=::/0\nrpcport=1", []confChange{confURL("10.0.0.1:1")}},
		{"rpcbind with port", "rpcbind=10.0.0.1:2\nrpcallowip=::/0\nrpcport=1", []confChange{confURL("10.0.0.1:2")}},
		{"rpcbind all", "rpcbind=0.0.0.0\nrpcallowip=::/0", nil},
		{"rpcbind empty", "rpcbind=\nrpcallowip=::/0", nil},
		{"rpcbind port only", "rpcbind=:2\nrpcallowip=::/0", []confChange{confURL("127.0.0.1:2")}},
		{"rpcbind all of IPv6", "rpcbind=::\nrpcallowip=::/0", []confChange{confURL("[::1]:10225")}},
		{"rpcbind all of IPv6 with port", "rpcbind=[::]:2\nrpcallowip=::/0", []confChange{confURL("[::1]:2")}},
		{"rpcbind IPv6", "rpcbind=fd00::1\nrpcallowip=::/0", []confChange{confURL("[fd00::1]:10225")}},
		{"rpcbind IPv6 zone", "rpcbind=fe80::1%eth0\nrpcallowip=::/0", []confChange{confURL("[fe80::1%25eth0]:10225")}},
		{"rpcbind mapped", "rpcbind=::ffff:0.0.0.0\nrpcallowip=::/0", nil},
		{"rpcbind name", "rpcbind=localhost:2\nrpcallowip=::/0", []confChange{confURL("localhost:2")}},
		{"rpcbind bad first", "rpcbind=a/b@c\nrpcbind=10.0.0.1:x\nrpcbind=10.0.0.2\nrpcallowip=::/0", []confChange{confURL("10.0.0.2:10225")}},
		{"rpcallowip negated counts as set", "rpcbind=10.0.0.1\nnorpcallowip=1", []confChange{confURL("10.0.0.1:10225")}},
	})
}

func TestConfPaths(t *testing.T) {
	confRun(t, []confCase{
		{"cookie", "rpccookiefile=c/d", []confChange{confCookie("/data/c/d")}},
		{"cookie absolute", "rpccookiefile=/c/d", []confChange{confCookie("/c/d")}},
		{"cookie off main", "testnet=1\nrpccookiefile=c", []confChange{confTest(), confCookie("/data/rip01-testnet/c")}},
		{"cookie unused", "rpccookiefile=c\nrpcpassword=p", []confChange{confPassword("", "p")}},
		{"pid", "pid=p", []confChange{func(c *Conf) { c.PidFile = "/data/p" }}},
		{"pid absolute", "pid=/run/p", []confChange{func(c *Conf) { c.PidFile = "/run/p" }}},
		{"debug.log", "debuglogfile=d", []confChange{confDebugLog("/data/d")}},
		{"debug.log absolute", "debuglogfile=/var/log/d", []confChange{confDebugLog("/var/log/d")}},
		{"debug.log off main", "testnet=1\ndebuglogfile=d", []confChange{confTest(), confDebugLog("/data/rip01-testnet/d")}},
		{"no debug.log", "debuglogfile=d\nnodebuglogfile=1", []confChange{confDebugLog("")}},
		{"debug.log 0", "debuglogfile=0", []confChange{confDebugLog("")}},
		{"datadir", "datadir=/other/\ndatadir=/third", []confChange{confDatadir("/other")}},
		{"datadir empty", "datadir=", nil},
		{"datadir relative", "datadir=~/x", []confChange{
			confDatadir("/home/u/~/x"),
			confWarning(": datadir is relative to the working directory of raptoreumd; write an absolute path"),
		}},
	})
}

func TestConfSmartnode(t *testing.T) {
	confRun(t, []confCase{
		{"operator key", "smartnodeblsprivkey=00ff", []confChange{confOperator}},
		{"operator key empty", "smartnodeblsprivkey=\nsmartnodeblsprivkey=00ff", nil},
		{"operator key commented", "smartnodeblsprivkey=#00ff", nil},
		{"operator key negated", "smartnodeblsprivkey=00ff\nnosmartnodeblsprivkey=1", nil},
		{"operator key of another network", "[test]\nsmartnodeblsprivkey=00ff", []confChange{confOperator, confWarning(": raptoreumd ignores smartnodeblsprivkey in this section; move it to the top of the file")}},
		{"operator keys of two networks", "smartnodeblsprivkey=00ff\n[test]\nsmartnodeblsprivkey=00ff", []confChange{confOperator}},
		{"empty operator key of another network", "[test]\nsmartnodeblsprivkey=", nil},
		{"externalip", "externalip=8.8.8.8", []confChange{confExternal("8.8.8.8:10226")}},
		{"externalip with port", "port=5\nexternalip=8.8.8.8:6", []confChange{confExternal("8.8.8.8:6")}},
		{"externalip IPv6", "externalip=[2001:db8::1]:6", []confChange{confExternal("[2001:db8::1]:6")}},
		{
			"externalip skips", "externalip=name\nexternalip=0.0.0.0\nexternalip=2001:db8::1\nexternalip=10.0.0.1\nexternalip=8.8.8.8\nexternalip=9.9.9.9",
			[]confChange{confExternal("8.8.8.8:10226")},
		},
		{"externalip private only", "externalip=10.0.0.1\nexternalip=10.0.0.2", []confChange{confExternal("10.0.0.1:10226")}},
		{"externalip of both levels", "externalip=name\nmain.externalip=other\nexternalip=8.8.8.8", []confChange{confExternal("8.8.8.8:10226")}},
	})
}
