package daemon

import (
	"strconv"
	"strings"
	"time"
)

// parseDebugLog reads complete lines. The last line of each kind counts. A line without a time of its
// own (logtimestamps=0, or the second line of a message) counts only as the last one of the file: it
// was written at the modification time.
func parseDebugLog(lines string, written time.Time, own *Hash) DebugLog {
	log := DebugLog{Written: written}
	for len(lines) > 0 {
		var line string
		line, lines, _ = strings.Cut(lines, "\n")
		at, message := logTime(line)
		if at.IsZero() && len(lines) == 0 {
			at = written
		}
		if !at.IsZero() {
			log.take(at, message, own)
		}
	}
	return log
}

// logTime splits the time from a line, which may have microseconds (logtimemicros), and removes the
// name of the thread (logthreadnames). The time is always UTC. Zero: the line has none.
func logTime(line string) (at time.Time, message string) {
	if stamp, rest, ok := strings.Cut(line, " "); ok && strings.HasSuffix(stamp, "Z") {
		if t, err := time.Parse(time.RFC3339, stamp); err == nil {
			at, line = t, rest
		}
	}
	if strings.HasPrefix(line, "[") {
		if _, rest, ok := strings.Cut(line, "] "); ok {
			line = rest
		}
	}
	return at, line
}

// take records one line. It looks only at the start of a message: text from a peer may stand in the
// middle of one.
func (log *DebugLog) take(at time.Time, message string, own *Hash) {
	if rest, ok := strings.CutPrefix(message, "UpdateTip: new best="); ok {
		if tip, ok := updateTip(at, rest); ok {
			log.Tip = &tip
		}
		return
	}
	if rest, ok := strings.CutPrefix(message, "CDeterministicMNList::PoSePunish -- "); ok {
		log.takePoSe(at, rest, own)
		return
	}
	switch message = unmarked(message); {
	case strings.HasPrefix(message, "PrepareShutdown: In progress"):
		log.ShutdownBegun, log.Stopped = at, true
	case strings.HasPrefix(message, "Shutdown: done"): // the beginning may be too far back
		log.Stopped = true
	case strings.HasPrefix(message, "Raptoreum Core version"): // InitLogging, at each start
		log.Stopped, log.Abort = false, NoAbort
	case strings.HasPrefix(message, "Disk space is low"): // AbortNode
		log.DiskSpaceLow, log.Abort = at, DiskSpaceLow
	case strings.HasPrefix(message, "Corrupted block database detected"), // AppInitMain
		strings.HasPrefix(message, "Fatal LevelDB error: Corruption"), // dbwrapper.cpp HandleError
		strings.HasPrefix(message, "Corruption: "),
		strings.HasPrefix(message, "Database corrupted"):
		log.Corruption, log.Abort = at, Corruption
	}
}

// unmarked removes what raptoreumd puts before the text of an error: "*** ", "Error: ", ": ", and
// "Error" without anything.
func unmarked(message string) string {
	for _, mark := range []string{"*** ", "Error", "ERROR", ": "} {
		message = strings.TrimPrefix(message, mark)
	}
	return message
}

// updateTip reads the fields after "UpdateTip: new best=".
func updateTip(at time.Time, fields string) (UpdateTip, bool) {
	height, err := strconv.ParseInt(field(fields, " height="), 10, 32)
	if err != nil || height < 0 {
		return UpdateTip{}, false
	}
	block, err := time.Parse(time.RFC3339, strings.Trim(field(fields, " date="), "'"))
	if err != nil {
		return UpdateTip{}, false
	}
	progress, err := strconv.ParseFloat(field(fields, " progress="), 64)
	if err != nil || !(progress >= 0 && progress < 2) {
		return UpdateTip{}, false
	}
	// It is above 1 when the block is from the future: a miner's clock may be ahead of ours.
	return UpdateTip{At: at, Height: height, BlockTime: block, Progress: min(progress, 1)}, true
}

// field returns the text between name and the next blank.
func field(fields, name string) string {
	_, value, _ := strings.Cut(fields, name)
	value, _, _ = strings.Cut(value, " ")
	return value
}

// takePoSe reads "punished MN HASH, penalty 0->66 (max=100)" and "banned MN HASH at height 581". Every
// node logs these of every smartnode.
func (log *DebugLog) takePoSe(at time.Time, message string, own *Hash) {
	if own == nil {
		return
	}
	if rest, ok := strings.CutPrefix(message, "punished MN "+own.String()+", penalty "); ok {
		before, rest, _ := strings.Cut(rest, "->")
		after, rest, _ := strings.Cut(rest, " (max=")
		limit, _, _ := strings.Cut(rest, ")")
		p := Punishment{At: at}
		if points(before, &p.Before) && points(after, &p.After) && points(limit, &p.Max) {
			log.Punished = &p
		}
	}
	if rest, ok := strings.CutPrefix(message, "banned MN "+own.String()+" at height "); ok {
		if height, err := strconv.ParseInt(rest, 10, 32); err == nil && height >= 0 {
			log.Banned = &Ban{At: at, Height: height}
		}
	}
}

func points(digits string, into *int) bool {
	n, err := strconv.ParseInt(digits, 10, 32)
	*into = int(n)
	return err == nil && n >= 0
}
