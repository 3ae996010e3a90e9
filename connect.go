package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/common/version"

	"raptoreum_exporter/collector"
	"raptoreum_exporter/daemon"
	"raptoreum_exporter/explorer"
	"raptoreum_exporter/host"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/p2p"
)

// connect makes of the flags what the collectors read from. Nothing is asked of the daemon yet.
func connect(ctx context.Context, o *options, logger log.Logger) (collector.Sources, error) {
	var none collector.Sources
	conf, err := o.daemon.read(logger)
	if err != nil {
		return none, err
	}
	s := collector.Sources{
		Expected: o.protx != "" || conf.OperatorKey,
		Datadir:  conf.Datadir, HealHistory: o.heal.history,
		Process: host.Query{PidFile: conf.PidFile, Datadir: conf.Datadir, Conf: conf.known},
		Port:    p2p.NewProber(ctx, p2p.Config{Dial: p2p.Dialer{UserAgent: "/" + agent() + "/"}.Dial}),
	}
	var protx *daemon.Hash
	if o.protx != "" {
		hash, err := daemon.ParseHash(o.protx)
		if err != nil {
			return none, fmt.Errorf("--smartnode.protx: %w; it is the proTxHash that `protx register` printed", err)
		}
		protx = &hash
	}
	if conf.configured {
		s.Daemon, err = daemon.NewClient(ctx, daemon.Config{
			URL: conf.URL, Credentials: conf.credentials, Network: conf.Network,
			ProTxHash: protx, Address: conf.ExternalAddress, DebugLog: conf.DebugLog,
		})
		if errors.Is(err, daemon.ErrURLHasPassword) {
			return none, fmt.Errorf("--daemon.url: %w; use --daemon.user and --daemon.password-file", err)
		}
		if err != nil {
			return none, fmt.Errorf("--daemon.url: %w", err)
		}
	}
	if s.Host, err = host.New(host.Config{Procfs: o.procfs, Cgroupfs: o.cgroupfs}); err != nil {
		return none, err
	}
	s.RealProcfs = filepath.Clean(o.procfs) == "/proc"
	urls := o.explorers
	if len(urls) == 0 {
		s.ExplorerNetwork = daemon.Main
		if conf.Network != "" {
			s.ExplorerNetwork = conf.Network
		}
		urls = explorer.DefaultURLs(string(s.ExplorerNetwork))
	}
	if len(urls) > 0 && !o.disabled["explorer"] {
		if s.Explorers, err = explorer.New(ctx, explorer.Config{URLs: urls, UserAgent: agent()}); err != nil {
			return none, err
		}
		s.Explorers.Heights(ctx, poll.NoWait) // scrapes do not wait for them: have an answer by the first
	}
	if s.Fleet, err = connectFleet(ctx, o, &s, conf.Network, logger); err != nil {
		return none, err
	}
	if !o.disabled["release"] {
		if s.Releases, err = explorer.NewReleases(ctx, explorer.ReleasesConfig{URL: o.releaseURL, UserAgent: agent()}); err != nil {
			return none, fmt.Errorf("--release.url: %w", err)
		}
		s.Releases.Latest(ctx, poll.NoWait)
	}
	level.Info(logger).Log("msg", "starting", "version", ownVersion(), "conf", conf.known, "rpc", conf.URL, "network", conf.Network)
	return s, nil
}

// ownVersion is what the build stamped in.
func ownVersion() string { return cmp.Or(version.Version, "devel") }

// agent is what we call ourselves towards peers, explorers and the release page.
func agent() string { return collector.UserAgent + ":" + ownVersion() }

// daemonOptions say where the daemon is.
type daemonOptions struct {
	conf, url, user, passwordFile, cookieFile string
}

// daemonConf is what follows from them and from raptoreum.conf.
type daemonConf struct {
	daemon.Conf
	path        string // where it was looked for
	known       string // the same; empty where that file says nothing of our daemon
	configured  bool
	credentials func() (daemon.Credentials, error)
}

