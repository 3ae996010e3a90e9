package simnet

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// writeDebugLog appends what a daemon logs of the change from old to next. One that is not running
// logs nothing.
func (n *Network) writeDebugLog(old, next State, now time.Time) error {
	if n.config.DebugLog == "" || old.Daemon == DaemonRefused || old.Daemon == DaemonHung {
		return nil
	}
	var lines []string
	if next.Height > old.Height {
		lines = append(lines,
			fmt.Sprintf("UpdateTip: new best=%s height=%d version=0x20000000 log2_work=10.58308277 tx=%d date='%s' progress=1.000000 cache=0.1MiB(993txo) evodb_cache=0.5MiB",
				n.config.Scenario.chain.hash(next.Height), next.Height, 2*next.Height, time.Unix(next.BlockTime, 0).UTC().Format(time.RFC3339)),
			"ProcessNewBlock : ACCEPTED")
	}
	if next.Penalty > old.Penalty {
		lines = append(lines, fmt.Sprintf("CDeterministicMNList::PoSePunish -- punished MN %s, penalty %d->%d (max=%d)",
			n.config.Scenario.own, old.Penalty, next.Penalty, max(100, next.ListSize)))
	}
	if old.BanHeight == -1 && next.BanHeight != -1 {
		lines = append(lines, fmt.Sprintf("CDeterministicMNList::PoSePunish -- banned MN %s at height %d",
			n.config.Scenario.own, next.BanHeight))
	}
	if next.Daemon == DaemonStopping && old.Daemon != DaemonStopping {
		lines = append(lines, "PrepareShutdown: In progress...")
	}
	return n.appendDebugLog(now, lines...)
}

func (n *Network) appendDebugLog(now time.Time, lines ...string) error {
	if n.config.DebugLog == "" || len(lines) == 0 {
		return nil
	}
	stamp := now.UTC().Format(time.RFC3339) + " "
	file, err := os.OpenFile(n.config.DebugLog, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := file.WriteString(stamp + strings.Join(lines, "\n"+stamp) + "\n"); err != nil {
		_ = file.Close() // the first error is the one to report
		return err
	}
	return file.Close()
}
