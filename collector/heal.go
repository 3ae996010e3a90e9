package collector

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"raptoreum_exporter/internal/history"
)

// healMaxAge is how long heal's last decision holds. It checks each minute, except during an attempt.
const healMaxAge = 45 * time.Minute

type healState struct {
	gaveUp, restarts, attempt, check *metric
}

func newHealState(c *catalog) updater {
	return &healState{
		gaveUp:   c.gauge("heal_gave_up", "1 if heal has given up because its restarts of raptoreumd did not help; absent if its last check is more than 45 minutes old (--heal.history)."),
		restarts: c.counter("heal_restarts_total", "Number of restarts of raptoreumd begun by heal (--heal.history)."),
		attempt:  c.gauge("heal_last_attempt_timestamp_seconds", "Unix time at which heal began its last restart; absent after 6 hours, or once raptoreumd has been ready for an hour (--heal.history)."),
		check:    c.gauge("heal_last_check_timestamp_seconds", "Unix time of heal's last check of raptoreumd (--heal.history)."),
	}
}

// update sends nothing where heal is not installed.
func (s *healState) update(_ context.Context, in *scrape, out *samples) error {
	past, err := history.Read(in.HealHistory)
	if errors.Is(err, fs.ErrNotExist) {
		return errNotApplicable
	}
	if err != nil {
		return err
	}
	send(out, s.restarts, past.Restarts)
	if !past.LastCheck.IsZero() {
		send(out, s.check, past.LastCheck.Unix())
	}
	if time.Since(past.LastCheck) > healMaxAge { // its timer is off: the decision no longer holds
		return nil
	}
	sendFlag(out, s.gaveUp, past.GaveUp)
	if n := len(past.Attempts); n > 0 {
		send(out, s.attempt, past.Attempts[n-1].Started.Unix())
	}
	return nil
}
