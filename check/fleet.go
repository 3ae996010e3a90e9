package check

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"raptoreum_exporter/collector"
	"raptoreum_exporter/fleet"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/internal/text"
	"raptoreum_exporter/judge"
)

// maxProbes is the number of nodes that are probed at a time.
const maxProbes = 16

// gatherTarget gathers a node of the fleet as /probe does, but waits for the chain data.
func (c *Config) gatherTarget(ctx context.Context) (judge.Input, error) {
	ctx, cancel := context.WithTimeout(ctx, c.Timeouts.Gather)
	defer cancel()
	snapshot := c.Sources.Fleet.Snapshot(ctx, poll.Wait)
	node, ok := snapshot.Find(c.Target)
	if !ok {
		return judge.Input{}, fmt.Errorf("--target: no smartnode of %s has the name or proTxHash %q", c.FleetFile, text.Clip(c.Target, 64))
	}
	return c.probe(ctx, snapshot, node), nil
}

// watchesFleet reports whether this exporter has no daemon, but a fleet.
func (c *Config) watchesFleet() bool {
	return c.Target == "" && c.Sources.Daemon == nil && c.Sources.Fleet != nil
}

// checkFleet checks each node of the fleet as --target does, prints one line for each and its problems, and returns the
// worst verdict. The error is ErrInterrupted.
func (c *Config) checkFleet(interrupted context.Context, style Style) (judge.Verdict, error) {
	ctx, cancel := context.WithTimeout(interrupted, c.Timeouts.Slow)
	defer cancel()
	snapshot := c.Sources.Fleet.Snapshot(ctx, poll.Wait)
	reports := make([]judge.Report, len(snapshot.Nodes))
	var probes errgroup.Group
	probes.SetLimit(maxProbes)
	for i := range snapshot.Nodes {
		probes.Go(func() error {
			reports[i] = judge.Judge(c.probe(ctx, snapshot, &snapshot.Nodes[i]))
			return nil
		})
	}
	_ = probes.Wait() // none returns an error
	if interrupted.Err() != nil {
		return judge.Unknown, ErrInterrupted
	}
	worst := judge.OK
	for i := range reports {
		if reports[i].Verdict.Compare(worst) > 0 {
			worst = reports[i].Verdict
		}
		if reports[i].Verdict == judge.OK && !style.Quiet {
			fmt.Fprintln(c.Stdout, style.summary(&reports[i]))
		}
		Print(c.Stdout, &reports[i], Style{Color: style.Color, Quiet: true, Program: style.Program})
	}
	return worst, nil
}

// probe gathers one node of the fleet.
func (c *Config) probe(ctx context.Context, snapshot *fleet.Snapshot, node *fleet.Node) judge.Input {
	result := c.Sources.Fleet.Probe(ctx, snapshot, node, poll.Wait)
	return judge.Input{Families: collector.NewProbe().Families(&result), At: time.Now(), Node: node.Name}
}
