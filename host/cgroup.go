package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// cgroup is the cgroup of a process in the hierarchy of one controller, as far as it is mounted.
type cgroup struct {
	v2      bool
	folders []string // its own folder first, then its ancestors up to the mount point
}

// cgroup finds the folders in which controller accounts for p. The error wraps fs.ErrNotExist
// when the cgroup is not below Config.Cgroupfs.
func (h *Host) cgroup(p Process, controller string) (cgroup, error) {
	name, mounts, v2 := hierarchy(p.Cgroups, controller)
	for _, mount := range mounts {
		mount = filepath.Join(h.config.Cgroupfs, mount)
		below := h.locate(mount, name, p.PID)
		if below == "" {
			continue
		}
		g := cgroup{v2: v2}
		for ; below != "/"; below = path.Dir(below) {
			g.folders = append(g.folders, filepath.Join(mount, below))
		}
		g.folders = append(g.folders, mount)
		return g, nil
	}
	return cgroup{}, fmt.Errorf("%s cgroup of pid %d: %w", controller, p.PID, fs.ErrNotExist)
}

// hierarchy returns the path of the cgroup in the hierarchy that has the controller, and where
// that hierarchy may be mounted below Config.Cgroupfs. A controller that no v1 hierarchy has
// belongs to cgroup v2.
func hierarchy(cgroups map[string]string, controller string) (name string, mounts []string, v2 bool) {
	for controllers, name := range cgroups {
		if slices.Contains(strings.Split(controllers, ","), controller) {
			// Beside a folder "cpu,cpuacct" there is usually, but not always, a link "cpu".
			return name, []string{controller, controllers}, false
		}
	}
	name, known := cgroups[""]
	switch {
	case !known:
		return "", nil, false
	case len(cgroups) == 1:
		return name, []string{""}, true
	}
	// systemd's hybrid mode has the v1 hierarchies and cgroup v2 side by side.
	return name, []string{"unified", ""}, true
}

// locate returns where below mount the cgroup is that the kernel calls name, "" if it is not there.
// Usually that is name. In a container the mount point can be the cgroup of the container itself.
// The kernel then reports "/", or the path on the host, or "/../..." for a process outside the
// cgroup namespace, and the last components of name, possibly none, lead from the mount point to
// the cgroup. Another container's cgroup can look the same, so the candidate must list the process.
func (h *Host) locate(mount, name string, pid int) string {
	if name != "/" && path.IsAbs(name) && name == path.Clean(name) && isFolder(filepath.Join(mount, name)) {
		return name
	}
	if known, ok := h.located.Load(mount); ok && known.(location).name == name && known.(location).pid == pid {
		return known.(location).below
	}
	below := search(mount, name, pid)
	if below != "" {
		h.located.Store(mount, location{name, pid, below})
	}
	return below
}

// location is where a cgroup was found. Finding it again would cost more than all else that is read.
type location struct {
	name  string // as the kernel calls it: another one when the process has moved
	pid   int
	below string
}

// search returns the longest end of name at which the cgroup below mount lists the process.
func search(mount, name string, pid int) string {
	for name = path.Clean("/" + name); ; {
		if lists(filepath.Join(mount, name, "cgroup.procs"), pid) {
			return name
		}
		if name == "/" {
			return ""
		}
		if _, end, nested := strings.Cut(name[1:], "/"); nested {
			name = "/" + end
		} else {
			name = "/"
		}
	}
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// lists reports whether a file of pids, one per line, has this one.
func lists(path string, pid int) bool {
	content, err := read(path)
	if err != nil {
		return false
	}
	want := strconv.Itoa(pid)
	for line := range strings.Lines(content) {
		if strings.TrimSpace(line) == want {
			return true
		}
	}
	return false
}

// DaemonOOMKills returns how many processes of the cgroup of p the kernel has killed because
// memory ran out (memory.events oom_kill; memory.oom_control oom_kill in cgroup v1). The count is
// lost with the cgroup: systemd creates a new one when it restarts a service. The error wraps
// fs.ErrNotExist when the kernel does not report the count.
func (h *Host) DaemonOOMKills(p Process) (uint64, error) {
	g, err := h.cgroup(p, "memory")
	if err != nil {
		return 0, err
	}
	kills, err := readField(filepath.Join(g.folders[0], "memory.events"), "oom_kill")
	if errors.Is(err, fs.ErrNotExist) {
		return readField(filepath.Join(g.folders[0], "memory.oom_control"), "oom_kill")
	}
	return kills, err
}
