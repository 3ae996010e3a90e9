package host

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/prometheus/procfs"
)

var (
	// ErrNotRunning means that no raptoreumd of ours is alive.
	ErrNotRunning = errors.New("raptoreumd is not running")
	// ErrSeveral means that more than one raptoreumd is alive and nothing tells which is ours.
	ErrSeveral = errors.New("several raptoreumd are running")
	// ErrAnother means, with ErrNotRunning, that a raptoreumd with another data directory is alive.
	ErrAnother = errors.New("another is")
)

// Query tells our raptoreumd from others on the same machine. What is not known is "".
type Query struct {
	PidFile string // raptoreumd.pid; may be stale or missing
	Datadir string // absolute, as in -datadir: without the folder of the network
	Conf    string // raptoreum.conf, absolute
}

// Process is a raptoreumd that was alive when it was looked for.
type Process struct {
	PID    int
	Cgroup string // folder below Config.Cgroupfs that counts its memory; "" is unknown
}

// Daemon finds our raptoreumd. The error wraps ErrNotRunning, ErrSeveral, or fs.ErrPermission
// when the processes of others are hidden from us, so that nothing can be said.
func (h *Host) Daemon(q Query) (Process, error) {
	// The pid file stays behind after a kill -9, and its pid may meanwhile be anybody's.
	if pid := pidIn(q.PidFile); pid > 0 {
		if p, err := h.proc.Proc(pid); err == nil && h.match(p, q) >= unlikely {
			return process(p), nil
		}
	}
	all, err := h.proc.AllProcs()
	if err != nil {
		return Process{}, err
	}
	found := map[fit][]procfs.Proc{}
	for _, p := range all {
		f := h.match(p, q)
		found[f] = append(found[f], p)
	}
	ours, others := found[exact], len(found[other])+len(found[unlikely])
	if len(ours) == 0 {
		ours = found[possible]
	}
	switch {
	case len(ours) == 1:
		return process(ours[0]), nil
	case len(ours) > 1:
		return Process{}, fmt.Errorf("%w: %d may be ours; set --daemon.conf to the raptoreum.conf of the right one: the pid file beside it decides", ErrSeveral, len(ours))
	case h.hidden(q):
		return Process{}, fmt.Errorf("processes of other users are hidden (hidepid, ProtectProc=); run as the user of raptoreumd or unhide them: %w", fs.ErrPermission)
	case others > 0:
		return Process{}, fmt.Errorf("%w with %s, but %w: %d with another -datadir or -conf; start it or correct --daemon.conf", ErrNotRunning, cmp.Or(q.Conf, q.Datadir), ErrAnother, others)
	}
	return Process{}, fmt.Errorf("%w; start it, its debug.log says why it stopped", ErrNotRunning)
}

// hidden reports whether raptoreumd may run out of our sight: proc shows only our own processes
// (everybody may see pid 1 otherwise) and the data directory is not ours.
func (h *Host) hidden(q Query) bool {
	if p, err := h.proc.Proc(1); err == nil {
		if _, err := p.CmdLine(); err == nil {
			return false
		}
	}
	info, err := os.Stat(q.Datadir)
	if err != nil {
		return true
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return !ok || int(stat.Uid) != os.Geteuid()
}

// pidIn returns the pid in a pid file, 0 when there is none.
func pidIn(file string) int {
	data, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		return 0
	}
	return pid
}

// process adds the cgroup that accounts for the memory of p: in cgroup v1 the one of the memory
// controller, in v2 the only one.
func process(p procfs.Proc) Process {
	groups, err := p.Cgroups()
	if err != nil {
		return Process{PID: p.PID}
	}
	var folder string
	for _, g := range groups {
		if g.Path != path.Clean(g.Path) {
			continue // "/../x": outside our cgroup namespace, so not below Cgroupfs
		}
		if slices.Contains(g.Controllers, "memory") {
			folder = path.Join("/memory", g.Path)
			break
		}
		if g.HierarchyID == 0 {
			folder = g.Path
		}
	}
	return Process{PID: p.PID, Cgroup: folder}
}

// DaemonOOMKills returns how many processes of the cgroup of p the kernel has killed for want of
// memory (memory.events, memory.oom_control before cgroup v2). The count ends with the cgroup:
// systemd makes a new one when it restarts a service. The error wraps fs.ErrNotExist when the
// kernel does not tell.
func (h *Host) DaemonOOMKills(p Process) (uint64, error) {
	if p.Cgroup == "" {
		return 0, fmt.Errorf("cgroup of pid %d: %w", p.PID, fs.ErrNotExist)
	}
	folder := filepath.Join(h.config.Cgroupfs, filepath.Clean("/"+p.Cgroup))
	kills, err := count(filepath.Join(folder, "memory.events"), "oom_kill")
	if errors.Is(err, fs.ErrNotExist) {
		return count(filepath.Join(folder, "memory.oom_control"), "oom_kill")
	}
	return kills, err
}
