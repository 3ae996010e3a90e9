//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"raptoreum_exporter/internal/simnet"
)

// patience is how long a message may take that has to come, after which the outage is over.
const patience = 2 * time.Hour

// settled is how long nothing more may come after the last resolve message: two intervals of a group.
const settled = 10 * time.Minute

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAlerting(t *testing.T) {
	scenario, err := simnet.Load(os.DirFS("../testdata/scenarios/healthy"))
	if err != nil {
		t.Fatal(err)
	}
	runs, stacks := plan(t, scenario)
	for _, s := range stacks {
		s.await(t)
	}
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
	report(t, results)
}

// run is an outage or a quiet day, and where it happens.
type run struct {
	*outage
	*quiet
	stack *stack
	hit   []*node
	whose []string // nodes by name whose messages are of it; "" is of several
}

// plan starts the nodes and what watches them.
func plan(t *testing.T, scenario *simnet.Scenario) (runs []run, stacks []*stack) {
	var many []*node
	for _, o := range outages() {
		r := run{outage: &o, whose: []string{o.name}}
		if o.nodes == 0 {
			r.hit = []*node{startNode(t, o.name, scenario)}
			many = append(many, r.hit[0])
		} else {
			r.whose = []string{""}
			for i := range o.of {
				n := startNode(t, fmt.Sprintf("%s-%d", o.name, i+1), scenario)
				r.hit, r.whose = append(r.hit, n), append(r.whose, n.name)
			}
			r.stack = startStack(t, r.hit)
			stacks = append(stacks, r.stack)
			r.hit = r.hit[:o.nodes]
		}
		runs = append(runs, r)
	}
	for _, q := range quietDays() {
		n := startNode(t, q.name, scenario)
		if q.name == "penalty-decays" {
			n.change(func(s *simnet.State) { s.Penalty = 60 })
		}
		many = append(many, n)
		runs = append(runs, run{quiet: &q, hit: []*node{n}, whose: []string{n.name}})
	}
	s := startStack(t, many)
	for i := range runs {
		if runs[i].stack == nil {
			runs[i].stack = s
		}
	}
	return runs, append(stacks, s)
}

// await waits until everything about the nodes is known and long enough, so that what happens
// then is a change.
func (s *stack) await(t *testing.T) {
	t.Helper()
	known := []string{
		"raptoreum_up == 1", "raptoreum_port_reachable == 1", "raptoreum_smartnodes_penalised",
		"min by (node) (raptoreum_explorer_chain_match) == 1", "max by (node) (raptoreum_explorer_smartnode_pose_banned) == 0",
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		missing := slices.IndexFunc(known, func(expr string) bool { return s.count(expr) < s.nodes })
		if missing == -1 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s has %d series of %d nodes", known[missing], s.count(known[missing]), s.nodes)
		}
	}
	time.Sleep(scaled(10 * time.Minute))
}

// happen lets an outage begin and end, and returns what its owner heard.
func (r run) happen() result {
	out := result{Name: r.outage.name}
	began := time.Now()
	for _, n := range r.hit {
		r.begin(n)
	}
	inhibited := map[alert]bool{}
	over := func(done func() bool, least time.Duration) {
		since := time.Now()
		for time.Since(since) < scaled(patience) && (time.Since(since) < scaled(least) || !done()) {
			for _, name := range r.whose {
				r.stack.inhibited(name, inhibited)
			}
			time.Sleep(500 * time.Millisecond)
		}
	}
	over(func() bool {
		return !slices.ContainsFunc(r.want, func(a alert) bool { return len(r.notices(a)) == 0 })
	}, r.lasts)
	ended := time.Now()
	for _, n := range r.hit {
		r.end(n)
	}
	over(func() bool {
		return !slices.ContainsFunc(r.want, func(a alert) bool {
			all := r.notices(a)
			return len(all) == 0 || all[len(all)-1].firing
		})
	}, settled)
	time.Sleep(scaled(settled))
	out.conclude(r, inhibited, began, ended)
	return out
}

// notices returns what came of this run's nodes about an alert, or all that did.
func (r run) notices(about alert) (found []notice) {
	for _, name := range r.whose {
		for _, n := range r.stack.inbox.of(name) {
			if n.alert == about || about == (alert{}) && n.Name != watchdog {
				found = append(found, n)
			}
		}
	}
	return found
}

// live is a quiet day: warnings are told, but nothing critical.
func (r run) live(ctx context.Context) result {
	out := result{Name: r.quiet.name}
	began := time.Now()
	r.quiet.live(ctx, r.hit[0])
	for _, n := range r.notices(alert{}) {
		if n.Severity == "critical" {
			out.wrong("%s came after %.1f min", n.alert, minutes(n.at.Sub(began)))
		} else if n.firing {
			out.Told = append(out.Told, told{n.alert, minutes(n.at.Sub(began)), -1})
		}
	}
	return out
}
