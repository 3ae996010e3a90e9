package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"raptoreum_exporter/daemon"
)

// Daemon configures the address of raptoreumd and its credentials. The zero value is the raptoreumd of this user.
type Daemon struct {
	Conf         string // raptoreum.conf; empty: ~/.raptoreumcore/raptoreum.conf
	URL          string // of the RPC port; empty: from raptoreum.conf
	User         string
	PasswordFile string
	CookieFile   string

	// Where raptoreumd keeps its files, for a user that may not read raptoreum.conf; empty: as that file says.
	Datadir  string // as in -datadir
	PidFile  string // empty: raptoreumd.pid in Datadir, or in its folder of a test network
	DebugLog string // empty: debug.log there too
}

// daemonConf is the result of Daemon and raptoreum.conf.
type daemonConf struct {
	daemon.Conf
	path        string // where raptoreum.conf is expected
	known       string // the same; empty if that file does not describe our daemon
	configured  bool
	credentials func() (daemon.Credentials, error)
	currentURL  func() string // of raptoreum.conf at the time of the call; nil: the URL is not from there
	notes       []note
}

// note is a log line about a start that succeeds: with a wrong flag the error is the only line.
type note struct {
	level   func(log.Logger) log.Logger
	keyvals []any
}

func (c *daemonConf) note(level func(log.Logger) log.Logger, keyvals ...any) {
	c.notes = append(c.notes, note{level, keyvals})
}

// read reads raptoreum.conf. Flags take precedence over it. Without that file and without --daemon.url, no daemon
// is configured, unless --daemon.conf names the missing file: then the defaults of raptoreumd apply. expected: the
// exporter has nothing else to watch.
func (d *Daemon) read(expected bool) (daemonConf, error) {
	if err := d.validate(); err != nil {
		return daemonConf{}, err
	}
	home := userHome()
	c := daemonConf{path: d.confPath(home)}
	var err error
	c.Conf, err = daemon.ReadConf(c.path, home)
	found := err == nil
	if found || d.Conf != "" {
		c.known = c.path
	}
	switch {
	case found:
		for _, warning := range c.Warnings {
			c.note(level.Warn, "msg", "raptoreum.conf", "warning", warning)
		}
	case d.URL != "" && d.Conf == "":
		c.Conf = daemon.Conf{} // not needed
	case errors.Is(err, fs.ErrNotExist):
		c.Conf = daemon.Conf{}
		if d.Conf != "" {
			c.Conf = daemon.DefaultConf(c.path, home)
		}
		missing := level.Info
		if expected {
			missing = level.Warn
		}
		c.note(missing, "msg", "no raptoreum.conf; give --daemon.conf or --daemon.url", "file", c.path, "daemon_configured", d.Conf != "" || d.URL != "")
	case errors.Is(err, fs.ErrPermission) && d.URL != "":
		c.Conf = daemon.Conf{} // still identifies the process, by its path
	case errors.Is(err, fs.ErrPermission):
		c.Conf = daemon.Conf{} // its port is unknown
		c.note(level.Warn, "msg", "raptoreum.conf is not readable, so no daemon is monitored; run as the user of raptoreumd, or give --daemon.url, --daemon.user and --daemon.password-file", "err", err)
	default:
		return c, fmt.Errorf("--daemon.conf: %w", err)
	}
	if d.URL != "" {
		c.URL = d.URL
	} else if found {
		c.currentURL = func() string {
			now, err := daemon.ReadConf(c.path, home)
			if err != nil {
				return ""
			}
			return now.URL
		}
	}
	d.locate(&c, home)
	c.configured = c.URL != ""
	c.Network = cmp.Or(c.Network, daemon.NetworkOfRPC(c.URL)) // until it answers
	c.credentials = d.credentials(c, home, found)
	if c.configured && c.credentials == nil {
		c.credentials = func() (daemon.Credentials, error) { return daemon.Credentials{}, errNoCredentials }
		c.note(level.Warn, "msg", errNoCredentials.Error())
	}
	return c, nil
}

