package collector

import (
	"context"
	"errors"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"raptoreum_exporter/host"
)

type process struct {
	up, oomKills metric
}

func newProcess(c *catalog) updater {
	p := &process{
		up:       c.gauge("process_up", "1 when the raptoreumd process of this node is alive (its pid file, else /proc)."),
		oomKills: c.counter("daemon_oom_kills_total", "Processes that the kernel killed for want of memory in the cgroup of raptoreumd (memory.events oom_kill)."),
	}
	c.describe(processMetrics(0))
	return p
}

func (p *process) update(_ context.Context, in *scrape, ch chan<- prometheus.Metric) error {
	if in.Host == nil {
		return errNotApplicable
	}
	found, err := in.Host.Daemon(in.Process)
	if errors.Is(err, host.ErrNotRunning) {
		sendFlag(ch, p.up, false)
		return nil
	}
	if err != nil {
		return err
	}
	sendFlag(ch, p.up, true)
	if kills, err := in.Host.DaemonOOMKills(found); err == nil { // often not ours to read
		send(ch, p.oomKills, kills)
	}
	if in.RealProcfs {
		processMetrics(found.PID).Collect(ch)
	}
	return nil
}

// processMetrics returns client_golang's collector for another process, without those of its
// whole network namespace.
func processMetrics(pid int) prometheus.Collector {
	return withoutNetwork{collectors.NewProcessCollector(collectors.ProcessCollectorOpts{
		PidFn:     func() (int, error) { return pid, nil },
		Namespace: strings.TrimSuffix(namespace, "_"),
	})}
}

type withoutNetwork struct{ prometheus.Collector }

func isNetwork(desc *prometheus.Desc) bool {
	return strings.Contains(desc.String(), `"`+namespace+`process_network_`)
}

// Describe implements prometheus.Collector.
func (w withoutNetwork) Describe(ch chan<- *prometheus.Desc) {
	filter(w.Collector.Describe, func(d *prometheus.Desc) {
		if !isNetwork(d) {
			ch <- d
		}
	})
}

// Collect implements prometheus.Collector.
func (w withoutNetwork) Collect(ch chan<- prometheus.Metric) {
	filter(w.Collector.Collect, func(m prometheus.Metric) {
		if !isNetwork(m.Desc()) {
			ch <- m
		}
	})
}

// filter hands each thing that from sends to each.
func filter[T any](from func(chan<- T), each func(T)) {
	all := make(chan T)
	go func() {
		defer close(all)
		from(all)
	}()
	for thing := range all {
		each(thing)
	}
}
