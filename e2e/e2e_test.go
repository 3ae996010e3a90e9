//go:build e2e

package e2e

import (
	"context"
	"flag"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"raptoreum_exporter/internal/drill"
)

const (
	// messageTimeout is the max wait, in rule time, for an expected message.
	messageTimeout = 2 * time.Hour

	// settleTime is how long an outage is followed after its end.
	settleTime = 90 * time.Minute

	root     = ".."
	watchdog = "RaptoreumWatchdog"
)

// only limits a run to some outages and quiet days, which does not check the tables of README.md.
var only = flag.String("only", "", "regular expression of the outages and quiet days to run, such as slow|behind")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAlerting(t *testing.T) {
	runs, stacks := plan(t)
	for _, s := range stacks {
		if err := s.Await(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if *only == "" {
		checkQueries(t, runs)
	}
	quietCtx, endQuietDays := context.WithCancel(t.Context())
	defer endQuietDays()
	results := make([]result, len(runs))
	var outages, days sync.WaitGroup
	for i, r := range runs {
		if r.quiet != nil {
			days.Go(func() { results[i] = r.playQuiet(quietCtx) })
		} else {
			outages.Go(func() { results[i] = r.playOutage() })
		}
	}
	outages.Wait()
	endQuietDays()
	days.Wait()
	checkMessages(t, runs, stacks)
	checkPanels(t, runs, results)
	checkAnnotations(t, runs, results)
	report(t, results)
	if *only == "" {
		checkReadme(t, results)
	}
}

// run is an outage or a quiet day, and the nodes and stack it uses.
type run struct {
	outage *drill.Outage
	quiet  *drill.Quiet
	stack  *drill.Stack
	nodes  []*drill.Node
	names  []string // node names whose messages belong to it; "" is for alerts about several nodes
}

// plan starts the nodes and the stacks that monitor them.
func plan(t *testing.T) (runs []run, stacks []*drill.Stack) {
	t.Helper()
	var many []*drill.Node
	selected := regexp.MustCompile("^(?:" + *only + ")").MatchString
	for _, o := range drill.Outages() {
		if !selected(o.Name) {
			continue
		}
		r := run{outage: &o, names: []string{o.Name}}
		if o.Nodes == 0 {
			r.nodes = []*drill.Node{startNode(t, o.Name, o.Name)}
			many = append(many, r.nodes[0])
		} else {
			r.names = []string{""}
			for i := range o.Of {
				n := startNode(t, o.Name, fmt.Sprintf("%s-%d", o.Name, i+1))
				r.nodes, r.names = append(r.nodes, n), append(r.names, n.Name)
			}
			r.stack = startStack(t, r.nodes)
			stacks = append(stacks, r.stack)
			r.nodes = r.nodes[:o.Nodes]
		}
		runs = append(runs, r)
	}
	for _, q := range drill.QuietDays() {
		if !selected(q.Name) {
			continue
		}
		n := startNode(t, q.Name, q.Name)
		many = append(many, n)
		runs = append(runs, run{quiet: &q, nodes: []*drill.Node{n}, names: []string{n.Name}})
	}
	s := startStack(t, many)
	for i := range runs {
		if runs[i].stack == nil {
			runs[i].stack = s
		}
	}
	return runs, append(stacks, s)
}

func startNode(t *testing.T, job, name string) *drill.Node {
	t.Helper()
	n, err := drill.StartNode(t.Context(), root, job, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return n
}

func startStack(t *testing.T, nodes []*drill.Node) *drill.Stack {
	t.Helper()
	s, err := drill.StartStack(context.WithoutCancel(t.Context()), drill.Config{Root: root, Programs: root + "/.bin", Nodes: nodes})
	if err != nil {
		t.Fatalf("%v; run make e2e, which builds the programs", err)
	}
	t.Cleanup(func() {
		s.Close()
		if t.Failed() {
			t.Log(s.Logs())
		}
	})
	return s
}

// playOutage begins and ends an outage and returns its notifications, restarts and baseline.
func (r run) playOutage() result {
	out := result{Name: r.outage.Name, Title: r.outage.Title}
	began := time.Now()
	baselineCtx, stopBaseline := context.WithCancel(context.Background())
	defer stopBaseline()
	restarter := r.nodes[0].Restarter(baselineCtx)
	restarterDone := make(chan struct{})
	go func() { defer close(restarterDone); restarter.Run(baselineCtx) }()
	baseline := make(chan drill.Baseline, 1)
	go func() { baseline <- r.nodes[0].WatchBaseline(baselineCtx, func() { r.outage.Begin(r.nodes[0]) }) }()
	for _, n := range r.nodes[1:] {
		r.outage.Begin(n)
	}
	inhibited := map[drill.Alert]bool{}
	waitFor := func(done func() bool, minimum time.Duration) {
		since := time.Now()
		for time.Since(since) < drill.Scaled(messageTimeout) && (time.Since(since) < drill.Scaled(minimum) || !done()) {
			for _, name := range r.names {
				r.stack.Inhibited(name, inhibited)
			}
			time.Sleep(500 * time.Millisecond)
		}
	}
	waitFor(func() bool {
		return !slices.ContainsFunc(r.outage.Want, func(a drill.Alert) bool { return len(r.notices(a)) == 0 })
	}, r.outage.Lasts)
	stopBaseline()
	out.Baseline = <-baseline
	<-restarterDone
	out.Script, out.Heal = restarter.Script, restarter.Heal
	out.at = time.Now()
	time.Sleep(time.Second) // pending queries have completed by then
	ended := time.Now()
	for _, n := range r.nodes {
		r.outage.End(n)
	}
	waitFor(func() bool {
		return !slices.ContainsFunc(r.outage.Want, func(a drill.Alert) bool {
			all := r.notices(a)
			return len(all) == 0 || all[len(all)-1].Firing
		})
	}, settleTime)
	out.evaluate(r, inhibited, began, ended)
	return out
}

// notices returns the notices of the run's nodes for an alert, or all of them for the zero Alert.
func (r run) notices(alert drill.Alert) (found []drill.Notice) {
	for _, name := range r.names {
		for _, n := range r.stack.Inbox.Of(name) {
			if n.Alert == alert || alert == (drill.Alert{}) && n.Name != watchdog {
				found = append(found, n)
			}
		}
	}
	return found
}

// playQuiet runs a quiet day. Only its own warnings are allowed.
func (r run) playQuiet(ctx context.Context) result {
	out := result{Name: r.quiet.Name, Quiet: true}
	began := time.Now()
	restarter := r.nodes[0].Restarter(ctx)
	done := make(chan struct{})
	go func() { defer close(done); restarter.Run(ctx) }()
	r.quiet.Run(ctx, r.nodes[0])
	out.at = time.Now()
	<-done
	out.Script, out.Heal = restarter.Script, restarter.Heal
	for _, n := range r.notices(drill.Alert{}) {
		if n.Firing && !slices.Contains(r.quiet.Warnings, n.Alert) {
			out.fail("%s arrived after %.1f min", n.Alert, drill.Minutes(n.At.Sub(began)))
		} else if n.Firing {
			out.Notified = append(out.Notified, notification{n.Alert, drill.Minutes(n.At.Sub(began)), -1})
		}
	}
	return out
}
