// Package history is what heal remembers from one run to the next: a file that only heal writes and that
// the exporter reads.
package history

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

// Attempt is one restart. It has no end when heal was killed during it.
type Attempt struct {
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended,omitzero"`
	Outcome string    `json:"outcome,omitempty"`
}

// Over returns when the attempt ended, as far as that is known.
func (a Attempt) Over() time.Time {
	if a.Ended.After(a.Started) {
		return a.Ended
	}
	return a.Started
}

// History is what heal remembers. The zero value has observed nothing.
type History struct {
	Version    int       `json:"version"`
	LastCheck  time.Time `json:"last_check,omitzero"`
	Since      time.Time `json:"trouble_since,omitzero"`     // of consecutive checks; zero: no trouble
	Checks     int       `json:"checks,omitempty"`           // consecutive ones that found trouble
	Trouble    string    `json:"trouble,omitempty"`          // of the last check
	BusyAt     time.Time `json:"busy_at,omitzero"`           // when its process was last not known to be idle
	CPU        *float64  `json:"cpu_seconds,omitempty"`      // used by the process at the last check
	Withheld   float64   `json:"withheld_seconds,omitempty"` // CPU time that it did not get by then: throttling and steal
	Busy       string    `json:"busy,omitempty"`             // what it was then
	Disk       *Disk     `json:"disk,omitempty"`             // how its process had used it by the last check
	ReadySince time.Time `json:"ready_since,omitzero"`
	LastReady  time.Time `json:"last_ready,omitzero"`
	LastAlive  time.Time `json:"last_alive,omitzero"`
	PidFile    bool      `json:"pid_file,omitempty"`      // it had one when it was last alive
	PidPath    string    `json:"pid_file_path,omitempty"` // where, as far as its command line showed
	Ours       bool      `json:"ours,omitempty"`          // an attempt may have stopped it, and none has started it since
	Attempts   []Attempt `json:"attempts,omitempty"`      // of the last 6 hours
	Restarts   int       `json:"restarts"`                // ever
	GaveUp     bool      `json:"gave_up"`
}

// Disk has the fields of host.Disk, which only higher packages may import.
type Disk struct {
	Blocked      int     `json:"blocked_threads"`
	MajorFaults  uint64  `json:"major_faults"`
	DelaySeconds float64 `json:"delay_seconds"`
	Bytes        *uint64 `json:"bytes,omitempty"`
}

const version = 1

// Retention is how long attempts are remembered.
const Retention = 6 * time.Hour

// Recent returns the attempts within the retention. One in the future means that the clock was set back:
// it counts from now, so it cannot delay the next one for ever.
func (h History) Recent(now time.Time) (recent []Attempt) {
	for _, a := range h.Attempts {
		if a.Started.After(now) {
			a.Started = now
		}
		if a.Ended.After(now) {
			a.Ended = now
		}
		if now.Sub(a.Started) < Retention {
			recent = append(recent, a)
		}
	}
	return recent
}

// Begin adds an attempt. Write it before anything is done, so that a crash counts as one.
func (h History) Begin(now time.Time) History {
	h.Attempts = append(slices.Clone(h.Attempts), Attempt{Started: now})
	h.Restarts++
	h.Ours = true
	h.Since, h.Checks = time.Time{}, 0 // a new sequence of checks follows
	return h
}

// End records how the last attempt ended.
func (h History) End(now time.Time, outcome string) History {
	h.Attempts = slices.Clone(h.Attempts)
	last := &h.Attempts[len(h.Attempts)-1]
	last.Ended, last.Outcome = now, outcome
	return h
}

// ErrLocked means that another heal is running.
var ErrLocked = errors.New("another heal is running")

// Store is the file of a history, locked by this process.
type Store struct {
	path string
	lock *os.File
}

// Open locks the history at path until Close, or until this process ends in whatever way. The error wraps
// ErrLocked when another process holds it.
func Open(path string) (*Store, error) {
	lock, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%w; create its directory, writable for this user", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%s: %w", path, ErrLocked)
		}
		return nil, fmt.Errorf("%s: %w", lock.Name(), err)
	}
	return &Store{path, lock}, nil
}

// Close releases the lock.
func (s *Store) Close() {
	_ = syscall.Flock(int(s.lock.Fd()), syscall.LOCK_UN) // a child between fork and exec still has the file open
	s.lock.Close()
}

// Read returns the history; a missing file is an empty one.
func (s *Store) Read() (History, error) { return ReadOrEmpty(s.path) }

// Read returns the history in a file, and an error that wraps fs.ErrNotExist when there is none.
func Read(path string) (h History, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return h, err
	}
	if err := json.Unmarshal(text, &h); err != nil || h.Version != version {
		return History{}, fmt.Errorf("%s is not a history of heal; move it away, which forgets the attempts: %w", path, errors.Join(err, errVersion(h.Version)))
	}
	return h, nil
}

func errVersion(v int) error {
	if v == version {
		return nil
	}
	return fmt.Errorf("version %d", v)
}

// ReadOrEmpty is Read, but a missing file is an empty history.
func ReadOrEmpty(path string) (History, error) {
	h, err := Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return History{}, nil
	}
	return h, err
}

// Write replaces the history atomically: readers find the old or the new one, after a crash too.
func (s *Store) Write(h History) error {
	h.Version = version
	text, err := json.MarshalIndent(h, "", "  ")
	if err != nil {
		return err
	}
	next := s.path + ".new" // the lock excludes other writers
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(next, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o644) // the exporter reads it as another user
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil { // whatever the umask is
		return err
	}
	if err := os.Rename(next, s.path); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(s.path))
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}
