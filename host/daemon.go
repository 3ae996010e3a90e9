package host

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/prometheus/procfs"
)

var (
	// ErrNotRunning means that no raptoreumd matches the Query.
	ErrNotRunning = errors.New("raptoreumd is not running")
	// ErrSeveral means that more than one raptoreumd matches the Query equally.
	ErrSeveral = errors.New("several raptoreumd are running")
	// ErrAnother means, together with ErrNotRunning, that a raptoreumd with another data directory
	// or conf is running.
	ErrAnother = errors.New("another raptoreumd is running")
)

// Query distinguishes our raptoreumd from others on the same machine. "" is unknown.
type Query struct {
	PidFile string // raptoreumd.pid; may be stale or missing
	Datadir string // absolute, as in -datadir: without the folder of the network
	Conf    string // raptoreum.conf, absolute
}

// Process is a raptoreumd that was running when it was found.
type Process struct {
	PID int

	// Certain reports whether its arguments, or the pid file and nothing in its arguments against it, say
	// that it is ours. Otherwise it is the only one that may be, as one in a container always is.
	Certain bool

	// Cgroups has the path of its cgroup in each hierarchy, by the controllers of the hierarchy as
	// /proc/PID/cgroup names them: "memory", "cpu,cpuacct", "" for cgroup v2. nil is unknown.
	Cgroups map[string]string

	stat *procfs.ProcStat // read when it was found; nil: not read
}

// Daemon finds our raptoreumd. All processes are read only when the pid file does not lead to it.
// The error wraps ErrNotRunning, ErrSeveral, or fs.ErrPermission when the processes of other users
// are hidden, because raptoreumd may be one of them.
func (h *Host) Daemon(q Query) (Process, error) {
	// The pid file is left behind by a kill -9, and its pid may belong to another process by now.
	if pid := readPid(q.PidFile); pid > 0 {
		if p, err := h.proc.Proc(pid); err == nil {
			stat := readStat(p)
			if f := h.matchAgain(p, stat, q); f >= unlikely {
				found := newProcess(p, f == possible || f == exact)
				found.stat = stat
				return found, nil
			}
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
	certain := len(ours) > 0
	for _, f := range []fit{samePaths, possible, contained} {
		if len(ours) == 0 {
			ours = found[f]
		}
	}
	switch {
	case len(ours) == 1:
		return newProcess(ours[0], certain), nil
	case len(ours) > 1:
		return Process{}, fmt.Errorf("%w: %d match, and no pid file in the data directory decides which is this node's", ErrSeveral, len(ours))
	case h.hidden(q):
		return Process{}, fmt.Errorf("processes of other users are hidden (hidepid, ProtectProc=); run as the user of raptoreumd or unhide them: %w", fs.ErrPermission)
	case others > 0:
		return Process{}, fmt.Errorf("%w with %s; %w: %d with another -datadir or -conf", ErrNotRunning, cmp.Or(q.Conf, q.Datadir), ErrAnother, others)
	}
	return Process{}, fmt.Errorf("%w; start it, its debug.log says why it stopped", ErrNotRunning)
}

// hidden reports whether raptoreumd may be running unseen: proc shows only our own processes
// (otherwise every user sees pid 1) and the data directory belongs to another user.
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

// readPid returns the pid in a pid file, 0 when there is none.
func readPid(file string) int {
	if file == "" {
		return 0
	}
	data, err := readFile(file)
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		return 0
	}
	return pid
}

// newProcess adds the cgroups of p.
func newProcess(p procfs.Proc, certain bool) Process {
	groups, err := p.Cgroups()
	if err != nil || len(groups) == 0 {
		return Process{PID: p.PID, Certain: certain}
	}
	cgroups := make(map[string]string, len(groups))
	for _, g := range groups {
		cgroups[strings.Join(g.Controllers, ",")] = g.Path
	}
	return Process{PID: p.PID, Certain: certain, Cgroups: cgroups}
}
