package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Check configures the check command.
type Check struct {
	JSON, Quiet, Watch bool
	Target             string // node of the fleet, checked from outside; empty: the smartnode of this machine
}

// Validate returns an error about flags that exclude each other.
func (c Check) Validate(f Fleet) error {
	switch {
	case c.Watch && (c.JSON || c.Quiet || c.Target != ""):
		return errors.New("--watch: cannot be combined with --json, --quiet or --target")
	case c.JSON && c.Quiet:
		return errors.New("--json, --quiet: give only one of them")
	case c.Target != "" && f.File == "":
		return errors.New("--target: give the fleet file that contains it with --fleet.config")
	}
	return nil
}

// Heal configures when and how the heal command restarts raptoreumd.
type Heal struct {
	Command     string        // restarts raptoreumd; split at spaces, run without a shell
	After       time.Duration // minimum time for which the daemon is hung; if it is not running, at most 2 minutes
	Attempts    int           // maximum number of restarts within 6 hours
	StopTimeout time.Duration // maximum time to exit after SIGTERM
	KillAfter   time.Duration // until SIGKILL; 0: never
	DryRun      bool
}

// MaxAttempts is the maximum of Heal.Attempts: the pauses between more attempts exceed 6 hours.
const MaxAttempts = 6

// Validate returns an error about the first setting that cannot work, with the name of its flag. collectors are
// the names of those that are enabled.
func (h Heal) Validate(collectors []string) error {
	for _, name := range []string{"daemon", "process"} {
		if !slices.Contains(collectors, name) {
			return fmt.Errorf("--no-collector.%s: heal needs it to decide", name)
		}
	}
	switch {
	case strings.TrimSpace(h.Command) == "" && !h.DryRun:
		return errors.New("--heal.command: give the command that restarts raptoreumd, such as --heal.command=\"systemctl restart raptoreumd\"")
	case strings.ContainsAny(h.Command, "'\"`\\|&;<>$(){}*?~\n"):
		return fmt.Errorf("--heal.command: %q contains quotes or other shell syntax, but no shell runs it; put it into a script and give the script", h.Command)
	case h.Attempts < 1 || h.Attempts > MaxAttempts:
		return fmt.Errorf("--heal.attempts: %d is not between 1 and %d", h.Attempts, MaxAttempts)
	}
	for _, d := range []struct {
		flag  string
		value time.Duration
		min   time.Duration
	}{
		{"after", h.After, time.Second},
		{"stop-timeout", h.StopTimeout, time.Second},
		{"kill-after", h.KillAfter, 0},
	} {
		if d.value < d.min {
			return fmt.Errorf("--heal.%s: %s is less than %s", d.flag, d.value, d.min)
		}
	}
	return nil
}
