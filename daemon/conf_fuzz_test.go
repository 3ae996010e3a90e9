package daemon

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzConf plants secrets between arbitrary lines, in the file and in one it includes: nothing
// that ReadConf returns may show them.
func FuzzConf(f *testing.F) {
	for _, seed := range []string{
		"", "rpcuser=u\r\nrpcport=8484 # x\n[test]\nrpcbind=[::]:1\nrpcallowip=::/0\n", "testnet=1\nregtest=0\ndevnet\n",
		"noexternalip=0\nexternalip=1.2.3.4:5\nport=6", "includeconf=more.conf\ntest.includeconf=raptoreum.conf", confBOM + "#",
		"-x", "[", "[]", "=", "norpcpassword=1", "main.norpcpassword=", "datadir=a\npid=../b\nrpccookiefile=c\nserver=no\n",
		"rpcbind=fe80::1%e/\nrpcallowip=", "[main]\nincludeconf=\n", "rpcpassword=\nsmartnodeblsprivkey=",
	} {
		f.Add(seed, seed)
	}
	const password, key = "plantedpassword", "plantedoperatorkey"
	f.Fuzz(func(t *testing.T, before, after string) {
		planted := before + "\nrpcpassword=" + password + "\nsmartnodeblsprivkey=" + key + "\n" + password + key + "=1\n" + after
		files := confFiles{"/data/raptoreum.conf": planted, "/data/more.conf": after + "\nsmartnodeblsprivkey " + key + "\n"}
		conf, err := confRead("/data/raptoreum.conf", "/home/u", files.open)
		if shown := fmt.Sprintf("%+v %#v %q %v %#v", conf, conf, conf.Warnings, err, err); strings.Contains(shown, "planted") {
			t.Fatalf("a secret is shown: %s", shown)
		}
		if strings.Contains(conf.Password.reveal(), key) {
			t.Fatal("the operator key was kept")
		}
		if err != nil {
			if _, ok := errors.AsType[*ConfError](err); !ok || strings.ContainsAny(err.Error(), "\r\n") {
				t.Fatalf("error is not one line about the file: %q", err)
			}
			return
		}
		endpoint, err := url.Parse(conf.URL)
		if err != nil || endpoint.Hostname() == "" || endpoint.Port() == "" {
			t.Fatalf("no URL: %q: %v", conf.URL, err)
		}
		for _, path := range []string{conf.Datadir, conf.NetworkDir, conf.PidFile, cmp.Or(conf.DebugLog, "/")} {
			if !filepath.IsAbs(path) {
				t.Fatalf("not absolute: %q", path)
			}
		}
		if (conf.Password == "") != (conf.CookieFile != "") {
			t.Fatalf("want a password or a cookie, got %+v", conf)
		}
	})
}
