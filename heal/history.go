package heal

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

// Attempt is one restart. It has no end when heal died meanwhile.
type Attempt struct {
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended,omitzero"`
	Outcome string    `json:"outcome,omitempty"`
}

// over is when an attempt ended, as far as is known.
func (a Attempt) over() time.Time {
	if a.Ended.After(a.Started) {
		return a.Ended
	}
	return a.Started
}

// History is what heal remembers from one run to the next. The zero value has seen nothing.
type History struct {
	Version    int       `json:"version"`
	LastLook   time.Time `json:"last_look,omitzero"`
	Since      time.Time `json:"trouble_since,omitzero"` // of looks in a row; zero: no trouble
	Looks      int       `json:"looks,omitempty"`        // in a row that found trouble
	Trouble    Trouble   `json:"trouble,omitempty"`      // of the last look
	BusyAt     time.Time `json:"busy_at,omitzero"`       // when its process used the CPU last
	CPU        *float64  `json:"cpu_seconds,omitempty"`  // that the process had used at the last look
	ReadySince time.Time `json:"ready_since,omitzero"`
	LastReady  time.Time `json:"last_ready,omitzero"`
	PidFile    bool      `json:"pid_file,omitempty"` // it had one when it was ready last
	Ours       bool      `json:"ours,omitempty"`     // an attempt may have stopped it since it was ready last
	Attempts   []Attempt `json:"attempts,omitempty"` // of the last 6 hours
	Restarts   int       `json:"restarts"`           // ever
	GaveUp     bool      `json:"gave_up"`
}

const version = 1

// busy tells whether the process used the CPU since the last look: a daemon that is only slow.
func (h History) busy(l Look) bool {
	passed := l.At.Sub(h.LastLook).Seconds()
	return h.CPU != nil && l.CPU != nil && passed > 0 && (*l.CPU-*h.CPU)/passed > busyShare
}

// stopped tells whether the daemon ended in good order, and not by an attempt of ours.
func (h History) stopped(l Look) bool {
	return h.PidFile && l.PidFile != nil && !*l.PidFile && !h.Ours
}

// after is the history with another look in it.
func (h History) after(l Look) History {
	gap := l.At.Sub(h.LastLook)
	inRow := !h.LastLook.IsZero() && gap >= 0 && gap <= rowGap
	h.Attempts = h.recent(l.At)
	if h.busy(l) || h.BusyAt.After(l.At) { // the clock may have been put back
		h.BusyAt = l.At
	}
	trouble := l.trouble()
	if l.State == "busy" && h.Trouble == Hung && h.Looks > 0 && inRow {
		trouble = Hung // the requests that hang have filled its queue
	}
	if goesOn := trouble == h.Trouble || trouble == Gone && h.Trouble == Hung; !inRow || !goesOn || trouble == None {
		h.Since, h.Looks = time.Time{}, 0
	}
	if trouble != None {
		if h.Looks == 0 {
			h.Since = l.At
		}
		h.Looks++
	}
	h.Trouble = trouble
	if l.State == "ready" {
		h.LastReady, h.PidFile, h.Ours = l.At, l.PidFile != nil && *l.PidFile, false
	}
	switch {
	case l.State != "ready":
		h.ReadySince = time.Time{}
	case h.ReadySince.IsZero() || !inRow:
		h.ReadySince = l.At
	case l.At.Sub(h.ReadySince) >= recovered:
		h.Attempts, h.GaveUp = nil, false
	}
	h.Version, h.LastLook, h.CPU = version, l.At, l.CPU
	return h
}

// recent are the attempts of the last 6 hours. One in the future is of a clock that was put back: it
// counts from now, so that it cannot hold up the next for ever.
func (h History) recent(now time.Time) (recent []Attempt) {
	for _, a := range h.Attempts {
		if a.Started.After(now) {
			a.Started = now
		}
		if a.Ended.After(now) {
			a.Ended = now
		}
		if now.Sub(a.Started) < remembered {
			recent = append(recent, a)
		}
	}
	return recent
}

// Begin adds an attempt. It is to be written before anything is done.
func (h History) Begin(now time.Time) History {
	h.Attempts = append(slices.Clone(h.Attempts), Attempt{Started: now})
	h.Restarts++
	h.Ours = true
	h.Since, h.Looks = time.Time{}, 0 // what comes after it is another row
	return h
}

// End says how the last attempt ended.
func (h History) End(now time.Time, outcome string) History {
	h.Attempts = slices.Clone(h.Attempts)
	last := &h.Attempts[len(h.Attempts)-1]
	last.Ended, last.Outcome = now, outcome
	return h
}

// ErrLocked means that another heal is at work.
var ErrLocked = errors.New("another heal is at work")

// Store is the file of a history, which this process has for itself.
type Store struct {
	path string
	lock *os.File
}

// Open takes the history at path for this process until Close, or until it ends in whatever way. The
// error wraps ErrLocked when another has it.
func Open(path string) (*Store, error) {
	lock, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%w; make its folder, writable for this user", err)
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

// Close gives the history free.
func (s *Store) Close() { s.lock.Close() }

// Read returns the history; that of a missing file is empty.
func (s *Store) Read() (History, error) { return ReadOrEmpty(s.path) }

// Read returns the history in a file, and an error that wraps fs.ErrNotExist when there is none.
func Read(path string) (h History, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return h, err
	}
	if err := json.Unmarshal(text, &h); err != nil || h.Version != version {
		return History{}, fmt.Errorf("%s is no history of heal; move it away, which forgets the attempts: %w", path, errors.Join(err, errVersion(h.Version)))
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

// Write replaces the history: whoever reads it, after a crash too, finds the old or the new one.
func (s *Store) Write(h History) error {
	text, err := json.MarshalIndent(h, "", "  ")
	if err != nil {
		return err
	}
	next := s.path + ".new" // nobody else writes it: the lock
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(next, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o644) //nolint:gosec // the exporter reads it, as another user
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
