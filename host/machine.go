package host

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
)

// Machine is what the kernel reports about the whole machine; nil is unknown.
type Machine struct {
	CPUs               *int     // online (/proc/stat)
	StealSeconds       *float64 // CPU time that the hypervisor gave to other guests, summed over CPUs (/proc/stat)
	CPUPressureSeconds *float64 // time some task waited for a CPU (/proc/pressure/cpu some)
	MemoryAvailable    *uint64  // bytes (/proc/meminfo)
	MemoryTotal        *uint64  // bytes (/proc/meminfo)
	SwapFree           *uint64  // bytes (/proc/meminfo)
	SwapTotal          *uint64  // bytes (/proc/meminfo)
	OOMKills           *uint64  // since boot (/proc/vmstat oom_kill)
}

// Machine reads each of these files once. The error joins what could not be read or parsed; the
// other fields are set regardless. A file that this kernel does not have is not an error.
func (h *Host) Machine() (Machine, error) {
	var m Machine
	var errs []error
	note := func(file string, err error) {
		// A kernel booted with psi=0 has the pressure files, but reading them returns EOPNOTSUPP.
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errors.ErrUnsupported) {
			errs = append(errs, fmt.Errorf("%s: %w", file, err))
		}
	}

	cpus, steal, err := readCPUs(filepath.Join(h.config.Procfs, "stat"))
	note("stat", err)
	if err == nil && cpus > 0 {
		m.CPUs, m.StealSeconds = &cpus, &steal
		h.online.Store(int64(cpus))
	}

	pressure, err := h.proc.PSIStatsForResource("cpu")
	note("pressure/cpu", err)
	if pressure.Some != nil {
		m.CPUPressureSeconds = new(float64(pressure.Some.Total) / 1e6)
	}

	memory, err := h.proc.Meminfo()
	note("meminfo", err)
	m.MemoryAvailable, m.MemoryTotal = memory.MemAvailableBytes, memory.MemTotalBytes
	m.SwapFree, m.SwapTotal = memory.SwapFreeBytes, memory.SwapTotalBytes

	kills, err := readField(filepath.Join(h.config.Procfs, "vmstat"), "oom_kill")
	note("vmstat", err)
	if err == nil {
		m.OOMKills = &kills
	}
	return m, errors.Join(errs...)
}

// readCPUs returns the number of online CPUs in /proc/stat, and the CPU time in seconds that the hypervisor gave to
// other guests. procfs also parses a counter of each interrupt, which takes longer than all else that is read of the
// machine.
func readCPUs(path string) (online int, steal float64, err error) {
	content, err := readFile(path)
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(content)) {
		name, values, _ := strings.Cut(line, " ")
		if !strings.HasPrefix(name, "cpu") {
			break // they come first
		}
		fields := strings.Fields(values)
		if len(fields) < 8 {
			return 0, 0, nil // cut off
		}
		if name != "cpu" {
			online++
			continue
		}
		n, err := strconv.ParseUint(fields[7], 10, 64)
		if err != nil {
			return 0, 0, fmt.Errorf("steal: %w", err)
		}
		steal = float64(n) / ticksPerSecond
	}
	return online, steal, nil
}
