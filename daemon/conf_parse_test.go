package daemon

import "testing"

func TestConfLines(t *testing.T) {
	const (
		section = "raptoreumd ignores this section; the sections are main, test, devnet and regtest"
		bom     = ":1: raptoreumd reads the byte order mark as part of the first key; save the file without it"
	)
	confRun(t, []confCase{
		{"empty", "", nil},
		{"comments and blanks", "# rpcport=1\n\n \t\r\n", nil},
		{"unknown keys", "txindex=1\nrpcauth=a:b$c\n=\n=x\nrpcport.=1\n", []confChange{confWarning(":5: " + section)}},

		{"password cut at #", "rpcuser=u\nrpcpassword=ab#cd\n", []confChange{confPassword("u", "ab")}},
		{"password of # only", "rpcpassword=#cd\n", nil},
		{"blanks trimmed", "\t rpcuser \t= u v\t\r\n rpcpassword= p=q \r\n", []confChange{confPassword("u v", "p=q")}},
		{"quotes stay", "rpcuser='u'\nrpcpassword=\"p\"", []confChange{confPassword("'u'", `"p"`)}},
		{"Windows line ends", "rpcport=8484\r\nrpcuser=u\r\nrpcpassword=p\r\n", []confChange{confURL("127.0.0.1:8484"), confPassword("u", "p")}},
		{"password without user", "rpcpassword=p", []confChange{confPassword("", "p")}},
		{"user without password", "rpcuser=u", []confChange{func(c *Conf) { c.User = "u" }}},
		{"byte order mark", confBOM + "rpcport=1\nrpcport=2", []confChange{confURL("127.0.0.1:2"), confWarning(bom)}},
		{"upper case is another key", "RPCPORT=1", nil},
	})
}

func TestConfPrecedence(t *testing.T) {
	const section = "raptoreumd ignores this section; the sections are main, test, devnet and regtest"
	confRun(t, []confCase{
		{"first wins", "rpcport=1\nrpcport=2\nrpcpassword=a\nrpcpassword=b", []confChange{confURL("127.0.0.1:1"), confPassword("", "a")}},
		{"empty first wins", "rpcpassword=\nrpcpassword=b", nil},
		{"section before top level", "rpcport=1\n[main]\nrpcport=2\nrpcport=3", []confChange{confURL("127.0.0.1:2")}},
		{"other section", "[test]\nrpcport=2\n[regtest]\nrpcport=3", nil},
		{"prefix", "rpcport=1\nmain.rpcport=2\ntest.rpcport=3", []confChange{confURL("127.0.0.1:2")}},
		{"prefix within a section", "[test]\nmain.rpcport=2", []confChange{confWarning(":2: " + section)}},
		{"unknown sections", "[tset]\nrpcport=2\n[]\nrpcport=3\n[main]\nx.y=1", []confChange{
			confWarning(":1: "+section, ":3: "+section, ":6: "+section),
		}},
		{"half a section", "[main=\nrpcport=2\n", []confChange{confURL("127.0.0.1:2")}},
	})
}

func TestConfNegation(t *testing.T) {
	const (
		negative = "a double negative, which raptoreumd reads as 1; write the key without no"
		server   = ": server=0 disables the RPC server; remove it"
	)
	confRun(t, []confCase{
		{"negated password is 0", "rpcuser=u\nrpcpassword=p\nnorpcpassword=1", []confChange{confPassword("u", "0")}},
		{"negation without value", "externalip=8.8.8.8\nnoexternalip=", nil},
		{"value after negation", "norpcpassword=1\nrpcpassword=p", []confChange{confPassword("", "p")}},
		{"double negative", "norpcpassword=0\nrpcpassword=p", []confChange{confPassword("", "1"), confWarning(":1: " + negative)}},
		{"no twice", "nonorpcpassword=1\nrpcpassword=p", []confChange{confPassword("", "p")}},
		{"negated in the section", "rpcpassword=p\n[main]\nnorpcpassword=1", []confChange{confPassword("", "0")}},
		{"negated outside of the section", "norpcpassword=1\n[main]\nrpcpassword=p", []confChange{confPassword("", "p")}},
		{"true is false", "testnet=true\nregtest=yes\n", nil},
		{"server", "server=1", nil},
		{"server empty", "server=", nil},
		{"server off", "server=0", []confChange{confWarning(server)}},
		{"server true is off", "server=true", []confChange{confWarning(server)}},
		{"noserver", "noserver=1", []confChange{confWarning(server)}},
	})
}

