package daemon

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// confFiles is a file system in memory.
type confFiles map[string]string

func (f confFiles) open(path string) (io.ReadCloser, error) {
	content, found := f[path]
	if !found {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	return io.NopCloser(strings.NewReader(content)), nil
}

const confTestFile = "/data/raptoreum.conf"

// confChange changes the settings of an empty file to what a case wants.
type confChange func(*Conf)

type confCase struct {
	name, content string
	want          []confChange
}

func confWarning(warnings ...string) confChange {
	return func(c *Conf) {
		for _, warning := range warnings {
			c.Warnings = append(c.Warnings, confTestFile+warning)
		}
	}
}

func confURL(address string) confChange { return func(c *Conf) { c.URL = "http://" + address } }

func confPassword(user, password string) confChange {
	return func(c *Conf) { c.User, c.Password, c.CookieFile = user, Secret(password), "" }
}

func confExternal(address string) confChange {
	return func(c *Conf) { c.ExternalAddress = address }
}

func confOperator(c *Conf) { c.OperatorKey = true }

func confDebugLog(path string) confChange { return func(c *Conf) { c.DebugLog = path } }

func confCookie(path string) confChange { return func(c *Conf) { c.CookieFile = path } }

func confNetwork(network Network, dir, address string) confChange {
	return func(c *Conf) {
		c.Network, c.NetworkDir, c.URL = network, dir, "http://"+address
		c.CookieFile, c.PidFile, c.DebugLog = dir+"/.cookie", dir+"/raptoreumd.pid", dir+"/debug.log"
	}
}

func confTest() confChange { return confNetwork(Test, "/data/rip01-testnet", "127.0.0.1:10231") }

func confRegtest() confChange { return confNetwork(Regtest, "/data/regtest", "127.0.0.1:19898") }

func confDatadir(dir string) confChange {
	return func(c *Conf) {
		c.Datadir, c.NetworkDir = dir, dir
		c.CookieFile, c.PidFile, c.DebugLog = dir+"/.cookie", dir+"/raptoreumd.pid", dir+"/debug.log"
	}
}

// confRun reads the content of each case, with some files next to it to include.
func confRun(t *testing.T, cases []confCase) {
	t.Helper()
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			want := Conf{
				Network: Main, Datadir: "/data", NetworkDir: "/data", URL: "http://127.0.0.1:10225",
				CookieFile: "/data/.cookie", PidFile: "/data/raptoreumd.pid", DebugLog: "/data/debug.log",
			}
			for _, change := range test.want {
				change(&want)
			}
			got, err := confRead(confTestFile, "/home/u", confFiles{
				confTestFile:                test.content,
				"/data/more.conf":           "rpcport=7\nrpcuser=more\nrpcpassword=p\n",
				"/data/port.conf":           "rpcport=6\n",
				"/data/negate.conf":         "norpcport=1\nrpcport=9\n",
				"/data/nested.conf":         "rpcport=5\nincludeconf=missing.conf\n",
				"/data/testnet.conf":        "testnet=1\n",
				"/data/testnet-nested.conf": "testnet=1\ntest.includeconf=missing.conf\n",
			}.open)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestConfErrors(t *testing.T) {
	const secret = "plantedsecret"
	long := strings.Repeat("x", confMaxLine)
	tests := []struct {
		name, content, want string
	}{
		{"no =", "rpcuser=u\n\n" + secret + "\n", `/data/raptoreum.conf:3: no "=" in this line; raptoreumd would not start either; write key=value`},
		{"key alone", "server", `/data/raptoreum.conf:1: no "=" in this line; raptoreumd would not start either; write key=value`},
		{"= cut off", "rpcpassword#=" + secret, `/data/raptoreum.conf:1: no "=" in this line; raptoreumd would not start either; write key=value`},
		{"dash", " -rpcpassword=" + secret, `/data/raptoreum.conf:1: this line starts with "-"; raptoreumd would not start either; write key=value`},
		{"byte order mark alone", confBOM + "# " + secret + "\nserver=1", "/data/raptoreum.conf:1: a byte order mark without a key; raptoreumd would not start either; save the file without the mark"},
		{"two networks", "testnet=1\nregtest=1", "/data/raptoreum.conf: only one of regtest, testnet and devnet can be used; raptoreumd would not start either; remove the others"},
		{"devnet is never off", "testnet=1\ndevnet=0", "/data/raptoreum.conf: only one of regtest, testnet and devnet can be used; raptoreumd would not start either; remove the others"},
		{"two networks in two files", "regtest=1\nincludeconf=testnet.conf", "/data/raptoreum.conf: only one of regtest, testnet and devnet can be used; raptoreumd would not start either; remove the others"},
		{"missing include", "includeconf=" + secret, "/data/raptoreum.conf: includeconf names a file that does not exist; raptoreumd would not start either; correct or remove that line"},
		{"bad include", "includeconf=bad.conf", `/data/bad.conf:2: no "=" in this line; raptoreumd would not start either; write key=value`},
		{"long line", "server=1\nrpcuser=" + long, "/data/raptoreum.conf:2: this line is longer than 64 KiB; make sure that this is raptoreum.conf"},
		{"large file", strings.Repeat("#"+long[:1023]+"\n", 1024), "/data/raptoreum.conf: larger than 1 MiB, including the files it includes; make sure that this is raptoreum.conf"},
		{"large together", strings.Repeat("includeconf=half.conf\n", 3), "/data/half.conf: larger than 1 MiB, including the files it includes; make sure that this is raptoreum.conf"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			files := confFiles{
				"/data/raptoreum.conf": test.content,
				"/data/testnet.conf":   "testnet=1", "/data/bad.conf": "\n" + secret, "/data/half.conf": strings.Repeat("#"+long[:1022]+"\n", 512),
			}
			conf, err := confRead("/data/raptoreum.conf", "/home/u", files.open)
			if _, ok := errors.AsType[*ConfError](err); !ok || errors.Is(err, fs.ErrNotExist) {
				t.Fatalf("want a ConfError, got %v", err)
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if shown := fmt.Sprintf("%+v %#v %s", conf, err, err); strings.Contains(shown, secret) {
				t.Errorf("the secret is shown: %s", shown)
			}
		})
	}
}

func TestConfLargestFile(t *testing.T) {
	content := strings.Repeat("#"+strings.Repeat("x", 1022)+"\n", 1024) // 1 MiB
	content = content[:len(content)-10] + "\nrpcport=1"
	conf, err := confRead("/x.conf", "", confFiles{"/x.conf": content}.open)
	if err != nil || conf.URL != "http://127.0.0.1:1" {
		t.Errorf("got %q, %v", conf.URL, err)
	}
}

func TestConfFewWarnings(t *testing.T) {
	conf, err := confRead("/x.conf", "", confFiles{"/x.conf": strings.Repeat("[x]\n", 1000)}.open)
	if err != nil || len(conf.Warnings) != confMaxWarnings {
		t.Errorf("got %d warnings, %v", len(conf.Warnings), err)
	}
}

func TestReadConf(t *testing.T) {
	home := t.TempDir()
	folder := filepath.Join(home, ".raptoreumcore")
	path := filepath.Join(folder, "raptoreum.conf")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}

	_, err := ReadConf(path, home)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("want fs.ErrNotExist, got %v", err)
	}
	if _, err := ReadConf(folder, home); err == nil { // a directory
		t.Error("a directory was read")
	}
	denied := func(string) (io.ReadCloser, error) {
		return nil, &fs.PathError{Op: "open", Path: "/data/x.conf", Err: fs.ErrPermission}
	}
	_, err = confRead("/data/x.conf", home, denied)
	if want := "/data/x.conf: permission denied; this must be the file of raptoreumd, and the user of the exporter must be able to read it"; !errors.Is(err, fs.ErrPermission) || err.Error() != want {
		t.Errorf("want %s, got %v", want, err)
	}

	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := ReadConf("~/.raptoreumcore/raptoreum.conf", home)
	if err != nil {
		t.Fatal(err)
	}
	want := Conf{
		Network: Main, Datadir: folder, NetworkDir: folder, URL: "http://127.0.0.1:10225",
		CookieFile: filepath.Join(folder, ".cookie"), PidFile: filepath.Join(folder, "raptoreumd.pid"),
		DebugLog: filepath.Join(folder, "debug.log"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff(want, DefaultConf("~/.raptoreumcore/raptoreum.conf", home)); diff != "" {
		t.Errorf("DefaultConf: -want +got:\n%s", diff)
	}
}
