package collector

import (
	"context"
	"errors"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/host"
)

type process struct {
	up, oomKills *metric
	limits
	usage
}

func newProcess(c *catalog) updater {
	return &process{
		up:       c.gauge("process_up", "1 if the raptoreumd process of this node is running (its pid file, or /proc); absent while something listens on its RPC port but its process is not visible here, as in another container."),
		oomKills: c.counter("daemon_oom_kills_total", "Number of processes in raptoreumd's cgroup that the kernel killed because memory ran out (memory.events oom_kill)."),
		limits:   newLimits(c),
		usage:    newUsage(c, namespace),
	}
}

func (p *process) update(ctx context.Context, in *scrape, out *samples) error {
	if in.Host == nil || in.Process == (host.Query{}) && (in.Daemon == nil || !in.Daemon.Loopback()) {
		return errNotApplicable // it would be the raptoreumd of somebody else
	}
	found, err := in.Host.Daemon(in.Process)
	if errors.Is(err, host.ErrNotRunning) {
		if in.session != nil {
			_, err := in.session.Lockfree(ctx)
			if e, ok := errors.AsType[*daemon.Error](err); !ok || e.State != daemon.Unreachable {
				return errNotApplicable // in another container, or behind a tunnel
			}
		}
		sendFlag(out, p.up, false)
		return nil
	}
	if err != nil {
		return err
	}
	sendFlag(out, p.up, true)
	if kills, err := in.Host.DaemonOOMKills(found); err == nil { // often not readable by this user
		send(out, p.oomKills, kills)
	}
	p.usage.send(out, in.Host.Usage(found))
	allowed, err := in.Host.DaemonLimits(found)
	p.limits.send(out, allowed)
	return err
}

// usage is what client_golang's process collector reports, by the same names. That one also reads the
// counters of the whole network namespace, which cost more than the rest and are not the process's.
type usage struct {
	cpu, openFiles, maxFiles, virtual, maxVirtual, resident, started *metric
}

func newUsage(c *catalog, prefix string) usage {
	return usage{
		cpu:        c.add(prometheus.CounterValue, prefix+"process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", nil),
		openFiles:  c.add(prometheus.GaugeValue, prefix+"process_open_fds", "Number of open file descriptors.", nil),
		maxFiles:   c.add(prometheus.GaugeValue, prefix+"process_max_fds", "Maximum number of open file descriptors.", nil),
		virtual:    c.add(prometheus.GaugeValue, prefix+"process_virtual_memory_bytes", "Virtual memory size in bytes.", nil),
		maxVirtual: c.add(prometheus.GaugeValue, prefix+"process_virtual_memory_max_bytes", "Maximum amount of virtual memory available in bytes.", nil),
		resident:   c.add(prometheus.GaugeValue, prefix+"process_resident_memory_bytes", "Resident memory size in bytes.", nil),
		started:    c.add(prometheus.GaugeValue, prefix+"process_start_time_seconds", "Start time of the process since unix epoch in seconds.", nil),
	}
}

func (u *usage) send(out *samples, now host.Usage) {
	sendKnown(out, u.cpu, now.CPUSeconds)
	sendKnown(out, u.openFiles, now.OpenFiles)
	sendKnown(out, u.maxFiles, now.MaxFiles)
	sendKnown(out, u.virtual, now.VirtualMemory)
	sendKnown(out, u.maxVirtual, now.MaxVirtualMemory)
	sendKnown(out, u.resident, now.ResidentMemory)
	sendKnown(out, u.started, now.StartTime)
}

// Self is the process of this exporter.
type Self struct {
	host  *host.Host
	usage usage
}

// NewSelf declares its metrics.
func NewSelf(h *host.Host) *Self { return &Self{h, newUsage(&catalog{}, "")} }

// Families returns what the exporter's process uses.
func (s *Self) Families() []*dto.MetricFamily {
	var out samples
	s.usage.send(&out, s.host.OwnUsage())
	return families(out)
}
