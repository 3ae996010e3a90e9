package setup

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// recordDir holds what setup changed, and the backups. Only root can read it, because backups may have secrets.
const recordDir = "/var/lib/raptoreum_exporter_setup"

// record is what setup has changed and what was there before, so that it can be undone.
type record struct {
	Unfinished bool // the last run was interrupted
	Files      map[string]written
	Dirs       []string // created, outermost first
	Units      map[string]unitState
	Nodes      []placed `json:",omitempty"`
	Node       *Node    `json:",omitempty"` // flags of setup
	Watch      *Watch   `json:",omitempty"` // flags of setup watch, without secrets

	name string
}

// placed is a raptoreumd that setup has given an exporter.
type placed struct{ Conf, Name, Listen, Label string }

func (r record) placed(conf string) (placed, bool) {
	i := slices.IndexFunc(r.Nodes, func(p placed) bool { return p.Conf == conf })
	if i < 0 {
		return placed{}, false
	}
	return r.Nodes[i], true
}

// written is a file that setup has changed.
type written struct {
	Order    int         // when it was first written
	Backup   string      // path of what was there before; empty: nothing
	Mode     fs.FileMode // of what was there before
	UID, GID int
	Was      string   // checksum of what was there before; empty: nothing
	Wrote    []string // checksums of what setup wrote; several while a run is unfinished
	Line     string   // that was added to a file of somebody else
	Secret   bool
	Units    []string
}

// known reports whether content is what setup wrote or replaced.
func (w written) known(content string) bool {
	s := sum(content)
	return s == w.Was || slices.Contains(w.Wrote, s)
}

// unitState is the state of a unit before setup.
type unitState struct{ Enabled, Active bool }

func (r record) dir() string  { return filepath.Join(recordDir, r.name) }
func (r record) file() string { return filepath.Join(r.dir(), "record.json") }

func (r record) backup(path string) string { return filepath.Join(r.dir(), "backup", path) }

// order returns the paths in the order in which they were first written.
func (r record) order() (paths []string) {
	for path := range r.Files {
		paths = append(paths, path)
	}
	slices.SortFunc(paths, func(a, b string) int { return r.Files[a].Order - r.Files[b].Order })
	return paths
}

// load reads the record of a command.
func (s System) load(name string) (record, error) {
	r := record{name: name, Files: map[string]written{}, Units: map[string]unitState{}}
	f, err := s.read(r.file())
	if err != nil || f == nil {
		return r, err
	}
	if err := json.Unmarshal([]byte(f.content), &r); err != nil {
		return r, fmt.Errorf("%s: %w; remove it to forget what setup has changed", r.file(), err)
	}
	return r, nil
}

// save writes the record.
func (s System) save(r record) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := s.Step("mkdir " + r.dir()); err != nil {
		return err
	}
	if err := os.MkdirAll(s.path(r.dir()), 0o700); err != nil {
		return err
	}
	return s.write(r.file(), file{content: string(text) + "\n", mode: 0o600, uid: os.Geteuid(), gid: os.Getegid()})
}

func (r record) empty() bool { return len(r.Files)+len(r.Units)+len(r.Dirs) == 0 }

// dropRecord removes the record and the backups. The record comes last, so that a crash leaves none without it.
func (s System) dropRecord(r record) error {
	if s.exists(r.dir()) {
		if err := s.Step("remove " + r.backup("")); err != nil {
			return err
		}
		if err := os.RemoveAll(s.path(r.backup(""))); err != nil {
			return err
		}
		for _, name := range []string{r.file() + temporary, r.file(), r.dir()} {
			if err := s.remove(name); err != nil {
				return err
			}
		}
	}
	if entries, err := os.ReadDir(s.path(recordDir)); err == nil && len(entries) == 0 { // the other command has none
		return s.remove(recordDir)
	}
	return nil
}

// backUp keeps what a file has before setup changes it for the first time.
func (s System) backUp(r *record, o step) error {
	w, ours := r.Files[o.path]
	if !ours {
		w = written{Order: len(r.Files), Secret: o.secret}
		for _, other := range r.Files {
			w.Order = max(w.Order, other.Order+1)
		}
		if o.old != nil {
			w.Backup, w.Was = r.backup(o.path), sum(o.old.content)
			w.Mode, w.UID, w.GID = o.old.mode, o.old.uid, o.old.gid
			if err := s.Step("mkdir " + filepath.Dir(w.Backup)); err != nil {
				return err
			}
			if err := os.MkdirAll(s.path(filepath.Dir(w.Backup)), 0o700); err != nil {
				return err
			}
			if err := s.write(w.Backup, file{content: o.old.content, mode: 0o600, uid: os.Geteuid(), gid: os.Getegid()}); err != nil {
				return err
			}
		}
	}
	w.Wrote, w.Units, w.Line = append(w.Wrote, sum(o.new.content)), o.units, o.line
	r.Files[o.path] = w
	return nil
}

// exists reports whether there is something at path.
func (s System) exists(path string) bool {
	_, err := os.Lstat(s.path(path))
	return err == nil
}

// lock makes sure that setup runs only once. It ends with the process.
func (s System) lock() (unlock func(), err error) {
	f, err := os.OpenFile(s.path("/run/raptoreum_exporter_setup.lock"), os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	// One that was killed may take a moment to end.
	for deadline := time.Now().Add(time.Second); ; time.Sleep(20 * time.Millisecond) {
		if err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
			return func() { _ = f.Close() }, nil
		}
		if time.Now().After(deadline) {
			_ = f.Close()
			return nil, errors.New("another setup is running")
		}
	}
}
