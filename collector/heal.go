package collector

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"raptoreum_exporter/heal"
)

// healTooOld is when what heal decided at its last look no longer holds: it looks each minute, but for
// an attempt.
const healTooOld = 45 * time.Minute

type healState struct {
	gaveUp, restarts, attempt, look metric
}

func newHealState(c *catalog) updater {
	return &healState{
		gaveUp:   c.gauge("heal_gave_up", "1 when heal has given up: its restarts of raptoreumd did not help; absent when it has not looked for 45 minutes (--heal.history)."),
		restarts: c.counter("heal_restarts_total", "Restarts of raptoreumd that heal has begun (--heal.history)."),
		attempt:  c.gauge("heal_last_attempt_timestamp_seconds", "Unix time at which heal began its last restart; absent after 6 hours, or when an hour of a ready daemon has made up for it (--heal.history)."),
		look:     c.gauge("heal_last_look_timestamp_seconds", "Unix time at which heal looked at raptoreumd last (--heal.history)."),
	}
}

// update sends nothing where heal is not installed.
func (h *healState) update(_ context.Context, in *scrape, ch chan<- prometheus.Metric) error {
	history, err := heal.Read(in.HealHistory)
	if errors.Is(err, fs.ErrNotExist) {
		return errNotApplicable
	}
	if err != nil {
		return err
	}
	send(ch, h.restarts, history.Restarts)
	if !history.LastLook.IsZero() {
		send(ch, h.look, history.LastLook.Unix())
	}
	if time.Since(history.LastLook) > healTooOld { // its timer is off: nobody gives up any more
		return nil
	}
	sendFlag(ch, h.gaveUp, history.GaveUp)
	if n := len(history.Attempts); n > 0 {
		send(ch, h.attempt, history.Attempts[n-1].Started.Unix())
	}
	return nil
}
