package check

import (
	"context"
	"errors"
	"fmt"
	"time"

	"raptoreum_exporter/collector"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/judge"
)

const watchInterval = 5 * time.Second

// watch shows the progress of a sync until it is finished or ctx is done. It returns OK or Warning. The
// error is about a wrong flag.
func watch(ctx context.Context, c Config) (judge.Verdict, error) {
	if c.Sources.Daemon == nil {
		return judge.Unknown, errors.New("--watch: no daemon is configured; give --daemon.conf or --daemon.url")
	}
	set := collector.New(collector.Config{Sources: c.Sources, Enabled: collector.Only(c.Collectors, "daemon", "chain", "sync", "peers", "explorer", "debuglog")})
	begin, end := "", "\n"
	if isTerminal(c.Stdout) {
		begin, end = "\r\x1b[K", ""
		defer fmt.Fprintln(c.Stdout)
	}
	var p judge.Progress
	for {
		line, finished := next(ctx, c.Timeouts.Gather, &p, set)
		fmt.Fprintf(c.Stdout, "%s%s%s", begin, clip(line, c.Stdout), end)
		if finished {
			return judge.OK, nil
		}
		select {
		case <-time.After(watchInterval):
		case <-ctx.Done():
			return judge.Warning, nil
		}
	}
}

// next gathers once and returns a line about it, or an empty line if ctx was done.
func next(ctx context.Context, limit time.Duration, p *judge.Progress, set *collector.Set) (line string, finished bool) {
	timeout, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	line, finished = p.Line(set.Gather(timeout, poll.NoWait).Families, time.Now())
	if ctx.Err() != nil {
		return "", false
	}
	return line, finished
}
