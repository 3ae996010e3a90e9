package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"raptoreum_exporter/collector"
)

const (
	completeWithin = 30 * time.Second
	scrapeEvery    = 500 * time.Millisecond
)

// await scrapes until every metric of a healthy node is present and returns all names. That takes a few
// scrapes, because none waits for explorers, handshake or smartnode list.
func await(ctx context.Context, url string, died <-chan error) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, completeWithin)
	defer cancel()
	for {
		names, err := scrape(ctx, url)
		missing := slices.DeleteFunc(healthy(), func(name string) bool { return slices.Contains(names, name) })
		if len(missing) == 0 {
			return names, nil
		}
		select {
		case err := <-died:
			return nil, err
		case <-ctx.Done():
			if err == nil {
				err = fmt.Errorf("%s lacks %s", url, strings.Join(missing, ", "))
			}
			return nil, fmt.Errorf("after %s: %w; see the log above", completeWithin, err)
		case <-time.After(scrapeEvery):
		}
	}
}

// scrape returns the names of the raptoreum_* metrics in the order of the response.
func scrape(ctx context.Context, url string) ([]string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	client := http.Client{}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var names []string
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		if fields := strings.Fields(lines.Text()); len(fields) == 4 && fields[1] == "TYPE" && strings.HasPrefix(fields[2], "raptoreum_") {
			names = append(names, fields[2])
		}
	}
	return names, lines.Err()
}

// healthy returns the names of the metrics that every healthy node has on every machine.
func healthy() []string {
	names := []string{"raptoreum_process_cpu_seconds_total"} // stands for all process metrics
	for _, metric := range collector.New(collector.Config{Enabled: collector.Names()}).Metrics() {
		switch metric.Name {
		case "raptoreum_daemon_warmup_info", // only during warm-up
			"raptoreum_smartnode_pose_ban_height",                                     // only for banned nodes
			"raptoreum_daemon_oom_kills_total",                                        // not in a root cgroup, nor where cgroups are hidden
			"raptoreum_host_cpu_pressure_seconds_total",                               // not if the kernel is booted with psi=0
			"raptoreum_host_oom_kills_total",                                          // may be hidden in containers
			"raptoreum_daemon_cpu_limit_cores", "raptoreum_daemon_memory_limit_bytes", // only with a limit
			"raptoreum_daemon_cpu_throttled_seconds_total", "raptoreum_daemon_memory_used_bytes", // not where cgroups are hidden
			"raptoreum_debuglog_event_timestamp_seconds": // only after such an event
		default:
			if metric.Collector != "heal" { // heal does not run here
				names = append(names, metric.Name)
			}
		}
	}
	return names
}