// read reads raptoreum.conf; the flags go before what it says. Without it and without
// --daemon.url no daemon is configured, unless the file was asked for: then the daemon's defaults
// hold, as they do for raptoreumd itself.
func (o *daemonOptions) read(logger log.Logger) (daemonConf, error) {
	if err := o.check(); err != nil {
		return daemonConf{}, err
	}
	home, err := os.UserHomeDir()
	if err != nil {
		home = "/" // as raptoreumd does
	}
	c := daemonConf{path: cmp.Or(o.conf, filepath.Join(home, ".raptoreumcore", "raptoreum.conf"))}
	c.Conf, err = daemon.ReadConf(c.path, home)
	found := err == nil
	if found || o.conf != "" {
		c.known = c.path
	}
	switch {
	case found:
		for _, warning := range c.Warnings {
			level.Warn(logger).Log("msg", "raptoreum.conf", "warning", warning)
		}
	case o.url != "" && o.conf == "":
		c.Conf = daemon.Conf{} // nobody asked for it
	case errors.Is(err, fs.ErrNotExist):
		c.Conf = daemon.Conf{}
		if o.conf != "" {
			c.Conf = daemon.DefaultConf(c.path, home)
		}
		level.Warn(logger).Log("msg", "no raptoreum.conf; give it with --daemon.conf, or --daemon.url", "file", c.path, "daemon_configured", o.conf != "" || o.url != "")
	case errors.Is(err, fs.ErrPermission):
		c.Conf = daemon.Conf{} // its port may be any
		level.Warn(logger).Log("msg", "raptoreum.conf cannot be read, so no daemon is watched; run as the user of raptoreumd, or give --daemon.url, --daemon.user and --daemon.password-file", "err", err)
	default:
		return c, fmt.Errorf("--daemon.conf: %w", err)
	}
	if o.url != "" {
		c.URL = o.url
	}
	c.configured = c.URL != ""
	c.credentials = o.credentials(c, home, found)
	if c.configured && c.credentials == nil {
		c.credentials = func() (daemon.Credentials, error) {
			return daemon.Credentials{}, errors.New("no credentials; give --daemon.cookie-file, or --daemon.user and --daemon.password-file")
		}
		level.Warn(logger).Log("msg", "no RPC credentials; give --daemon.cookie-file, or --daemon.user and --daemon.password-file")
	}
	return c, nil
}

func (o *daemonOptions) check() error {
	switch {
	case o.passwordFile != "" && o.cookieFile != "":
		return errors.New("--daemon.password-file and --daemon.cookie-file: give one of them")
	case o.user != "" && o.passwordFile == "":
		return errors.New("--daemon.user: needs --daemon.password-file")
	case o.passwordFile != "":
		if _, err := daemon.ReadPassword(o.passwordFile); err != nil {
			return fmt.Errorf("--daemon.password-file: %w", err)
		}
	case o.cookieFile != "": // may be missing while the daemon is down, but not be a folder
		if info, err := os.Stat(o.cookieFile); err == nil && !info.Mode().IsRegular() {
			return fmt.Errorf("--daemon.cookie-file: %s is no file; give the .cookie in the daemon's data directory", o.cookieFile)
		}
	}
	return nil
}

// credentials returns how to read them; nil: there are none. They are read again when the daemon
// refuses them, for a restarted daemon has a new cookie and perhaps a new password.
func (o *daemonOptions) credentials(c daemonConf, home string, found bool) func() (daemon.Credentials, error) {
	switch {
	case o.passwordFile != "":
		return func() (daemon.Credentials, error) {
			password, err := daemon.ReadPassword(o.passwordFile)
			return daemon.Credentials{User: o.user, Password: password}, err
		}
	case o.cookieFile != "":
		return func() (daemon.Credentials, error) { return daemon.ReadCookie(o.cookieFile) }
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
