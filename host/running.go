package host

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/prometheus/procfs"
)

// Running is a raptoreumd as its command line and /proc describe it.
type Running struct {
	PID       int
	UID, GID  uint64            // effective
	Datadir   string            // -datadir; "" is not given
	Conf      string            // -conf; "" is not given, and a relative one is relative to the data directory
	Options   map[string]string // other options that are settings of raptoreum.conf too, without the dash
	Unit      string            // systemd service that started it, such as raptoreumd.service; "" is none
	Container bool              // it runs in another pid namespace, so its paths and its pid file are not ours
}

// Running returns all raptoreumd, by pid. Processes that may not be read are left out.
func (h *Host) Running() ([]Running, error) {
	all, err := h.proc.AllProcs()
	if err != nil {
		return nil, err
	}
	var found []Running
	for _, p := range all {
		args, err := p.CmdLine()
		if err != nil || len(args) == 0 || !isDaemon(p, args[0]) {
			continue
		}
		status, err := p.NewStatus()
		if err != nil || status.TGID != p.PID {
			continue
		}
		r := Running{
			PID: p.PID, UID: status.UIDs[1], GID: status.GIDs[1],
			Datadir: option(args, "-datadir"), Conf: option(args, "-conf"), Options: map[string]string{},
			Unit: unit(p), Container: h.contained(p, status),
		}
		for _, arg := range args[1:] {
			name, value, assigned := strings.Cut(strings.TrimLeft(arg, "-"), "=")
			if assigned && strings.HasPrefix(arg, "-") {
				r.Options[name] = value
			}
		}
		found = append(found, r)
	}
	slices.SortFunc(found, func(a, b Running) int { return cmp.Compare(a.PID, b.PID) })
	return found, nil
}

// unit returns the systemd service in the cgroup path of a process. A process of a login session has none.
func unit(p procfs.Proc) string {
	groups, err := p.Cgroups()
	if err != nil {
		return ""
	}
	for _, g := range groups {
		name := path.Base(g.Path)
		if strings.HasSuffix(name, ".service") && strings.HasPrefix(g.Path, "/system.slice/") {
			return name
		}
	}
	return ""
}
