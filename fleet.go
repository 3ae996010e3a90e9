package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"raptoreum_exporter/collector"
	"raptoreum_exporter/daemon"
	"raptoreum_exporter/fleet"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/internal/text"
)

// fleetOptions are the flags about other smartnodes than that of the daemon.
type fleetOptions struct {
	config              string
	check, allowPrivate bool
}

// checkFleet is --fleet.check-config.
func checkFleet(o *options, stdout io.Writer) error {
	if o.fleet.config == "" {
		return errors.New("--fleet.check-config: give the file with --fleet.config")
	}
	_, err := fleet.Read(o.fleet.config)
	if err == nil {
		fmt.Fprintf(stdout, "%s is well\n", o.fleet.config)
	}
	return err
}

// connectFleet makes of the flags the fleet that /probe and /sd are about; nil: there is none.
func connectFleet(ctx context.Context, o *options, s *collector.Sources, network daemon.Network, logger log.Logger) (*fleet.Fleet, error) {
	if o.fleet.config == "" {
		if o.fleet.allowPrivate || o.fleet.check {
			return nil, errors.New("--fleet.allow-private, --fleet.check-config: need --fleet.config")
		}
		return nil, nil
	}
	if o.vantage == "" {
		host, err := os.Hostname()
		if err != nil {
			return nil, fmt.Errorf("--vantage: give a name, the host has none: %w", err)
		}
		o.vantage = host
	}
	switch {
	case o.vantage == vantageSelf:
		return nil, fmt.Errorf("--vantage: %q is what an exporter beside its daemon is called; give the name of this place", vantageSelf)
	case text.Clip(o.vantage, 100) != o.vantage:
		return nil, errors.New("--vantage: give a short name of this place, on one line")
	}
	if s.Daemon == nil && network == "" {
		network = daemon.Main
	}
	f, err := fleet.New(ctx, o.fleet.config, fleet.Sources{Daemon: s.Daemon, Explorers: s.Explorers, Network: network})
	if err != nil {
		return nil, fmt.Errorf("--fleet.config: %w", err)
	}
	switch {
	case s.Daemon == nil && s.Explorers == nil:
		return nil, errors.New("--fleet.config: neither a daemon nor an explorer tells where the smartnodes are; give --daemon.url or --explorer.url")
	case s.Daemon == nil && f.HasSets():
		level.Warn(logger).Log("msg", "sets of the fleet file stay empty: they need a daemon, whose list names all smartnodes; give --daemon.url", "file", o.fleet.config)
	}
	f.Snapshot(ctx, poll.NoWait) // have the list by the first probe
	return f, nil
}

// vantageSelf is the vantage of an exporter beside its daemon, by the scrape configuration.
const vantageSelf = "self"

// reloadOnHangup reads the fleet file again at each SIGHUP, until the function that it returns is called.
// Without a fleet (nil) the signal does nothing: `systemctl reload` ends no exporter.
func reloadOnHangup(f *fleet.Fleet, logger log.Logger) (stop func()) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range hangup {
			if f == nil {
				level.Info(logger).Log("msg", "no fleet file to read again")
				continue
			}
			_ = reload(f, logger) // it has said so
		}
	}()
	return func() {
		signal.Stop(hangup)
		close(hangup)
		<-done
	}
}

// reload reads the fleet file again.
func reload(f *fleet.Fleet, logger log.Logger) error {
	if err := f.Reload(); err != nil {
		level.Error(logger).Log("msg", "the fleet file is not in force; the one before stays", "err", err)
		return err
	}
	level.Info(logger).Log("msg", "fleet file read", "file", f.Path())
	return nil
}
