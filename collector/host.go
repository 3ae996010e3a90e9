package collector

import "context"

type machine struct {
	cpus, pressure, steal, memory, memoryTotal, swap, swapTotal, oomKills *metric
}

func newHost(c *catalog) updater {
	return &machine{
		cpus:        c.gauge("host_cpus", "Number of online CPUs of the machine (/proc/stat)."),
		pressure:    c.counter("host_cpu_pressure_seconds_total", "Time during which some task waited for a CPU, in seconds (/proc/pressure/cpu some)."),
		steal:       c.counter("host_cpu_steal_seconds_total", "CPU time that the hypervisor gave to other guests in seconds, summed over all CPUs (/proc/stat)."),
		memory:      c.gauge("host_memory_available_bytes", "Memory available to programs without swapping in bytes (/proc/meminfo MemAvailable)."),
		memoryTotal: c.gauge("host_memory_total_bytes", "Total memory of the machine in bytes (/proc/meminfo MemTotal)."),
		swap:        c.gauge("host_swap_free_bytes", "Free swap in bytes (/proc/meminfo SwapFree)."),
		swapTotal:   c.gauge("host_swap_total_bytes", "Total swap in bytes (/proc/meminfo SwapTotal)."),
		oomKills:    c.counter("host_oom_kills_total", "Number of processes that the kernel has killed since boot because memory ran out (/proc/vmstat oom_kill)."),
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
