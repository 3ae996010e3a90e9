package host

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
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

	stat, err := h.proc.Stat()
	note("stat", err)
	if cpus := len(stat.CPU); cpus > 0 {
		m.CPUs, m.StealSeconds = &cpus, &stat.CPUTotal.Steal
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
