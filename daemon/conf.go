package daemon

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Conf is what raptoreum.conf says about the location of raptoreumd and the access to it. All paths
// are absolute. It does not contain the operator key, only whether there is one.
type Conf struct {
	Network         Network
	Datadir         string   // the directory that contains those of the networks; of Main, its data
	NetworkDir      string   // the directory of Network in it: debug.log, blocks
	URL             string   // of the RPC server, such as http://127.0.0.1:10225
	User            string   // belongs to Password, and may be empty then too
	Password        Secret   // empty: the cookie is the credential
	CookieFile      string   // empty when there is a password: raptoreumd then writes none
	ExternalAddress string   // ip:port of an externalip, the first public IPv4 one if any; empty: none
	OperatorKey     bool     // there is a smartnodeblsprivkey, even if in a section that raptoreumd ignores
	DebugLog        string   // empty with nodebuglogfile
	PidFile         string   // stale after a crash: raptoreumd removes it only on a clean exit
	Warnings        []string // what raptoreumd ignores or reads in a surprising way; without values
}

// ReadConf reads the raptoreum.conf at path and the files that it includes. "~/" at the start
// of path means home. The directory of the file counts as the -datadir of raptoreumd, unless
// the file has datadir=. Options on the command line of raptoreumd are not seen. A missing file
// is fs.ErrNotExist, an unreadable one fs.ErrPermission, and one that raptoreumd would not start
// with a *ConfError.
func ReadConf(path, home string) (Conf, error) {
	return confRead(path, home, func(name string) (io.ReadCloser, error) {
		if info, err := os.Stat(name); err == nil && info.Mode()&(fs.ModeNamedPipe|fs.ModeSocket) != 0 { // it would block
			return nil, fmt.Errorf("%s: is not a regular file", name)
		}
		return os.Open(name)
	})
}

// DefaultConf returns the settings of an empty file at path: raptoreumd creates it if it is missing.
func DefaultConf(path, home string) Conf {
	parser := confParser{}
	return parser.conf(Main, confAbsolute(path, home), home)
}

func confRead(path, home string, open func(string) (io.ReadCloser, error)) (Conf, error) {
	path = confAbsolute(path, home)
	parser := confParser{open: open, size: confMaxSize + 1, values: map[string][]string{}}
	if err := parser.file(path); err != nil {
		return Conf{}, err
	}
	network, err := parser.include(path)
	if err != nil {
		return Conf{}, err
	}
	return parser.conf(network, path, home), nil
}

// include reads the files that the top level and the section of the network include, one level
// deep, and returns the network, which they may change. Their values come after those of the
// main file, so those of the main file win.
func (p *confParser) include(path string) (Network, error) {
	network, err := p.network(path)
	if err != nil {
		return "", err
	}
	for _, name := range p.includes(network) {
		if name == "" {
			continue // raptoreumd opens the datadir itself and reads nothing
		}
		err := p.file(confJoin(filepath.Dir(path), name))
		if errors.Is(err, fs.ErrNotExist) {
			// Not wrapped: the caller would take it for a missing raptoreum.conf.
			return "", &ConfError{File: path, Reason: "includeconf names a file that does not exist; " +
				"raptoreumd would not start either; correct or remove that line"}
		}
		if err != nil {
			return "", err
		}
	}
	final, err := p.network(path)
	if len(p.includes(network))+len(p.includes(final)) > 0 {
		p.warn(path, 0, "raptoreumd ignores includeconf in an included file; write it in raptoreum.conf")
	}
	return final, err
}

// includes removes and returns the names of the files to include.
func (p *confParser) includes(network Network) []string {
	section := string(network) + ".includeconf"
	names := append(p.values["includeconf"], p.values[section]...)
	delete(p.values, "includeconf")
	delete(p.values, section)
	return names
}

// network is GetChainName: the last value of each switch counts, and only outside of sections.
func (p *confParser) network(path string) (Network, error) {
	chosen := []Network{}
	if values := p.values["testnet"]; len(values) > 0 && confBool(values[len(values)-1]) {
		chosen = append(chosen, Test)
	}
	if values := p.values["regtest"]; len(values) > 0 && confBool(values[len(values)-1]) {
		chosen = append(chosen, Regtest)
	}
	if len(p.values["devnet"]) > 0 { // its value is a name, so devnet=0 is one too
		chosen = append(chosen, Devnet)
	}
	switch len(chosen) {
	case 0:
		return Main, nil
	case 1:
		return chosen[0], nil
	}
	return "", &ConfError{File: path, Reason: "only one of regtest, testnet and devnet can be used; " +
		"raptoreumd would not start either; remove the others"}
}

// conf collects the settings. path is absolute.
func (p *confParser) conf(network Network, path, home string) Conf {
	values := confValues{confParser: p, path: path, chain: network}
	conf := Conf{Network: network, Datadir: filepath.Dir(path)}
	if datadir := values.get("datadir", ""); datadir != "" {
		if !filepath.IsAbs(datadir) {
			p.warn(path, 0, "datadir is relative to the working directory of raptoreumd; write an absolute path")
		}
		conf.Datadir = confJoin(confAbsolute(home, ""), datadir)
	}
	conf.NetworkDir = filepath.Join(conf.Datadir, values.folder())
	conf.PidFile = confJoin(conf.NetworkDir, values.get("pid", "raptoreumd.pid"))
	if name := values.get("debuglogfile", "debug.log"); name != "0" { // "0" is nodebuglogfile
		conf.DebugLog = confJoin(conf.NetworkDir, name)
	}
	conf.User = values.get("rpcuser", "")
	conf.Password = Secret(values.get("rpcpassword", ""))
	if conf.Password == "" {
		conf.CookieFile = confJoin(conf.NetworkDir, values.get("rpccookiefile", ".cookie"))
	}
	keys := values.all(confOperatorKey)
	conf.OperatorKey = len(keys) > 0 && keys[0] != "" || p.misplacedOperatorKey(values)
	conf.URL = values.url()
	conf.ExternalAddress = values.externalAddress()
	if !confBool(values.get("server", "1")) {
		p.warn(path, 0, "server=0 disables the RPC server; remove it")
	}
	for _, key := range []string{"rpcport", "rpcbind"} {
		if len(p.values[key]) > 0 && network != Main && len(values.all(key)) == 0 {
			p.warn(path, 0, fmt.Sprintf("raptoreumd ignores %s outside of [%s]; write it there", key, network))
		}
	}
	conf.Warnings = p.warnings
	return conf
}

// misplacedOperatorKey reports whether the only operator key is in a section of another network: raptoreumd then does
// not run as the smartnode that its owner expects.
func (p *confParser) misplacedOperatorKey(values confValues) bool {
	if values.set(confOperatorKey) {
		return false
	}
	for name, kept := range p.values {
		if strings.HasSuffix(name, "."+confOperatorKey) && len(kept) > 0 && kept[0] != "" {
			p.warn(values.path, 0, "raptoreumd ignores smartnodeblsprivkey in this section; move it to the top of the file")
			return true
		}
	}
	return false
}

// confAbsolute makes path absolute; "~" at its start means home.
func confAbsolute(path, home string) string {
	if rest, found := strings.CutPrefix(path, "~"); found && (rest == "" || os.IsPathSeparator(rest[0])) {
		path = filepath.Join(home, rest)
	}
	if absolute, err := filepath.Abs(path); err == nil { // it fails only without a working directory
		return absolute
	}
	return path
}

// confJoin is AbsPathForConfigVal: a relative name is relative to folder.
func confJoin(folder, name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(folder, name)
}
