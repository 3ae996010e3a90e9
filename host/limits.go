package host

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Limits is what the cgroup of raptoreumd, its ancestors and its CPU affinity allow it, and how much of that is in use.
// A nil field means no limit, or unknown. Ancestors outside the container that we run in are not
// visible, except for the memory limit of cgroup v1.
type Limits struct {
	// CPUCores is the lowest CPU limit along the path to the root, in cores: quota divided by
	// period (cpu.max; cgroup v1: cpu.cfs_quota_us, cpu.cfs_period_us). It is the number of CPUs that raptoreumd may
	// run on if that is lower than the limit and than the number of online CPUs (/proc/PID/status Cpus_allowed_list).
	CPUCores *float64

	// CPUThrottledSeconds is for how long its cgroup and all its ancestors were throttled, in seconds since each was
	// created: the use of others below an ancestor with a limit throttles raptoreumd too. As the kernel does, it
	// counts each CPU (cpu.stat throttled_usec; cgroup v1: cpu.stat throttled_time).
	CPUThrottledSeconds *float64

	// MemoryLimit is the memory limit along the path to the root below which the least is left, in bytes. Above
	// memory.max the kernel kills, above memory.high it slows the processes down (memory.max, memory.high;
	// cgroup v1: memory.limit_in_bytes, memory.stat hierarchical_memory_limit). It may exceed the machine's memory.
	MemoryLimit *uint64

	// MemoryUsed is what the cgroup with that limit uses, in bytes, without what the kernel reclaims before it kills:
	// file cache and, in cgroup v2, slab. Without a limit it is that of raptoreumd's own cgroup (memory.current minus
	// memory.stat inactive_file, active_file and slab_reclaimable; cgroup v1: memory.usage_in_bytes minus
	// memory.stat total_inactive_file and total_active_file).
	MemoryUsed *uint64
}

// DaemonLimits reads the limits of the cgroup of p. The error joins what could not be read or
// parsed; the other fields are set regardless. A file that is missing or that this user may not
// read is not an error.
func (h *Host) DaemonLimits(p Process) (Limits, error) {
	var l Limits
	var cpuErr, memoryErr error
	if g, err := h.cgroup(p, "cpu"); err == nil {
		l.CPUCores, l.CPUThrottledSeconds, cpuErr = g.cpu()
	}
	if g, err := h.cgroup(p, "memory"); err == nil {
		l.MemoryLimit, l.MemoryUsed, memoryErr = g.memory()
	}
	allowed, allowedErr := h.allowedCPUs(p.PID)
	if allowed != nil && (l.CPUCores == nil || *allowed < *l.CPUCores) {
		l.CPUCores = allowed
	}
	return l, errors.Join(cpuErr, memoryErr, allowedErr)
}

// allowedCPUs returns on how many CPUs a process may run; nil: on all that are online, or unknown. A cpuset of its cgroup
// and an affinity of its own (AllowedCPUs=, CPUAffinity=, taskset) restrict it alike.
func (h *Host) allowedCPUs(pid int) (*float64, error) {
	file := filepath.Join(h.config.Procfs, strconv.Itoa(pid), "status")
	status, err := read(file)
	if err != nil {
		return nil, ignoreMissing(err)
	}
	list, err := findField(status, "Cpus_allowed_list:")
	if err != nil {
		return nil, ignoreMissing(err)
	}
	allowed, err := countCPUs(list)
	if err != nil {
		return nil, fmt.Errorf("%s: Cpus_allowed_list: %w", file, err)
	}
	// Only the numbers are compared. Without a restriction the list may have CPUs that are not online, and lxcfs
	// shows a container its CPUs under other numbers than the list has.
	online, err := h.onlineCPUs()
	if err != nil || allowed >= online {
		return nil, ignoreMissing(err)
	}
	return new(float64(allowed)), nil
}

// onlineCPUs returns what Machine has last read: /proc/stat takes long to read.
func (h *Host) onlineCPUs() (int, error) {
	if online := h.online.Load(); online > 0 {
		return int(online), nil
	}
	online, _, err := readCPUs(filepath.Join(h.config.Procfs, "stat"))
	return online, err
}

// cpu returns the lowest limit in cores and for how many seconds it and those above it throttled the cgroup.
func (g cgroup) cpu() (cores, throttled *float64, err error) {
	limitOf, key, second := cpuMax, "throttled_usec", 1e6
	if !g.v2 {
		limitOf, key, second = cpuQuota, "throttled_time", 1e9
	}
	lowest, total, known := math.Inf(1), uint64(0), false
	var limitErrs, statErrs []error
	for _, folder := range g.folders {
		limit, err := limitOf(folder)
		limitErrs = append(limitErrs, ignoreMissing(err))
		lowest = min(lowest, limit)
		// Without a limit it does not grow. Adding it all the same keeps the sum from falling when a limit is removed.
		n, err := readField(filepath.Join(folder, "cpu.stat"), key)
		statErrs = append(statErrs, ignoreMissing(err))
		total, known = total+n, known || err == nil
	}
	if !math.IsInf(lowest, 1) {
		cores = &lowest
	}
	statErr := errors.Join(statErrs...)
	if known && statErr == nil { // a part of the sum would be a counter that falls
		throttled = new(float64(total) / second)
	}
	return cores, throttled, errors.Join(errors.Join(limitErrs...), statErr)
}