// locate applies the flags about the files of raptoreumd, which take precedence over raptoreum.conf.
func (d *Daemon) locate(c *daemonConf, home string) {
	if d.Datadir != "" {
		datadir := daemon.DefaultConf(filepath.Join(d.Datadir, "raptoreum.conf"), home).Datadir
		files := daemon.DefaultConf(filepath.Join(c.networkDir(datadir), "raptoreum.conf"), home)
		c.Datadir, c.PidFile, c.DebugLog = datadir, files.PidFile, files.DebugLog
	}
	c.PidFile = cmp.Or(d.PidFile, c.PidFile)
	c.DebugLog = cmp.Or(d.DebugLog, c.DebugLog)
}

// networkDir returns where the pid file and debug.log of raptoreumd are, below another Datadir than that of
// raptoreum.conf. On a test network that is a folder. If raptoreum.conf is not readable, only the files show which one.
func (c *daemonConf) networkDir(datadir string) string {
	if c.NetworkDir != "" {
		if folder, err := filepath.Rel(c.Datadir, c.NetworkDir); err == nil {
			return filepath.Join(datadir, folder)
		}
	}
	if hasFiles(datadir) {
		return datadir
	}
	var found []string
	folders, _ := os.ReadDir(datadir) // if not readable, the files in it are not either
	for _, f := range folders {
		if dir := filepath.Join(datadir, f.Name()); daemon.IsFolder(f.Name()) && hasFiles(dir) {
			found = append(found, dir)
		}
	}
	if len(found) == 1 { // of several, none is certain
		return found[0]
	}
	return datadir
}

// hasFiles reports whether raptoreumd has run in a directory.
func hasFiles(dir string) bool {
	for _, name := range []string{"debug.log", "raptoreumd.pid"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return true
		}
	}
	return false
}

var errNoCredentials = errors.New("no RPC credentials; give --daemon.cookie-file, or --daemon.user and --daemon.password-file")

func (d *Daemon) validate() error {
	switch {
	case d.PasswordFile != "" && d.CookieFile != "":
		return errors.New("--daemon.password-file and --daemon.cookie-file: give only one of them")
	case d.User != "" && d.PasswordFile == "":
		return errors.New("--daemon.user: needs --daemon.password-file")
	case d.PasswordFile != "":
		if _, err := daemon.ReadPassword(d.PasswordFile); err != nil {
			return fmt.Errorf("--daemon.password-file: %w; it contains the rpcpassword, and this user must be able to read it", err)
		}
	case d.CookieFile != "": // may be missing while the daemon is down, but must not be a directory
		if info, err := os.Stat(d.CookieFile); err == nil && !info.Mode().IsRegular() {
			return fmt.Errorf("--daemon.cookie-file: %s is not a file; give the .cookie in the daemon's data directory", d.CookieFile)
		}
	}
	// These may be missing too, or not readable.
	if info, err := os.Stat(d.Datadir); err == nil && !info.IsDir() {
		return fmt.Errorf("--daemon.datadir: %s is not a directory; give the data directory of raptoreumd", d.Datadir)
	}
	if info, err := os.Stat(d.DebugLog); err == nil && info.IsDir() {
		return fmt.Errorf("--daemon.debuglog: %s is a directory; give the file debug.log", d.DebugLog)
	}
	return nil
}

// credentials returns a function that reads the credentials; nil: there are none. It is called again when the
// daemon rejects them, because a restarted daemon has a new cookie and perhaps a new password.
func (d *Daemon) credentials(c daemonConf, home string, found bool) func() (daemon.Credentials, error) {
	switch {
	case d.PasswordFile != "":
		return func() (daemon.Credentials, error) {
			password, err := daemon.ReadPassword(d.PasswordFile)
			return daemon.Credentials{User: d.User, Password: password}, err
		}
	case d.CookieFile != "":
		return func() (daemon.Credentials, error) { return daemon.ReadCookie(d.CookieFile) }
	case found:
		return func() (daemon.Credentials, error) {
			conf, err := daemon.ReadConf(c.path, home)
			if err != nil {
				return daemon.Credentials{}, err
			}
			return conf.Credentials()
		}
	case c.CookieFile != "":
		return c.Credentials
	}
	return nil
}
