//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"raptoreum_exporter/internal/drill"
)

const (
	// patience is how long a message may take that has to come, after which the outage is over.
	patience = 2 * time.Hour

	// settled is how long nothing more may come after the last resolve message: two intervals of a group.
	settled = 10 * time.Minute

	root     = ".."
	watchdog = "RaptoreumWatchdog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAlerting(t *testing.T) {
	runs, stacks := plan(t)
	for _, s := range stacks {
		if err := s.Await(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	checkQueries(t, runs)
	quietly, enough := context.WithCancel(t.Context())
	defer enough()
	results := make([]result, len(runs))
	var outages, days sync.WaitGroup
	for i, r := range runs {
		if r.quiet != nil {
			days.Go(func() { results[i] = r.live(quietly) })
		} else {
			outages.Go(func() { results[i] = r.happen() })
		}
	}
	outages.Wait()
	enough()
	days.Wait()
	checkPost(t, runs, stacks)
	checkPanels(t, runs, results)
	checkMarks(t, runs, results)
	report(t, results)
	checkReadme(t, results)
}

// run is an outage or a quiet day, and where it happens.
type run struct {
	outage *drill.Outage
	quiet  *drill.Quiet
	stack  *drill.Stack
	hit    []*drill.Node
	whose  []string // nodes by name whose messages are of it; "" is of several
}

// plan starts the nodes and what watches them.
func plan(t *testing.T) (runs []run, stacks []*drill.Stack) {
	t.Helper()
	var many []*drill.Node
	for _, o := range drill.Outages() {
		r := run{outage: &o, whose: []string{o.Name}}
		if o.Nodes == 0 {
			r.hit = []*drill.Node{startNode(t, o.Name, o.Name)}
			many = append(many, r.hit[0])
		} else {
			r.whose = []string{""}
			for i := range o.Of {
				n := startNode(t, o.Name, fmt.Sprintf("%s-%d", o.Name, i+1))
				r.hit, r.whose = append(r.hit, n), append(r.whose, n.Name)
			}
			r.stack = startStack(t, r.hit)
			stacks = append(stacks, r.stack)
			r.hit = r.hit[:o.Nodes]
		}
		runs = append(runs, r)
	}
	for _, q := range drill.QuietDays() {
		n := startNode(t, q.Name, q.Name)
		many = append(many, n)
		runs = append(runs, run{quiet: &q, hit: []*drill.Node{n}, whose: []string{n.Name}})
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
		t.Fatalf("%v; `make e2e` builds the programs first", err)
	}
	t.Cleanup(func() {
		s.Close()
		if t.Failed() {
			t.Log(s.Logs())
		}
	})
	return s
}

// happen lets an outage begin and end, and returns what its owner heard.
func (r run) happen() result {
	out := result{Name: r.outage.Name, Title: r.outage.Title}
	began := time.Now()
	looking, enough := context.WithCancel(context.Background())
	defer enough()
	restarter := r.hit[0].Restarter(looking)
	watched := make(chan struct{})
	go func() { defer close(watched); restarter.Until(looking) }()
	noticed := make(chan drill.Noticed, 1)
	go func() { noticed <- r.hit[0].Before(looking, func() { r.outage.Begin(r.hit[0]) }) }()
	for _, n := range r.hit[1:] {
		r.outage.Begin(n)
	}
	inhibited := map[drill.Alert]bool{}
	over := func(done func() bool, least time.Duration) {
		since := time.Now()
		for time.Since(since) < drill.Scaled(patience) && (time.Since(since) < drill.Scaled(least) || !done()) {
			for _, name := range r.whose {
				r.stack.Inhibited(name, inhibited)
			}
			time.Sleep(500 * time.Millisecond)
		}
	}
	over(func() bool {
		return !slices.ContainsFunc(r.outage.Want, func(a drill.Alert) bool { return len(r.notices(a)) == 0 })
	}, r.outage.Lasts)
	enough()
	out.Noticed = <-noticed
	<-watched
	out.Script, out.Heal = restarter.Script, restarter.Heal
	out.at = time.Now()
	time.Sleep(time.Second) // what was asked by then has an answer now
	ended := time.Now()
	for _, n := range r.hit {
		r.outage.End(n)
	}
	over(func() bool {
		return !slices.ContainsFunc(r.outage.Want, func(a drill.Alert) bool {
			all := r.notices(a)
			return len(all) == 0 || all[len(all)-1].Firing
		})
	}, settled)
	time.Sleep(drill.Scaled(settled))
	out.conclude(r, inhibited, began, ended)
	return out
}

// notices returns what came of this run's nodes about an alert, or all that did.
func (r run) notices(about drill.Alert) (found []drill.Notice) {
	for _, name := range r.whose {
		for _, n := range r.stack.Inbox.Of(name) {
			if n.Alert == about || about == (drill.Alert{}) && n.Name != watchdog {
				found = append(found, n)
			}
		}
	}
	return found
}

// live is a quiet day: warnings are told, but nothing critical.
func (r run) live(ctx context.Context) result {
	out := result{Name: r.quiet.Name, Quiet: true}
	began := time.Now()
	restarter := r.hit[0].Restarter(ctx)
	watched := make(chan struct{})
	go func() { defer close(watched); restarter.Until(ctx) }()
	r.quiet.Live(ctx, r.hit[0])
	out.at = time.Now()
	<-watched
	out.Script, out.Heal = restarter.Script, restarter.Heal
	for _, n := range r.notices(drill.Alert{}) {
		if n.Severity == "critical" {
			out.wrong("%s came after %.1f min", n.Alert, drill.Minutes(n.At.Sub(began)))
		} else if n.Firing {
			out.Told = append(out.Told, told{n.Alert, drill.Minutes(n.At.Sub(began)), -1})
		}
	}
	return out
}
