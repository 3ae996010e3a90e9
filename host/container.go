package host

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"github.com/prometheus/procfs"
)

// maxPidFileDelay is the time in seconds between the start of a raptoreumd and its pid file, which it writes before it
// loads anything.
const maxPidFileDelay = 120

// contained reports whether a process has another pid namespace than ours. Its status, which everyone may read, lists its
// pid in each namespace from that of proc on; only its user may follow the links in ns.
func (h *Host) contained(p procfs.Proc, status procfs.ProcStatus) bool {
	namespace := func(pid string) string {
		link, err := os.Readlink(filepath.Join(h.config.Procfs, pid, "ns", "pid"))
		if err != nil {
			return "" // not readable: unknown
		}
		return link
	}
	ours, theirs := namespace("self"), namespace(strconv.Itoa(p.PID))
	if ours != "" && theirs != "" {
		return ours != theirs
	}
	return len(status.NSpids) > 1
}

// contradicts reports whether our pid file shows that a process in a container is not ours: if the data directory of the
// container is mounted from ours, it is there, was written at the start of the process and has its pid in the container.
func (h *Host) contradicts(pidFile string, p procfs.Proc, status procfs.ProcStatus) bool {
	if pidFile == "" {
		return false
	}
	info, err := os.Stat(pidFile)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist) // otherwise this user may not see it
	}
	n := len(status.NSpids)
	if pid := readPid(pidFile); pid > 0 && n > 0 && status.NSpids[n-1] != uint64(pid) {
		return true
	}
	stat := readStat(p)
	if stat == nil {
		return false
	}
	started, err := h.startTime(*stat)
	return err == nil && math.Abs(float64(info.ModTime().Unix())-started) > maxPidFileDelay
}
