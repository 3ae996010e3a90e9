// Package host reads what Linux reports about the machine that raptoreumd runs on.
//
// It finds raptoreumd's pid (its pid file first, then the names of all processes), the limits and
// OOM kills of its cgroup, the machine's CPU and memory, and the space on the file system of the
// data directory. It needs no root. Of other processes it reads only what every user may read: name,
// command line, link to the executable, status and cgroup.
// What the kernel does not report is absent, never zero.
package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/prometheus/procfs"
)

// DefaultCgroupfs is where cgroups are mounted on most machines; in a minimal container they may not be.
const DefaultCgroupfs = "/sys/fs/cgroup"

// Config names the file systems to read. Its zero value means the local machine.
type Config struct {
	Procfs   string // where proc is mounted; "" is /proc
	Cgroupfs string // where cgroups are mounted; "" is DefaultCgroupfs

	// Statfs returns the bytes that an unprivileged user may still write to the file system
	// of path, and its size in bytes; nil calls statfs(2).
	Statfs func(path string) (free, size uint64, err error)

	// Home returns the home directory of a user; nil reads the user database.
	Home func(uid uint64) (string, error)
}

// Host reads one machine. Its methods may be called concurrently.
type Host struct {
	config Config
	proc   procfs.FS

	started    sync.Map                // pid -> started
	ownStarted atomic.Pointer[float64] // Unix seconds
	located    sync.Map                // mount point -> location
	matched    atomic.Pointer[matched]
	online     atomic.Int64 // CPUs, as Machine has last read; 0: not yet
}

// New returns a Host, or an error when config.Procfs is not a proc file system.
func New(config Config) (*Host, error) {
	if config.Procfs == "" {
		config.Procfs = procfs.DefaultMountPoint
	}
	if config.Cgroupfs == "" {
		config.Cgroupfs = DefaultCgroupfs
	}
	if config.Statfs == nil {
		config.Statfs = statfs
	}
	if config.Home == nil {
		config.Home = home
	}
	proc, err := procfs.NewFS(config.Procfs)
	if err == nil {
		// The only name besides the pids that every proc has, even with ProcSubset=pid. The link
		// is broken when proc belongs to another pid namespace, so it is not followed.
		_, err = os.Lstat(filepath.Join(config.Procfs, "self"))
	}
	if err != nil {
		return nil, fmt.Errorf("%s is not a proc file system: %w", config.Procfs, err)
	}
	return &Host{config: config, proc: proc}, nil
}

// Space is the space on a file system, in bytes (statfs).
type Space struct {
	Free uint64 // what an unprivileged user may still write
	Size uint64
}

// Datadir returns the space on the file system that holds path. Below a directory that this user may not
// enter, it is that of the mount point, as if path had no symbolic links. A missing or unreadable path is an
// error that wraps fs.ErrNotExist or fs.ErrPermission.
func (h *Host) Datadir(path string) (Space, error) {
	free, size, err := h.config.Statfs(path)
	if errors.Is(err, fs.ErrPermission) {
		if mount := h.mountPoint(path); mount != "" {
			free, size, err = h.config.Statfs(mount)
		}
	}
	if err != nil {
		return Space{}, &fs.PathError{Op: "statfs", Path: path, Err: err}
	}
	return Space{Free: free, Size: size}, nil
}

// mountPoint returns the innermost mount point above path, "" if unknown.
func (h *Host) mountPoint(path string) string {
	self, err := h.proc.Self()
	if err != nil {
		return ""
	}
	mounts, err := self.MountInfo()
	if err != nil {
		return ""
	}
	innermost := "/" // which is not listed in a chroot
	for _, m := range mounts {
		inside := path == m.MountPoint || strings.HasPrefix(path, m.MountPoint+"/")
		if inside && len(m.MountPoint) >= len(innermost) {
			innermost = m.MountPoint
		}
	}
	return innermost
}

func statfs(path string) (free, size uint64, err error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return 0, 0, err
	}
	// Blocks are counted in f_frsize; f_bsize is only the preferred transfer size.
	return s.Bavail * uint64(s.Frsize), s.Blocks * uint64(s.Frsize), nil
}

func home(uid uint64) (string, error) {
	u, err := user.LookupId(strconv.FormatUint(uid, 10))
	if err != nil {
		return "", err
	}
	return u.HomeDir, nil
}
