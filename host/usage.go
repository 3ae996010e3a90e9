package host

import "github.com/prometheus/procfs"

// Usage is what a process uses, as client_golang's process collector reports it. Nil: not readable for
// this user.
type Usage struct {
	CPUSeconds       *float64 // user and system
	OpenFiles        *int
	MaxFiles         *float64
	VirtualMemory    *uint64  // bytes
	MaxVirtualMemory *float64 // bytes
	ResidentMemory   *int     // bytes
	StartTime        *float64 // Unix seconds
}

// Usage reads /proc/PID/stat, fd and limits. The last two need the process's own user, or root.
func (h *Host) Usage(pid int) Usage {
	var u Usage
	process, err := h.proc.Proc(pid)
	if err != nil {
		return u
	}
	if stat, err := process.Stat(); err == nil {
		cpu, resident, virtual := stat.CPUTime(), stat.ResidentMemory(), uint64(stat.VirtualMemory())
		u.CPUSeconds, u.ResidentMemory, u.VirtualMemory = &cpu, &resident, &virtual
		if started, err := h.startTime(stat); err == nil {
			u.StartTime = &started
		}
	}
	if open, err := process.FileDescriptorsLen(); err == nil {
		u.OpenFiles = &open
	}
	if limits, err := process.Limits(); err == nil {
		files, memory := float64(limits.OpenFiles), float64(limits.AddressSpace)
		u.MaxFiles, u.MaxVirtualMemory = &files, &memory
	}
	return u
}

// started is when a process started.
type started struct {
	ticks   uint64  // clock ticks after boot, which distinguish a process from an earlier one with the same pid
	seconds float64 // Unix time
}

// startTime remembers the start of the processes that it was asked about: working it out reads all of
// /proc/stat.
func (h *Host) startTime(stat procfs.ProcStat) (float64, error) {
	if known, ok := h.started.Load(stat.PID); ok && known.(started).ticks == stat.Starttime {
		return known.(started).seconds, nil
	}
	seconds, err := stat.StartTime()
	if err == nil {
		h.started.Store(stat.PID, started{stat.Starttime, seconds})
	}
	return seconds, err
}
