package host

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/prometheus/procfs"
)

const program = "raptoreumd"

// fit is how well a process matches a Query.
type fit int

const (
	unrelated fit = iota // not a running raptoreumd
	other                // its arguments name another data directory or conf
	contained            // it runs in a container, where its paths are others than here
	unlikely             // it has no arguments, and the default of its user is another
	possible             // its arguments do not say
	samePaths            // it runs in a container, with the paths that are ours here
	exact                // ours
)

// matched is the outcome of a comparison.
type matched struct {
	pid   int
	start uint64 // clock ticks after boot: another process with the same pid started later
	query Query
	fit   fit
}

// matchAgain is match for the process of a pid file, which is the same one in each scrape: its command line and
// status are read only once. stat may be nil.
func (h *Host) matchAgain(p procfs.Proc, stat *procfs.ProcStat, q Query) fit {
	if stat == nil || stat.State == "Z" || stat.State == "X" { // a zombie has no command line any more
		return h.match(p, q)
	}
	last := h.matched.Load()
	if last != nil && last.pid == p.PID && last.start == stat.Starttime && last.query == q {
		return last.fit
	}
	f := h.match(p, q)
	if f >= possible { // anything less may change: a shell may still execute raptoreumd
		h.matched.Store(&matched{p.PID, stat.Starttime, q, f})
	}
	return f
}

// match compares a process with the Query. One that exits during the comparison or cannot be read is unrelated.
func (h *Host) match(p procfs.Proc, q Query) fit {
	args, err := p.CmdLine()
	if err != nil || len(args) == 0 || !isDaemon(p, args[0]) {
		return unrelated // no command line: a kernel thread, a zombie or about to become one
	}
	status, err := p.NewStatus()
	if err != nil || status.TGID != p.PID {
		return unrelated // proc also has a folder for the id of a thread
	}
	if f := h.fitArguments(args, status, q); !h.contained(p, status) {
		return f
	} else if f == exact {
		return samePaths
	}
	if option(args, "-pid") == "" && h.contradicts(q.PidFile, p, status) {
		return other
	}
	return contained
}

// fitArguments compares the command line with the Query.
func (h *Host) fitArguments(args []string, status procfs.ProcStatus, q Query) fit {
	dir, conf := option(args, "-datadir"), option(args, "-conf")
	if dir == "" && conf == "" {
		dir = h.defaultDatadir(status.UIDs[1])
		// HOME may have been different (sudo, systemd without User=): not conclusive.
		return max(unlikely, q.fit(dir, filepath.Join(dir, "raptoreum.conf")))
	}
	if conf != "" && !filepath.IsAbs(conf) {
		conf = filepath.Join(dir, conf)
	}
	return q.fit(dir, conf)
}

// isDaemon reports whether p is named raptoreumd. Its threads have their own names, the first one
// too, and the link to the executable can be read only by its user. Any one of the three may be
// the only one that shows it.
func isDaemon(p procfs.Proc, arg0 string) bool {
	if filepath.Base(arg0) == program {
		return true
	}
	if comm, err := p.Comm(); err == nil && comm == program {
		return true
	}
	exe, err := p.Executable()
	// An update replaced the file of a daemon that still runs: "(deleted)".
	return err == nil && filepath.Base(strings.TrimSuffix(exe, " (deleted)")) == program
}

// option returns the value of an argument as the daemon reads it: -name=value or --name=value,
// and the last one wins.
func option(args []string, name string) (value string) {
	for _, arg := range args[1:] {
		key, v, _ := strings.Cut(arg, "=")
		if key == name || key == "-"+name {
			value = v
		}
	}
	return value
}

// defaultDatadir returns the data directory of a raptoreumd without arguments, "" if unknown. A
// daemon in a container may have another user database and file system.
func (h *Host) defaultDatadir(uid uint64) string {
	home, err := h.config.Home(uid)
	if err != nil {
		return ""
	}
	dir := filepath.Join(home, ".raptoreumcore")
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	return dir
}

// fit compares the paths of a raptoreumd with ours. One match is enough, because the exporter may
// be given a copy of the conf, or a conf outside the data directory.
func (q Query) fit(dir, conf string) fit {
	a, b := samePath(q.Datadir, dir), samePath(q.Conf, conf)
	if max(a, b) == exact {
		return exact
	}
	return min(a, b)
}

// samePath compares two paths, through symbolic links when both can be followed. A relative path
// is inconclusive, because only its user may read the working directory of a process.
func samePath(ours, theirs string) fit {
	if !filepath.IsAbs(ours) || !filepath.IsAbs(theirs) {
		return possible
	}
	if filepath.Clean(ours) == filepath.Clean(theirs) {
		return exact
	}
	a, err := os.Stat(ours)
	if err != nil {
		return other
	}
	if b, err := os.Stat(theirs); err == nil && os.SameFile(a, b) {
		return exact
	}
	return other
}
