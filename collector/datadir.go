package collector

import (
	"context"
)

type datadir struct {
	free, size *metric
}

func newDatadir(c *catalog) updater {
	return &datadir{
		free: c.gauge("datadir_free_bytes", "Bytes that raptoreumd can still write where its data directory is (statfs)."),
		size: c.gauge("datadir_size_bytes", "Bytes of the file system that holds the data directory (statfs)."),
	}
}

func (d *datadir) update(_ context.Context, in *scrape, out *samples) error {
	if in.Host == nil || in.Datadir == "" {
		return errNotApplicable
	}
	space, err := in.Host.Datadir(in.Datadir)
	if err != nil {
		return err
	}
	send(out, d.free, space.Free)
	send(out, d.size, space.Size)
	return nil
}
