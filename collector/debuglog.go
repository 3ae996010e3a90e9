package collector

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"raptoreum_exporter/daemon"
)

// debugLog is a source that is independent of RPC: it has values also while RPC warms up, is slow or hangs.
type debugLog struct {
	written, tip, height, blockTime, progress, event *metric
}

func newDebugLog(c *catalog) updater {
	return &debugLog{
		written:   c.gauge("debuglog_last_write_timestamp_seconds", "Unix time at which raptoreumd last wrote to debug.log; absent if this user may not read it (debug.log)."),
		tip:       c.gauge("debuglog_tip_timestamp_seconds", "Unix time at which raptoreumd last logged a new tip; absent if it is not in the last 64 KiB (debug.log UpdateTip)."),
		height:    c.gauge("debuglog_block_height", "Height of the last new tip in debug.log, also while RPC warms up, is slow or hangs (debug.log UpdateTip)."),
		blockTime: c.gauge("debuglog_block_timestamp_seconds", "Unix time of the last new tip in debug.log, as claimed by its miner (debug.log UpdateTip)."),
		progress:  c.gauge("debuglog_progress_ratio", "Estimated share of the chain that is verified at the last new tip in debug.log, from 0 to 1 (debug.log UpdateTip)."),
		event:     c.gauge("debuglog_event_timestamp_seconds", "Unix time at which raptoreumd last logged an event: shutdown, corruption, disk_space_low, or pose_punished and pose_banned of this smartnode; absent if it is not in the last 64 KiB (debug.log).", "event"),
	}
}

func (d *debugLog) update(_ context.Context, in *scrape, out *samples) error {
	if in.session == nil {
		return errNotApplicable
	}
	log, err := in.session.DebugLog()
	if errors.Is(err, daemon.ErrNoDebugLog) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return errNotApplicable
	}
	if err != nil {
		return err
	}
	send(out, d.written, unix(log.Written))
	if tip := log.Tip; tip != nil {
		send(out, d.tip, unix(tip.At))
		send(out, d.height, tip.Height)
		send(out, d.blockTime, unix(tip.BlockTime))
		send(out, d.progress, tip.Progress)
	}
	events := map[string]time.Time{"shutdown": log.ShutdownBegun, "corruption": log.Corruption, "disk_space_low": log.DiskSpaceLow}
	if log.Punished != nil {
		events["pose_punished"] = log.Punished.At
	}
	if log.Banned != nil {
		events["pose_banned"] = log.Banned.At
	}
	for event, at := range events {
		if !at.IsZero() {
			send(out, d.event, unix(at), event)
		}
	}
	return nil
}