func TestConfNetworks(t *testing.T) {
	const section = "raptoreumd ignores this section; the sections are main, test, devnet and regtest"
	confRun(t, []confCase{
		{"testnet", "testnet=1", []confChange{confTest()}},
		{"testnet empty", "testnet=", []confChange{confTest()}},
		{"testnet last wins", "testnet=1\ntestnet=0", nil},
		{"testnet negated", "testnet=1\nnotestnet=1", nil},
		{"testnet again after negation", "notestnet=1\ntestnet=2", []confChange{confTest()}},
		{"testnet in a section", "[test]\ntestnet=1\n[main]\ntestnet=1", nil},
		{"one left", "testnet=1\nregtest=1\ntestnet=0", []confChange{confRegtest()}},
		{"devnet", "devnet=", []confChange{confNetwork(Devnet, "/data/devnet-asset", "127.0.0.1:19798")}},
		{"devnet 0 is a name", "devnet=0", []confChange{confNetwork(Devnet, "/data/devnet-0", "127.0.0.1:19798")}},
		{"devnet first name wins", "devnet=a\ndevnet=b\n[devnet]\nrpcport=1", []confChange{confNetwork(Devnet, "/data/devnet-a", "127.0.0.1:1")}},
		{
			"devnet's directory is not a section", "devnet=a\n[devnet-a]\nrpcport=1",
			[]confChange{confNetwork(Devnet, "/data/devnet-a", "127.0.0.1:19798"), confWarning(":2: " + section)},
		},
		{"top level rpcport off main", "regtest=1\nrpcport=1\nrpcbind=10.0.0.1\nrpcallowip=10.0.0.0/8", []confChange{
			confRegtest(),
			confWarning(": raptoreumd ignores rpcport outside of [regtest]; write it there", ": raptoreumd ignores rpcbind outside of [regtest]; write it there"),
		}},
		{
			"rpcport in the section", "regtest=1\nrpcport=1\nregtest.rpcport=2\nrpcpassword=p",
			[]confChange{confRegtest(), confURL("127.0.0.1:2"), confPassword("", "p")},
		},
		{"port outside of the section", "testnet=1\nport=5\nexternalip=8.8.8.8", []confChange{confTest(), confExternal("8.8.8.8:5")}},
	})
}

func TestConfInclude(t *testing.T) {
	const nested = ": raptoreumd ignores includeconf in an included file; write it in raptoreum.conf"
	confRun(t, []confCase{
		{"include", "includeconf=more.conf\nrpcuser=u", []confChange{confURL("127.0.0.1:7"), confPassword("u", "p")}},
		{"include in the section", "[main]\nincludeconf=/data/more.conf", []confChange{confURL("127.0.0.1:7"), confPassword("more", "p")}},
		{"include of another network", "[test]\nincludeconf=more.conf\nincludeconf=missing.conf", nil},
		{"include of the chosen network", "testnet=1\ntest.includeconf=more.conf", []confChange{
			confTest(), confPassword("more", "p"),
			confWarning(": raptoreumd ignores rpcport outside of [test]; write it there"),
		}},
		{"include main file wins", "rpcpassword=q\nincludeconf=more.conf\nrpcport=8", []confChange{confURL("127.0.0.1:8"), confPassword("more", "q")}},
		{"include negated", "includeconf=more.conf\nnoincludeconf=1", nil},
		{"include two", "includeconf=port.conf\nincludeconf=more.conf", []confChange{confURL("127.0.0.1:6"), confPassword("more", "p")}},
		{"include negates", "rpcport=8\nincludeconf=negate.conf", []confChange{confURL("127.0.0.1:9")}},
		{"include nested", "includeconf=nested.conf", []confChange{confURL("127.0.0.1:5"), confWarning(nested)}},
		{"include chooses the network", "includeconf=testnet.conf", []confChange{confTest()}},
		{"include nested of the new network", "includeconf=testnet-nested.conf", []confChange{confTest(), confWarning(nested)}},
		{"include nothing", "includeconf=", nil},
		{"include is relative to the first datadir", "datadir=/other\nincludeconf=port.conf", []confChange{confDatadir("/other"), confURL("127.0.0.1:6")}},
	})
}
