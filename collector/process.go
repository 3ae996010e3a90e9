package collector

import (
	"context"
	"errors"

	"raptoreum_exporter/host"
)

type process struct {
	up, oomKills, cpu, openFiles, maxFiles, virtual, maxVirtual, resident, started *metric
}

func newProcess(c *catalog) updater {
	return &process{
		up:       c.gauge("process_up", "1 if the raptoreumd process of this node is running (its pid file, or /proc)."),
		oomKills: c.counter("daemon_oom_kills_total", "Number of processes in raptoreumd's cgroup that the kernel killed because memory ran out (memory.events oom_kill)."),
		// Names and meaning as in client_golang's process collector, which also reads the counters of the
		// network namespace: they cost more than the rest and do not belong to the process.
		cpu:        c.counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds."),
		openFiles:  c.gauge("process_open_fds", "Number of open file descriptors."),
		maxFiles:   c.gauge("process_max_fds", "Maximum number of open file descriptors."),
		virtual:    c.gauge("process_virtual_memory_bytes", "Virtual memory size in bytes."),
		maxVirtual: c.gauge("process_virtual_memory_max_bytes", "Maximum amount of virtual memory available in bytes."),
		resident:   c.gauge("process_resident_memory_bytes", "Resident memory size in bytes."),
		started:    c.gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds."),
	}
}

func (p *process) update(_ context.Context, in *scrape, out *samples) error {
	if in.Host == nil {
		return errNotApplicable
	}
	found, err := in.Host.Daemon(in.Process)
	if errors.Is(err, host.ErrNotRunning) {
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
	usage := in.Host.Usage(found)
	sendKnown(out, p.cpu, usage.CPUSeconds)
	sendKnown(out, p.openFiles, usage.OpenFiles)
	sendKnown(out, p.maxFiles, usage.MaxFiles)
	sendKnown(out, p.virtual, usage.VirtualMemory)
	sendKnown(out, p.maxVirtual, usage.MaxVirtualMemory)
	sendKnown(out, p.resident, usage.ResidentMemory)
	sendKnown(out, p.started, usage.StartTime)
	return nil
}
