package host

// Usage is what a process uses, as client_golang's process collector reports it. Nil: not readable for this user.
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
func (h *Host) Usage(p Process) Usage {
	var u Usage
	process, err := h.proc.Proc(p.PID)
	if err != nil {
		return u
	}
	if stat, err := process.Stat(); err == nil {
		cpu, resident, virtual := stat.CPUTime(), stat.ResidentMemory(), uint64(stat.VirtualMemory())
		u.CPUSeconds, u.ResidentMemory, u.VirtualMemory = &cpu, &resident, &virtual
		if started, err := stat.StartTime(); err == nil {
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
