package daemon

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"raptoreum_exporter/internal/text"
)

// maxDebugLog is how much of the end of debug.log is read, in bytes: 150 blocks on a quiet node.
const maxDebugLog = 64 << 10

// DebugLog is what the end of debug.log contains, without text of the log. A zero or nil field was not
// in the part that was read: it happened earlier, or never.
type DebugLog struct {
	Written       time.Time   // modification time of the file
	Tip           *UpdateTip  // the last new tip
	ShutdownBegun time.Time   // the daemon last began to stop
	Stopped       bool        // it has begun to stop, and not been started since
	Corruption    time.Time   // a database was last found corrupt
	DiskSpaceLow  time.Time   // the daemon last stopped because less than 50 MiB were free
	Abort         Abort       // why it stopped by itself, and has not been started since
	Punished      *Punishment // last PoSe penalty of our smartnode, for a missed key generation
	Banned        *Ban        // last PoSe ban of our smartnode
}

// Abort is why the daemon stopped by itself. Then it exits as it does when it is told to.
type Abort string

// The reasons.
const (
	NoAbort      Abort = ""
	DiskSpaceLow Abort = "less than 50 MiB of disk space were free"
	Corruption   Abort = "a database is corrupt"
)

// UpdateTip is a new tip of the chain (validation.cpp UpdateTip).
type UpdateTip struct {
	At        time.Time // when it was logged
	Height    int64
	BlockTime time.Time // as its miner claims
	Progress  float64   // estimate of the validated part of the chain, 0 to 1
}

// Punishment is a PoSe penalty (CDeterministicMNList::PoSePunish).
type Punishment struct {
	At                 time.Time
	Before, After, Max int // points
}

// Ban is a PoSe ban (CDeterministicMNList::PoSePunish).
type Ban struct {
	At     time.Time
	Height int64
}

// ErrNoDebugLog means that there is no debug.log to read: the daemon writes none or to a device or a
// pipe, as with debuglogfile=/dev/null, or its path is not known.
var ErrNoDebugLog = errors.New("no debug.log")

// ReadDebugLog reads the last 64 KiB of the debug.log at path. Penalties and bans are those of own;
// nil: none. It opens the file each time, so it follows rotation and truncation. An error may be
// ErrNoDebugLog (path is empty), fs.ErrNotExist or fs.ErrPermission.
func ReadDebugLog(path string, own *Hash) (DebugLog, error) {
	if path == "" {
		return DebugLog{}, ErrNoDebugLog
	}
	end, written, err := readEnd(path)
	if err != nil {
		if cause, ok := errors.AsType[*fs.PathError](err); ok {
			err = cause.Err
		}
		return DebugLog{}, fmt.Errorf("%s: %w", text.Clip(path, 200), err)
	}
	return parseDebugLog(end, written, own), nil
}

// readEnd returns the complete lines in the last maxDebugLog bytes of a file.
func readEnd(path string) (end string, written time.Time, err error) {
	if info, err := os.Stat(path); err == nil { // before opening: that of a pipe would block
		if err := readable(info); err != nil {
			return "", written, err
		}
	}
	file, err := os.Open(path)
	if err != nil {
		return "", written, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", written, err
	}
	start := max(0, info.Size()-maxDebugLog)
	buffer := make([]byte, info.Size()-start)
	n, err := file.ReadAt(buffer, start)
	if err != nil && !errors.Is(err, io.EOF) { // it may have been truncated
		return "", written, err
	}
	end = string(buffer[:n])
	if start > 0 {
		_, end, _ = strings.Cut(end, "\n") // the first line is cut off
	}
	return end[:strings.LastIndexByte(end, '\n')+1], info.ModTime(), nil
}

// readable returns why a file cannot be a debug.log to read.
func readable(info fs.FileInfo) error {
	switch {
	case info.IsDir():
		return errNotAFile
	case !info.Mode().IsRegular():
		return fmt.Errorf("%w: %w", ErrNoDebugLog, errNotAFile)
	}
	for _, own := range []*os.File{os.Stdout, os.Stderr} { // what /dev/stdout is for us, not for raptoreumd
		if is, err := own.Stat(); err == nil && os.SameFile(is, info) {
			return fmt.Errorf("%w: it is the output of this program", ErrNoDebugLog)
		}
	}
	return nil
}

var errNotAFile = errors.New("is not a regular file")

// DebugLog returns what the end of the daemon's debug.log says. It reads the file at most once per
// Session. An error is one of ReadDebugLog.
func (s *Session) DebugLog() (DebugLog, error) {
	s.debugLog.once.Do(func() {
		s.debugLog.value, s.debugLog.err = ReadDebugLog(s.client.config.DebugLog, s.client.proTxHash())
	})
	return s.debugLog.value, s.debugLog.err
}

// newTip returns the age of the last new tip in debug.log. The main lock is held while a block is
// validated, so a daemon that validates many blocks may not answer although its tip moves.
func (s *Session) newTip(now time.Time) (ago time.Duration, height int64, ok bool) {
	log, err := s.DebugLog()
	if err != nil || log.Tip == nil {
		return 0, 0, false
	}
	ago = now.Sub(log.Tip.At)
	return ago, log.Tip.Height, ago.Abs() < HungAfter // a time in the future is from another clock
}
