// Package config is the typed configuration of the exporter, which main fills from flags.
//
// It validates what the flag parser cannot, and Connect creates the sources that collectors, probes and
// commands read from. The packages of the sources know no flags, so this package adds the name of the flag to
// their errors.
package config

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"raptoreum_exporter/collector"
	"raptoreum_exporter/daemon"
	"raptoreum_exporter/explorer"
	"raptoreum_exporter/fleet"
	"raptoreum_exporter/host"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/internal/text"
	"raptoreum_exporter/p2p"
)

// Config is the configuration that serve, check and heal share. The zero value watches the raptoreumd of this
// user.
type Config struct {
	Daemon       Daemon
	ProTxHash    string   // of the smartnode; empty: found automatically
	ExplorerURLs []string // in order of preference; empty: the known ones of the network
	ReleaseURL   string   // empty: the releases of Raptoreum
	Procfs       string   // empty: /proc
	Cgroupfs     string   // empty: /sys/fs/cgroup
	Fleet        Fleet
	HealHistory  string
	Collectors   []string // names of those that are enabled
	Version      string   // of this program; empty: devel
}

// Fleet configures which smartnodes are probed from outside, and from where.
type Fleet struct {
	File         string // fleet.yml; empty: none
	AllowPrivate bool   // connect to registered addresses that are not public
	Vantage      string // name of the place from which probes connect; empty: the host name
}

// VantageSelf is the vantage of an exporter beside its daemon, set by the scrape configuration.
const VantageSelf = "self"

// Program is the name of this program.
const Program = collector.UserAgent

// Connect creates the sources. It sends no request to the daemon yet. Its errors are about a wrong flag or
// file and name it. Outstanding requests end with ctx.
func (c *Config) Connect(ctx context.Context, logger log.Logger) (collector.Sources, error) {
	var none collector.Sources
	conf, err := c.Daemon.read(c.Fleet.File == "")
	if err != nil {
		return none, err
	}
	s := collector.Sources{
		Expected: c.ProTxHash != "" || conf.OperatorKey,
		Datadir:  conf.Datadir, DebugLog: conf.DebugLog, HealHistory: c.HealHistory,
		Process: host.Query{PidFile: conf.PidFile, Datadir: conf.Datadir, Conf: conf.known},
		Port:    p2p.NewProber(ctx, p2p.Config{Dial: p2p.Dialer{UserAgent: "/" + c.userAgent() + "/"}.Dial}),
	}
	if s.Daemon, err = c.connectDaemon(ctx, conf); err != nil {
		return none, err
	}
	if c.Cgroupfs != "" && c.Cgroupfs != host.DefaultCgroupfs {
		if _, err := os.Stat(c.Cgroupfs); err != nil {
			return none, fmt.Errorf("--host.cgroupfs: %w; set it to where the cgroup file system is mounted, usually %s", err, host.DefaultCgroupfs)
		}
	}
	if s.Host, err = host.New(host.Config{Procfs: c.Procfs, Cgroupfs: c.Cgroupfs}); err != nil {
		return none, fmt.Errorf("--host.procfs: %w; set it to where proc is mounted, usually /proc", err)
	}
	if err := c.connectExplorers(ctx, &s, conf.Network); err != nil {
		return none, err
	}
	if s.Fleet, err = c.connectFleet(ctx, &s, conf.Network, logger); err != nil {
		return none, err
	}
	for _, n := range conf.notes {
		n.level(logger).Log(n.keyvals...)
	}
	level.Info(logger).Log("msg", "starting", "version", c.version(), "conf", conf.known, "rpc", conf.URL, "network", conf.Network)
	return s, nil
}

func (c *Config) connectDaemon(ctx context.Context, conf daemonConf) (*daemon.Client, error) {
	var protx *daemon.Hash
	if c.ProTxHash != "" {
		hash, err := daemon.ParseHash(c.ProTxHash)
		if err != nil {
			return nil, fmt.Errorf("--smartnode.protx: %w; `raptoreum-cli smartnode status` shows it while the smartnode is READY, and `protx list wallet` in the wallet", err)
		}
		protx = &hash
	}
	if !conf.configured {
		return nil, nil
	}
	client, err := daemon.NewClient(ctx, daemon.Config{
		URL: conf.URL, CurrentURL: conf.currentURL, Credentials: conf.credentials, Network: conf.Network,
		ProTxHash: protx, Address: conf.ExternalAddress, DebugLog: conf.DebugLog,
	})
	switch {
	case errors.Is(err, daemon.ErrURLHasPassword):
		return nil, fmt.Errorf("--daemon.url: %w; use --daemon.user and --daemon.password-file", err)
	case err != nil:
		return nil, fmt.Errorf("--daemon.url: %w", err)
	}
	return client, nil
}

