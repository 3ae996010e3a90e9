package collector

import (
	"context"
	"errors"
	"io/fs"

	"github.com/prometheus/client_golang/prometheus"

	"raptoreum_exporter/heal"
)

type healState struct {
	gaveUp, restarts, attempt, look metric
}

func newHealState(c *catalog) updater {
	return &healState{
		gaveUp:   c.gauge("heal_gave_up", "1 when heal has given up: its restarts of raptoreumd did not help (--heal.history)."),
		restarts: c.counter("heal_restarts_total", "Restarts of raptoreumd that heal has begun (--heal.history)."),
		attempt:  c.gauge("heal_last_attempt_timestamp_seconds", "Unix time at which heal began its last restart of the last 6 hours (--heal.history)."),
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
	sendFlag(ch, h.gaveUp, history.GaveUp)
	send(ch, h.restarts, history.Restarts)
	send(ch, h.look, history.LastLook.Unix())
	if n := len(history.Attempts); n > 0 {
		send(ch, h.attempt, history.Attempts[n-1].Started.Unix())
	}
	return nil
}
