package heal

import (
	"fmt"
	"time"

	"raptoreum_exporter/host"
	"raptoreum_exporter/internal/history"
)

const (
	// maxIdleShare is the share of its cores, one or its limit if that is less, that an idle process may use, and of
	// the time that its threads may wait for block devices.
	maxIdleShare = 0.05
	// maxWithheldShare is the share of the time for which an idle process may be denied the CPU.
	maxWithheldShare = 0.1
	// maxIdlePages is how many pages a second an idle process may read or write: some of its threads run on, read what
	// was swapped out and append to debug.log. On the slowest disk, a process that works moves more, or waits in state D.
	maxIdlePages = 1
	pageSize     = 4096
)

// busy returns why the process does not count as idle since the last check; empty: it used neither the CPU, although it
// could have, nor the disk. Another one may only be slow: a restart would make it begin that work again.
func busy(h history.History, o Observation) string {
	const unknown = "not known to be idle"
	passed := o.At.Sub(h.LastCheck).Seconds()
	if h.CPU == nil || o.CPU == nil || h.Disk == nil || o.Disk == nil || passed <= 0 {
		return unknown
	}
	cores := 1.0
	if o.Limit != nil {
		cores = min(cores, *o.Limit)
	}
	used, withheld := (*o.CPU-*h.CPU)/passed, (o.Withheld-h.Withheld)/passed
	switch {
	case used < 0 || withheld < 0: // of another process
		return unknown
	case used > maxIdleShare*cores:
		return fmt.Sprintf("using the CPU (%.2g cores)", used)
	case withheld > maxWithheldShare: // little use proves nothing about a process that gets little
		return fmt.Sprintf("short of CPU (withheld for %.0f %% of the time)", 100*withheld)
	}
	if reason := waits(host.Disk(*h.Disk), *o.Disk, passed); reason != "" {
		return "waiting for the disk (" + reason + ")"
	}
	return ""
}

// waits returns what shows that a process waits for the disk, or for memory in the swap; empty: nothing does.
func waits(was, now host.Disk, passed float64) string {
	faults := (float64(now.MajorFaults) - float64(was.MajorFaults)) / passed
	var bytes float64 // 0: none, or unknown
	if was.Bytes != nil && now.Bytes != nil {
		bytes = (float64(*now.Bytes) - float64(*was.Bytes)) / passed
	}
	delay := (now.DelaySeconds - was.DelaySeconds) / passed
	switch {
	case now.Blocked > 0:
		return fmt.Sprintf("threads in state D: %d", now.Blocked)
	case faults > maxIdlePages:
		return fmt.Sprintf("%.0f major page faults per second", faults)
	case bytes > maxIdlePages*pageSize:
		return fmt.Sprintf("%.0f KiB read or written per second", bytes/1024)
	case delay > maxIdleShare:
		return fmt.Sprintf("for %.2g s of each second", delay)
	}
	return ""
}

// wait says when a restart of a daemon that has been hung for so long is due.
func (p Policy) wait(h history.History, lasts time.Duration) string {
	needs := p.minDuration(Trouble(h.Trouble))
	said := fmt.Sprintf("raptoreumd has been %s for %s in %d checks; ", h.Trouble, lasts.Round(time.Second), h.Checks)
	ago := h.LastCheck.Sub(h.BusyAt).Round(time.Second)
	switch {
	case h.Trouble != string(Hung) || h.BusyAt.Before(h.Since):
		return said + fmt.Sprintf("a restart is due after %s and %d checks", needs, minChecks)
	case ago <= 0:
		said += "its process is " + h.Busy
	default:
		said += fmt.Sprintf("its process was %s %s ago", h.Busy, ago)
	}
	return said + fmt.Sprintf("; a restart is due once it has been idle for %s, or after %s", needs, max(needs, busyFactor*p.After))
}
