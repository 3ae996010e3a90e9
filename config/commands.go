package config

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Check is what the check command was asked for.
type Check struct {
	JSON, Quiet, Watch bool
	Target             string // node of the fleet, checked from outside; empty: the smartnode of this machine
}

// Validate reports flags that exclude each other.
func (c Check) Validate(f Fleet) error {
	switch {
	case c.Watch && (c.JSON || c.Quiet || c.Target != ""):
		return errors.New("--watch: cannot be combined with --json, --quiet or --target")
	case c.JSON && c.Quiet:
		return errors.New("--json, --quiet: give one of them")
	case c.Target != "" && f.File == "":
		return errors.New("--target: give the fleet file that contains it with --fleet.config")
	}
	return nil
}

// Heal says when the heal command restarts raptoreumd, and how.
type Heal struct {
	Command     string        // that starts raptoreumd; words are split at blanks, no shell is involved
	After       time.Duration // that the daemon has to be hung or gone
	Attempts    int           // restarts within 6 hours
	StopTimeout time.Duration // for the end after SIGTERM
	KillAfter   time.Duration // SIGKILL follows; 0: never
	DryRun      bool
}

// MaxAttempts can be made within 6 hours: the pauses between more of them are longer.
const MaxAttempts = 6

// Validate reports the first setting that cannot work, with the name of its flag.
func (h Heal) Validate() error {
	switch {
	case strings.TrimSpace(h.Command) == "" && !h.DryRun:
		return errors.New("--heal.command: give the command that starts raptoreumd, like --heal.command=\"systemctl restart raptoreumd\"")
	case strings.ContainsAny(h.Command, "'\"`\\|&;<>$(){}*?~\n"):
		return fmt.Errorf("--heal.command: %q has quotes or other shell syntax, and no shell is involved; put it into a script and give that", h.Command)
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
