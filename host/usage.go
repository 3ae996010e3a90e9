package host

import (
	"syscall"

	"github.com/prometheus/procfs"
)

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

// Usage reads /proc/PID/stat, fd and limits of raptoreumd. The open files need its own user, or root.
func (h *Host) Usage(of Process) Usage {
	process, err := h.proc.Proc(of.PID)
	if err != nil {
		return Usage{}
	}
	stat := of.stat
	if stat == nil {
		stat = readStat(process)
	}
	u := h.usage(process, stat)
	if limits, err := process.Limits(); err == nil {
		files, memory := float64(limits.OpenFiles), float64(limits.AddressSpace)
		u.MaxFiles, u.MaxVirtualMemory = &files, &memory
	}
	return u
}

// OwnUsage is Usage of this process. The proc of the host, which a container can mount, has it under another pid,
// to which "self" leads. CPU and memory are from getrusage(2) and statm: the kernel visits each thread for stat.
func (h *Host) OwnUsage() Usage {
	process, err := h.proc.Self()
	if err != nil {
		return Usage{}
	}
	u := Usage{
		OpenFiles: openFiles(process),
		MaxFiles:  ownLimit(syscall.RLIMIT_NOFILE), MaxVirtualMemory: ownLimit(syscall.RLIMIT_AS),
		StartTime: h.ownStart(process),
	}
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) == nil {
		u.CPUSeconds = new(float64(used.Utime.Nano()+used.Stime.Nano()) / 1e9)
	}
	if memory, err := process.Statm(); err == nil {
		u.VirtualMemory, u.ResidentMemory = new(memory.SizeBytes()), new(int(memory.ResidentBytes()))
	}
	return u
}

// usage returns what stat, which may be nil, and the open files say.
func (h *Host) usage(process procfs.Proc, stat *procfs.ProcStat) Usage {
	u := Usage{OpenFiles: openFiles(process)}
	if stat != nil {
		cpu, resident, virtual := stat.CPUTime(), stat.ResidentMemory(), uint64(stat.VirtualMemory())
		u.CPUSeconds, u.ResidentMemory, u.VirtualMemory = &cpu, &resident, &virtual
		if started, err := h.startTime(*stat); err == nil {
			u.StartTime = &started
		}
	}
	return u
}

// openFiles returns nil if this user may not know.
func openFiles(process procfs.Proc) *int {
	open, err := process.FileDescriptorsLen()
	if err != nil {
		return nil
	}
	return &open
}

// readStat returns nil if the process has ended.
func readStat(p procfs.Proc) *procfs.ProcStat {
	stat, err := p.Stat()
	if err != nil {
		return nil
	}
	return &stat
}

func ownLimit(resource int) *float64 {
	var l syscall.Rlimit
	if syscall.Getrlimit(resource, &l) != nil {
		return nil
	}
	return new(float64(l.Cur))
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

// ownStart is startTime of this process, which needs its stat only once.
func (h *Host) ownStart(process procfs.Proc) *float64 {
	if h.ownStarted.Load() == nil {
		if stat := readStat(process); stat != nil {
			if seconds, err := h.startTime(*stat); err == nil {
				h.ownStarted.Store(&seconds)
			}
		}
	}
	return h.ownStarted.Load()
}
