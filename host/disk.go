package host

// ticksPerSecond is USER_HZ, the unit of times in /proc/PID/stat on every architecture that Go supports.
const ticksPerSecond = 100

// Disk is how a process uses the disk and waits for it. All but Blocked only rise until the process ends.
type Disk struct {
	// Blocked is the number of its threads in state D (/proc/PID/task/*/stat) at this moment. They wait for
	// the disk, or a network file system; rarely for anything else.
	Blocked int

	// MajorFaults is the number of pages that were read from the disk or swap when it accessed them (majflt in
	// /proc/PID/stat).
	MajorFaults uint64

	// DelaySeconds is how long its present threads have waited for block devices (delayacct_blkio_ticks in
	// /proc/PID/task/*/stat); 0 unless kernel.task_delayacct is 1, or before Linux 5.14 by default.
	DelaySeconds float64

	// Bytes is what it caused to be read from and written to disks (read_bytes and write_bytes in
	// /proc/PID/io). Nil: not readable. That needs the user of the process, or CAP_SYS_PTRACE.
	Bytes *uint64
}

// Disk reads how p uses the disk. The error is that the process has ended or that this user may not see it.
func (h *Host) Disk(p Process) (Disk, error) {
	threads, err := h.proc.AllThreads(p.PID)
	if err != nil {
		return Disk{}, err
	}
	var d Disk
	for _, thread := range threads {
		stat := readStat(thread)
		if stat == nil {
			continue // it has ended
		}
		if stat.State == "D" {
			d.Blocked++
		}
		d.DelaySeconds += float64(stat.DelayAcctBlkIOTicks) / ticksPerSecond
	}
	process, err := h.proc.Proc(p.PID)
	if err != nil {
		return Disk{}, err
	}
	stat, err := process.Stat() // last: it is an error if the process has ended
	if err != nil {
		return Disk{}, err
	}
	d.MajorFaults = uint64(stat.MajFlt)
	if io, err := process.IO(); err == nil {
		d.Bytes = new(io.ReadBytes + io.WriteBytes)
	}
	return d, nil
}
