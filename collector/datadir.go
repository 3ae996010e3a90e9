package collector

import "context"

type datadir struct {
	free, size *metric
}

func newDatadir(c *catalog) updater {
	return &datadir{
		free: c.gauge("datadir_free_bytes", "Free space in bytes on the file system of the data directory, as far as raptoreumd can use it (statfs)."),
		size: c.gauge("datadir_size_bytes", "Size in bytes of the file system of the data directory (statfs)."),
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