// connectExplorers also sends the first requests. Scrapes do not wait for explorers, so that the first one may
// already have an answer.
func (c *Config) connectExplorers(ctx context.Context, s *collector.Sources, network daemon.Network) (err error) {
	urls := c.ExplorerURLs
	if len(urls) == 0 {
		s.ExplorerNetwork = cmp.Or(network, daemon.Main)
		urls = explorer.DefaultURLs(string(s.ExplorerNetwork))
	}
	if len(urls) > 0 && c.enabled("explorer") {
		if s.Explorers, err = explorer.New(ctx, explorer.Config{URLs: urls, UserAgent: c.userAgent()}); err != nil {
			return fmt.Errorf("--explorer.url: %w", err)
		}
		if len(c.ExplorerURLs) > 0 || network != "" || s.Daemon == nil { // otherwise they may be of another network
			s.Explorers.Heights(ctx, poll.NoWait)
		}
	}
	if c.enabled("release") {
		if s.Releases, err = explorer.NewReleases(ctx, explorer.ReleasesConfig{URL: c.ReleaseURL, UserAgent: c.userAgent()}); err != nil {
			return fmt.Errorf("--release.url: %w", err)
		}
		s.Releases.Latest(ctx, poll.NoWait)
	}
	return nil
}

// connectFleet returns the fleet that /probe and /sd serve; nil: none is configured.
func (c *Config) connectFleet(ctx context.Context, s *collector.Sources, network daemon.Network, logger log.Logger) (*fleet.Fleet, error) {
	if c.Fleet.File == "" {
		if c.Fleet.AllowPrivate {
			return nil, errors.New("--fleet.allow-private: needs --fleet.config")
		}
		return nil, nil
	}
	if s.Daemon == nil {
		network = cmp.Or(network, daemon.Main)
	}
	f, err := fleet.New(ctx, c.Fleet.File, fleet.Sources{
		Daemon: s.Daemon, Explorers: s.Explorers, ExplorerNetwork: s.ExplorerNetwork, Network: network, Port: s.Port, AllowPrivate: c.Fleet.AllowPrivate,
	})
	if err != nil {
		return nil, fmt.Errorf("--fleet.config: %w", err)
	}
	switch {
	case s.Daemon == nil && s.Explorers == nil:
		return nil, errors.New("--fleet.config: requires a daemon or an explorer, to find the addresses of the smartnodes; give --daemon.url or --explorer.url")
	case s.Daemon == nil && f.HasSets():
		level.Warn(logger).Log("msg", "sets of the fleet file stay empty, because only a daemon lists all smartnodes; give --daemon.url", "file", c.Fleet.File)
	}
	f.Snapshot(ctx, poll.NoWait) // so that the first probe may already have the list
	return f, nil
}

// CheckFleet reads the fleet file and returns the first error in it.
func (c *Config) CheckFleet() error {
	if c.Fleet.File == "" {
		return errors.New("--fleet.check-config: give the file with --fleet.config")
	}
	if _, err := fleet.Read(c.Fleet.File); err != nil {
		return fmt.Errorf("--fleet.config: %w", err)
	}
	return nil
}

// Place returns the name of the place from which probes connect.
func (f Fleet) Place() (string, error) {
	place := f.Vantage
	if place == "" {
		host, err := os.Hostname()
		if err != nil {
			return "", fmt.Errorf("--vantage: give a name, because the host name is unknown: %w", err)
		}
		place = host
	}
	switch {
	case place == VantageSelf:
		return "", fmt.Errorf("--vantage: %q is reserved for an exporter beside its daemon; give the name of this place", VantageSelf)
	case text.Clip(place, 100) != place:
		return "", errors.New("--vantage: give a short name of this place on one line")
	}
	return place, nil
}

func (c *Config) enabled(name string) bool { return slices.Contains(c.Collectors, name) }

func (c *Config) version() string { return cmp.Or(c.Version, "devel") }

// userAgent is the name of this program for peers, explorers and the release page.
func (c *Config) userAgent() string { return Program + ":" + c.version() }
