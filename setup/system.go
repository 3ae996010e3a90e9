package setup

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// System is the machine that is set up. The zero value is this one.
type System struct {
	Root     string                                                                                                // prefix of all paths
	Exec     func(ctx context.Context, name string, args ...string) (output string, err error)                     // nil runs the program
	Post     func(ctx context.Context, url string, body []byte) error                                              // nil sends an HTTP request
	Get      func(ctx context.Context, url string) (body string, err error)                                        // nil sends an HTTP request
	Scrape   func(ctx context.Context, url string, trust *x509.CertPool, password string) (body string, err error) // nil sends an HTTP request
	Chown    func(path string, uid, gid int) error                                                                 // nil is os.Lchown
	Free     func(address string) bool                                                                             // whether nothing listens there; nil tries it
	Owner    func(info fs.FileInfo) (uid, gid int)                                                                 // nil is that of the file system
	As       func(uid, gid int, f func())                                                                          // calls f with the rights of a user to files; nil changes them
	Sleep    func(ctx context.Context, d time.Duration)                                                            // nil is a timer
	Hostname func() (string, error)                                                                                // nil is os.Hostname
	Step     func(what string) error                                                                               // called before each change; an error is one of that change
}

func (s System) withDefaults() System {
	if s.Exec == nil {
		s.Exec = execute
	}
	if s.Get == nil {
		s.Get = get
	}
	if s.Scrape == nil {
		s.Scrape = scrapeFrom
	}
	if s.Post == nil {
		s.Post = post
	}
	if s.Chown == nil {
		s.Chown = os.Lchown
	}
	if s.Owner == nil {
		s.Owner = owner
	}
	if s.As == nil {
		s.As = asUser
	}
	if s.Free == nil {
		s.Free = free
	}
	if s.Sleep == nil {
		s.Sleep = sleep
	}
	if s.Hostname == nil {
		s.Hostname = os.Hostname
	}
	if s.Step == nil {
		s.Step = func(string) error { return nil }
	}
	return s
}

// execute runs a program and returns its output. The error has the first line of it: systemctl says there what failed, and then what one could do.
func execute(ctx context.Context, name string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, name, args...) // #nosec G204 -- fixed programs, and arguments without a shell
	command.Env = append(os.Environ(), "LC_ALL=C", "SYSTEMD_PAGER=", "SYSTEMD_COLORS=0")
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C during a rollback must not reach it
	out, err := command.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, firstLine(string(out)))
	}
	return string(out), err
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return strings.TrimSuffix(line, ".")
}

const maxPage = 8 << 20 // bytes

func get(ctx context.Context, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	return send(request, nil)
}

func free(address string) bool {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", address)
	if err != nil {
		return false
	}
	_ = l.Close()
	return true
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// path returns where a path of the machine really is.
func (s System) path(name string) string { return filepath.Join(s.Root, name) }

// user is an entry of /etc/passwd.
type user struct {
	name     string
	uid, gid int
	home     string
}

// users returns /etc/passwd.
func (s System) users() (all []user) {
	for _, f := range s.database("/etc/passwd", 7) {
		uid, err1 := strconv.Atoi(f[2])
		gid, err2 := strconv.Atoi(f[3])
		if err1 == nil && err2 == nil {
			all = append(all, user{name: f[0], uid: uid, gid: gid, home: f[5]})
		}
	}
	return all
}

// byUID returns the user with an id.
func byUID(users []user, uid int) (user, bool) {
	i := slices.IndexFunc(users, func(u user) bool { return u.uid == uid })
	if i < 0 {
		return user{}, false
	}
	return users[i], true
}

// database returns the fields of each entry of a file such as /etc/passwd.
func (s System) database(file string, fields int) (all [][]string) {
	text, err := readRegular(s.path(file), maxText)
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Split(strings.TrimSpace(line), ":"); len(f) == fields {
			all = append(all, f)
		}
	}
	return all
}

// group returns the id of a group.
func (s System) group(name string) (int, error) {
	for _, f := range s.database("/etc/group", 4) {
		if f[0] == name {
			return strconv.Atoi(f[2])
		}
	}
	return 0, fmt.Errorf("the group %s does not exist; install the package first", name)
}

// groupName returns the name of a group, or else its number.
func (s System) groupName(gid int) string {
	for _, f := range s.database("/etc/group", 4) {
		if f[2] == strconv.Itoa(gid) {
			return f[0]
		}
	}
	return strconv.Itoa(gid)
}

// file is a regular file as it is on disk.
type file struct {
	content  string
	mode     fs.FileMode
	uid, gid int
}

var errNotRegular = errors.New("is not a regular file")

// read returns a file; nil: there is none. It does not follow a link: a user could have set one to a file of root.
func (s System) read(name string) (*file, error) {
	f, info, err := openRegular(s.path(name), syscall.O_NOFOLLOW)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case errors.Is(err, syscall.ELOOP), errors.Is(err, errNotRegular):
		return nil, fmt.Errorf("%s: %w", name, errNotRegular)
	case err != nil:
		return nil, err
	}
	defer f.Close()
	if info.Size() > maxText {
		return nil, fmt.Errorf("%s: %w", name, errNotRegular)
	}
	uid, gid := s.Owner(info)
	content := make([]byte, info.Size())
	n, err := f.ReadAt(content, 0)
	if err != nil && n < len(content) {
		return nil, err
	}
	return &file{string(content), info.Mode().Perm(), uid, gid}, nil
}

// owner returns the owner of a file; of one that has none, nobody.
func owner(info fs.FileInfo) (uid, gid int) {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Uid), int(stat.Gid)
	}
	return nobody, nobody
}

// temporary is the suffix of a file that is not complete yet.
const temporary = ".raptoreum-setup"

// write replaces a file so that a crash leaves the old one or the new one.
func (s System) write(name string, f file) error {
	path := s.path(name)
	if err := s.Step("write " + name); err != nil {
		return err
	}
	if err := os.Remove(path + temporary); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a run that was killed
		return err
	}
	out, err := os.OpenFile(path+temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	_, err = out.WriteString(f.content)
	if err == nil {
		err = s.Step("complete " + name)
	}
	if err == nil {
		err = s.Chown(path+temporary, f.uid, f.gid)
	}
	if err == nil {
		err = out.Chmod(f.mode)
	}
	if err == nil {
		err = out.Sync()
	}
	if e := out.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = s.Step("rename " + name)
	}
	if err == nil {
		err = os.Rename(path+temporary, path)
	}
	if err != nil {
		_ = os.Remove(path + temporary)
		return fmt.Errorf("%s: %w", name, err)
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// remove removes a file or an empty directory, if it exists.
func (s System) remove(name string) error {
	if err := s.Step("remove " + name); err != nil {
		return err
	}
	err := os.Remove(s.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