// cpuMax returns the limit of one cgroup v2 in cores.
func cpuMax(folder string) (cores float64, err error) {
	return readLimit(filepath.Join(folder, "cpu.max"), math.Inf(1), parseCPUMax)
}

// cpuQuota returns the limit of one cgroup v1 in cores.
func cpuQuota(folder string) (cores float64, err error) {
	return readLimit(filepath.Join(folder, "cpu.cfs_quota_us"), math.Inf(1), func(quota string) (float64, error) {
		if strings.HasPrefix(quota, "-") {
			return math.Inf(1), nil
		}
		period, err := read(filepath.Join(folder, "cpu.cfs_period_us"))
		if err != nil {
			return 0, err
		}
		return parseCPUMax(quota + " " + period)
	})
}

// memory returns the limit below which the least is left, in bytes, and how much of it is used. Of equal ones it is the
// outermost, which counts the most processes. Without a limit it is what raptoreumd's own cgroup uses.
func (g cgroup) memory() (limit, used *uint64, err error) {
	limits, err := g.memoryLimits()
	errs := []error{err}
	least := uint64(noMemoryLimit)
	for i, folder := range g.folders {
		if limits[i] == noMemoryLimit {
			continue
		}
		use, err := g.usedMemory(folder)
		errs = append(errs, err)
		left := limits[i]
		if use != nil {
			left -= min(left, *use)
		}
		if left <= least {
			limit, used, least = &limits[i], use, left
		}
	}
	if limit == nil {
		used, err = g.usedMemory(g.folders[0])
		errs = append(errs, err)
	}
	return limit, used, errors.Join(errs...)
}

// memoryLimits returns the limit of each folder in bytes, noMemoryLimit where there is none or it is unknown.
func (g cgroup) memoryLimits() ([]uint64, error) {
	if !g.v2 {
		return g.memoryLimitsV1()
	}
	limits := make([]uint64, len(g.folders))
	var errs []error
	for i, folder := range g.folders {
		hard, hardErr := readLimit(filepath.Join(folder, "memory.max"), noMemoryLimit, parseBytes)
		soft, softErr := readLimit(filepath.Join(folder, "memory.high"), noMemoryLimit, parseBytes)
		limits[i] = min(hard, soft)
		errs = append(errs, ignoreMissing(hardErr), ignoreMissing(softErr))
	}
	return limits, errors.Join(errs...)
}

// memoryLimitsV1 is memoryLimits for cgroup v1, in which the kernel reports the lowest limit itself. A lower one in a
// folder does not apply: without memory.use_hierarchy a cgroup does not count what those below it use. When none of the
// folders sets the lowest limit, an ancestor that is not visible does, and the outermost folder is the nearest to it.
func (g cgroup) memoryLimitsV1() ([]uint64, error) {
	limits := slices.Repeat([]uint64{noMemoryLimit}, len(g.folders))
	lowest, err := readField(filepath.Join(g.folders[0], "memory.stat"), "hierarchical_memory_limit")
	if err != nil || lowest >= minNoMemoryLimit {
		return limits, ignoreMissing(err)
	}
	var errs []error
	for i, folder := range g.folders {
		own, err := readLimit(filepath.Join(folder, "memory.limit_in_bytes"), noMemoryLimit, parseBytes)
		errs = append(errs, ignoreMissing(err))
		if own >= lowest {
			limits[i] = own
		}
	}
	if !slices.Contains(limits, lowest) {
		limits[len(limits)-1] = lowest
	}
	return limits, errors.Join(errs...)
}

// usedMemory returns the bytes that one cgroup uses and the kernel cannot reclaim; nil is unknown. Reading the databases
// fills any limit with file cache, and a kill does not follow from that alone. Tmpfs cannot be dropped: it counts in file
// and cache of memory.stat, but not in the lists of file pages.
func (g cgroup) usedMemory(folder string) (*uint64, error) {
	usage, reclaimable := "memory.current", []string{"inactive_file", "active_file", "slab_reclaimable"}
	if !g.v2 { // which does not report the slab
		usage, reclaimable = "memory.usage_in_bytes", []string{"total_inactive_file", "total_active_file"}
	}
	file := filepath.Join(folder, "memory.stat")
	stat, err := read(file)
	if err != nil {
		return nil, ignoreMissing(err)
	}
	free, known := uint64(0), false
	for _, key := range reclaimable {
		n, err := parseField(stat, key)
		if err := ignoreMissing(err); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		free, known = free+n, known || err == nil
	}
	if !known {
		return nil, nil
	}
	all, err := readLimit(filepath.Join(folder, usage), 0, parseBytes)
	if err != nil {
		return nil, ignoreMissing(err)
	}
	return new(all - min(all, free)), nil // the two are not read at the same moment
}

// ignoreMissing returns nil for what this kernel does not have, else err.
func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
