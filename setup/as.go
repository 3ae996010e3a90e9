package setup

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"unicode"
)

// asUser calls f with the rights of a user to files. What a user may not read is not read for them either: their
// raptoreum.conf or cookie could be a link to that of somebody else, and their raptoreumd would get the password.
func asUser(uid, gid int, f func()) {
	if os.Geteuid() != 0 || uid == 0 {
		f()
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocks it, so the thread ends with the goroutine
		// The group first, because the user may not change it. Both apply to this thread only, and return no error.
		_, _, _ = syscall.RawSyscall(syscall.SYS_SETFSGID, uintptr(gid), 0, 0)
		_, _, _ = syscall.RawSyscall(syscall.SYS_SETFSUID, uintptr(uid), 0, 0)
		if set, _, _ := syscall.RawSyscall(syscall.SYS_SETFSUID, ^uintptr(0), 0, 0); int(set) == uid {
			f()
		}
	}()
	<-done
}

// trusted returns an error if a raptoreumd has settings that setup must not use as root: its user chose them.
func (s System) trusted(n *node) error {
	for _, text := range []string{n.confPath, n.conf.Datadir, n.conf.PidFile, n.conf.DebugLog, n.conf.URL, n.conf.User, n.unit} {
		if strings.ContainsFunc(text, unicode.IsControl) { // it would be another line of a flags file
			return fmt.Errorf("a path or a setting has a line end or another control character: %q", text)
		}
	}
	return nil
}

// mayAdd returns an error if the rpcauth line must not be added to the raptoreum.conf of a node: any user can start a
// raptoreumd with -conf= that names a file of somebody else.
func (s System) mayAdd(n *node) error {
	old, err := s.read(n.confPath)
	if err != nil {
		return err
	}
	if old != nil {
		if old.uid == n.user.uid || old.uid == 0 && filepath.Base(n.confPath) == "raptoreum.conf" {
			return nil
		}
		return fmt.Errorf("%s does not belong to the user %s; add the line by hand, or use --credentials=user", n.confPath, n.user.name)
	}
	info, err := os.Lstat(s.path(filepath.Dir(n.confPath)))
	if err != nil {
		return fmt.Errorf("raptoreum.conf is missing: %w", err)
	}
	if uid, _ := s.Owner(info); uid != n.user.uid || !info.IsDir() {
		return fmt.Errorf("%s is missing, and its directory does not belong to the user %s; create it, or use --credentials=user", n.confPath, n.user.name)
	}
	return nil
}
