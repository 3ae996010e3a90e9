package collector

import (
	"context"
)

type machine struct {
	cpus, pressure, steal, memory, memoryTotal, swap, swapTotal, oomKills *metric
}

func newHost(c *catalog) updater {
	return &machine{
		cpus:        c.gauge("host_cpus", "CPUs of the machine that are online (/proc/stat)."),
		pressure:    c.counter("host_cpu_pressure_seconds_total", "Seconds in which some task waited for a CPU (/proc/pressure/cpu some)."),
		steal:       c.counter("host_cpu_steal_seconds_total", "CPU seconds that the hypervisor gave to other guests, all CPUs together (/proc/stat)."),
		memory:      c.gauge("host_memory_available_bytes", "Bytes of memory that programs can still get without swapping (/proc/meminfo MemAvailable)."),
		memoryTotal: c.gauge("host_memory_total_bytes", "Bytes of memory of the machine (/proc/meminfo MemTotal)."),
		swap:        c.gauge("host_swap_free_bytes", "Bytes of swap that are free (/proc/meminfo SwapFree)."),
		swapTotal:   c.gauge("host_swap_total_bytes", "Bytes of swap (/proc/meminfo SwapTotal)."),
		oomKills:    c.counter("host_oom_kills_total", "Processes that the kernel killed for want of memory since boot (/proc/vmstat oom_kill)."),
	}
}

func (m *machine) update(_ context.Context, in *scrape, out *samples) error {
	if in.Host == nil {
		return errNotApplicable
	}
	now, err := in.Host.Machine()
	sendKnown(out, m.cpus, now.CPUs)
	sendKnown(out, m.pressure, now.CPUPressureSeconds)
	sendKnown(out, m.steal, now.StealSeconds)
	sendKnown(out, m.memory, now.MemoryAvailable)
	sendKnown(out, m.memoryTotal, now.MemoryTotal)
	sendKnown(out, m.swap, now.SwapFree)
	sendKnown(out, m.swapTotal, now.SwapTotal)
	sendKnown(out, m.oomKills, now.OOMKills)
	return err
}
