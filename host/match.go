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

// fit says how well a process answers a Query.
type fit int

const (
	stranger fit = iota // not a live raptoreumd
	other               // its arguments name another data directory or conf
	unlikely            // it has no arguments, and the default of its user is another
	possible            // it does not say
	exact               // ours
)

// match tries a process. One that vanishes meanwhile, or may not be read, is a stranger.
func (h *Host) match(p procfs.Proc, q Query) fit {
	args, err := p.CmdLine()
	if err != nil || len(args) == 0 || !named(p, args[0]) {
		return stranger // no command line: a kernel thread, a zombie or about to become one
	}
	status, err := p.NewStatus()
	if err != nil || status.TGID != p.PID {
		return stranger // proc answers for the id of a thread too
	}
	dir, conf := option(args, "-datadir"), option(args, "-conf")
	if dir == "" && conf == "" {
		dir = h.defaultDatadir(status.UIDs[1])
		// HOME may have been another one (sudo, systemd without User=): not a sure sign.
		return max(unlikely, q.fit(dir, filepath.Join(dir, "raptoreum.conf")))
	}
	if conf != "" && !filepath.IsAbs(conf) {
		conf = filepath.Join(dir, conf)
	}
	return q.fit(dir, conf)
}

// named reports whether p is called raptoreumd. Its threads have names of their own, the first
// one too; the link to the executable is for its user only; each may be all there is.
func named(p procfs.Proc, arg0 string) bool {
	if filepath.Base(arg0) == program {
		return true
	}
	if comm, err := p.Comm(); err == nil && comm == program {
		return true
	}
	exe, err := p.Executable()
	// An update has replaced the file of a daemon that still runs: "(deleted)".
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

// defaultDatadir returns the data directory of a raptoreumd without arguments, "" if unknown:
// in a container the user database and the file system may be others than ours.
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

// fit compares the paths of a raptoreumd with ours. One that is the same decides: the exporter
// may be given a copy of the conf, or a conf outside the data directory.
func (q Query) fit(dir, conf string) fit {
	a, b := same(q.Datadir, dir), same(q.Conf, conf)
	if max(a, b) == exact {
		return exact
	}
	return min(a, b)
}

// same compares two paths, through symbolic links when both can be followed. A relative path
// says nothing: the working directory of another process is not for us to read.
func same(ours, theirs string) fit {
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
