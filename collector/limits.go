package collector

import "raptoreum_exporter/host"

// limits are those of raptoreumd's cgroup: in a container, or a unit with CPUQuota=, AllowedCPUs= or MemoryMax=,
// the machine's numbers say little.
type limits struct {
	cpu, throttled, memory, used *metric
}

func newLimits(c *catalog) limits {
	return limits{
		cpu:       c.gauge("daemon_cpu_limit_cores", "CPU limit of raptoreumd in cores: the lowest of its cgroup and all above it, or the number of CPUs that it may run on if lower; absent without a limit (cpu.max, cgroup v1 cpu.cfs_quota_us, /proc/PID/status Cpus_allowed_list)."),
		throttled: c.counter("daemon_cpu_throttled_seconds_total", "Seconds in which its CPU limits throttled raptoreumd's cgroup and all above it, a sum over them and over the CPUs (cpu.stat)."),
		memory:    c.gauge("daemon_memory_limit_bytes", "Memory limit of raptoreumd in bytes: of those of its cgroup and all above it, the one with the least memory left; absent without a limit (memory.max, memory.high, cgroup v1 memory.limit_in_bytes)."),
		used:      c.gauge("daemon_memory_used_bytes", "Bytes of memory that the cgroup with that limit uses and the kernel cannot reclaim, without file cache and reclaimable slab (memory.current minus memory.stat inactive_file, active_file and slab_reclaimable; cgroup v1 without the slab)."),
	}
}

func (l *limits) send(out *samples, now host.Limits) {
	sendKnown(out, l.cpu, now.CPUCores)
	sendKnown(out, l.throttled, now.CPUThrottledSeconds)
	sendKnown(out, l.memory, now.MemoryLimit)
	sendKnown(out, l.used, now.MemoryUsed)
}
