package harness

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/go-kit/log"

	"raptoreum_exporter/collector"
	"raptoreum_exporter/internal/simnet"
)

// Command returns a fake network with a fresh tip, and the options of a command beside it, without the
// collectors that read this machine.
func Command(t *testing.T, scenario string, faults ...func(*simnet.State)) (*simnet.Network, *Options) {
	t.Helper()
	n := Network(t, scenario, nil)
	n.AddBlock() // the recorded tip is old
	n.Set(func(s *simnet.State) {
		s.Started, s.PeersIn, s.PeersOut = time.Now().Add(-72*time.Hour), 6, 8
	})
	for _, fault := range faults {
		n.Set(fault)
	}
	o := DefaultOptions()
	o.Collectors = Collectors("process", "host", "datadir")
	o.Daemon.Conf, o.ExplorerURLs = WriteConf(t, n), n.ExplorerURLs()
	return n, o
}

// Connect returns the sources of a command. Its requests end with the test.
func (o *Options) Connect(t *testing.T) collector.Sources {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s, err := o.Config.Connect(ctx, log.NewNopLogger())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
	})
	return s
}

// Flags returns the command line of the options.
func (o *Options) Flags() []string {
	flags := []string{"--daemon.conf=" + o.Daemon.Conf}
	for _, name := range collector.Names() {
		if !slices.Contains(o.Collectors, name) {
			flags = append(flags, "--no-collector."+name)
		}
	}
	for _, url := range o.ExplorerURLs {
		flags = append(flags, "--explorer.url="+url)
	}
	return flags
}
