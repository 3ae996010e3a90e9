package collector

import (
	"context"
	"time"

	"raptoreum_exporter/internal/poll"
)

const releaseTooOld = 24 * time.Hour

type release struct {
	info, available *metric
}

func newRelease(c *catalog) updater {
	return &release{
		info:      c.gauge("release_info", "Always 1; the latest mainnet release, read at most a day ago (release page, every 6 hours).", "version"),
		available: c.gauge("release_update_available", "1 if a mainnet release is newer than the running raptoreumd (release page, getnetworkinfo version)."),
	}
}

func (r *release) update(ctx context.Context, in *scrape, out *samples) error {
	if in.Releases == nil {
		return errNotApplicable
	}
	latest, ok := in.Releases.Latest(ctx, in.mode)
	if !ok {
		return nil
	}
	if latest.Err != nil {
		return latest.Err
	}
	if !poll.Recent(latest.At, time.Now(), releaseTooOld) {
		return nil
	}
	send(out, r.info, 1, latest.Value.Tag)
	// A failure of the daemon is not one of this collector.
	if main, err := in.mainlock(ctx); err == nil && main.Network.Err == nil {
		sendFlag(out, r.available, latest.Value.Version > *main.Network.Value.Version)
	}
	return nil
}
