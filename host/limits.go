package host

import (
	"cmp"
	"errors"
	"io/fs"
	"math"
	"path/filepath"
	"strings"
)

// Limits is what raptoreumd's cgroup and its ancestors allow it, and how much of that is in use.
// A nil field means no limit, or unknown. Ancestors outside the container that we run in are not
// visible, except for the memory limit of cgroup v1.
type Limits struct {
	// CPUCores is the lowest CPU limit along the path to the root, in cores: quota divided by
	// period (cpu.max; cgroup v1: cpu.cfs_quota_us, cpu.cfs_period_us).
	CPUCores *float64

	// CPUThrottledSeconds is for how long the cgroup with that limit was throttled, in seconds
	// since it was created. Without a limit it is that of raptoreumd's own cgroup
	// (cpu.stat throttled_usec; cgroup v1: cpu.stat throttled_time).
	CPUThrottledSeconds *float64

	// MemoryLimit is the lowest memory limit along the path to the root, in bytes. Above memory.max
	// the kernel kills, above memory.high it slows the processes down (memory.max, memory.high;
	// cgroup v1: memory.stat hierarchical_memory_limit). It may exceed the machine's memory.
	MemoryLimit *uint64

	// MemoryUsed is what the cgroup with that limit uses, in bytes, without the file cache that the
	// kernel reclaims first. Without a limit it is that of raptoreumd's own cgroup
	// (memory.current minus memory.stat inactive_file; cgroup v1: memory.usage_in_bytes minus
	// memory.stat total_inactive_file).
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
		memory := g.memory
		if !g.v2 {
			memory = g.memoryV1
		}
		l.MemoryLimit, l.MemoryUsed, memoryErr = memory()
	}
	return l, errors.Join(cpuErr, memoryErr)
}

// cpu returns the lowest limit in cores and for how many seconds it throttled the cgroup.
func (g cgroup) cpu() (cores, throttled *float64, err error) {
	limitOf, key, second := cpuMax, "throttled_usec", 1e6
	if !g.v2 {
		limitOf, key, second = cpuQuota, "throttled_time", 1e9
	}
	limit, folder, limitErr := tightest(g.folders, math.Inf(1), limitOf)
	if !math.IsInf(limit, 1) {
		cores = &limit
	}
	n, err := readField(filepath.Join(folder, "cpu.stat"), key)
	if err == nil {
		throttled = new(float64(n) / second)
	}
	return cores, throttled, errors.Join(limitErr, ignoreMissing(err))
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

// memory returns the lowest limit in bytes and how much of it is used.
func (g cgroup) memory() (limit, used *uint64, err error) {
	lowest, folder, limitErr := tightest(g.folders, noMemoryLimit, func(folder string) (uint64, error) {
		hard, hardErr := readLimit(filepath.Join(folder, "memory.max"), noMemoryLimit, parseBytes)
		soft, softErr := readLimit(filepath.Join(folder, "memory.high"), noMemoryLimit, parseBytes)
		return min(hard, soft), errors.Join(ignoreMissing(hardErr), ignoreMissing(softErr))
	})
	if lowest != noMemoryLimit {
		limit = &lowest
	}
	stat, statErr := read(filepath.Join(folder, "memory.stat"))
	used, err = usedMemory(filepath.Join(folder, "memory.current"), stat, "inactive_file")
	return limit, used, errors.Join(limitErr, ignoreMissing(statErr), err)
}

// memoryV1 is memory for cgroup v1, in which the kernel reports the lowest limit itself. When none
// of the folders sets it, an ancestor that is not visible does, and the outermost folder is the
// nearest to it.
func (g cgroup) memoryV1() (limit, used *uint64, err error) {
	folder := g.folders[0]
	stat, err := read(filepath.Join(folder, "memory.stat"))
	if err != nil {
		return nil, nil, ignoreMissing(err)
	}
	var errs []error
	lowest, err := parseField(stat, "hierarchical_memory_limit")
	errs = append(errs, ignoreMissing(err))
	if err == nil && lowest < minNoMemoryLimit {
		limit, folder = &lowest, g.folders[len(g.folders)-1]
		for _, f := range g.folders {
			own, err := readLimit(filepath.Join(f, "memory.limit_in_bytes"), noMemoryLimit, parseBytes)
			errs = append(errs, ignoreMissing(err))
			if own == lowest {
				folder = f
			}
		}
	}
	if folder != g.folders[0] {
		stat, err = read(filepath.Join(folder, "memory.stat"))
		errs = append(errs, ignoreMissing(err))
	}
	used, err = usedMemory(filepath.Join(folder, "memory.usage_in_bytes"), stat, "total_inactive_file")
	return limit, used, errors.Join(append(errs, err)...)
}

// usedMemory returns the bytes in the file usage without the cache that stat, the content of
// memory.stat, reports under key; nil is unknown.
func usedMemory(usage, stat, key string) (*uint64, error) {
	cache, err := parseField(stat, key)
	if err != nil {
		return nil, ignoreMissing(err)
	}
	all, err := readLimit(usage, 0, parseBytes)
	if err != nil {
		return nil, ignoreMissing(err)
	}
	return new(all - min(all, cache)), nil // the two are not read at the same moment
}

// tightest returns the lowest limit and the folder that sets it. Of equal limits it is the
// outermost folder, which counts the most processes. When all are none it is the first folder.
// limitOf returns none with an error.
func tightest[T cmp.Ordered](folders []string, none T, limitOf func(folder string) (T, error)) (limit T, folder string, err error) {
	limit, folder = none, folders[0]
	var errs []error
	for _, f := range folders {
		l, err := limitOf(f)
		errs = append(errs, ignoreMissing(err))
		if l < none && l <= limit {
			limit, folder = l, f
		}
	}
	return limit, folder, errors.Join(errs...)
}

// ignoreMissing returns nil for what this kernel does not have, else err.
func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
