package life

import (
	"math/rand/v2"
	"testing"
	"time"
)

// playEvents plays a node and an explorer with the given events, and calls each after every minute.
func playEvents(node, network []event, each func(*fleet, *target)) {
	f := newFleet(rand.New(rand.NewPCG(1, 0)), newCatalog(), 1, Config{Minutes: 1}, time.Unix(1e9, 0))
	f.events, f.nodes[0].events = network, node
	m := newMemory()
	for minute := 1; minute < 5*hour; minute++ {
		f.step(minute)
		f.scrape(m)
		each(f, f.nodes[0].target)
	}
}

// sent returns the present value of a metric, if the target sends it.
func (t *target) sent(name string, values ...string) (float64, bool) {
	key := "raptoreum_" + name
	for k, s := range t.series {
		if k[0] == key && (len(values) == 0 || k[1] == values[0]) && s.times[len(s.times)-1] == t.at {
			return s.last()
		}
	}
	return 0, false
}

// TestReindex checks that a node that connects its chain again reports the past of its smartnode, and the present at the end.
func TestReindex(t *testing.T) {
	penalties, bans, banned := map[float64]bool{}, 0, false
	flags, last, truth := [2]int{}, 0.0, 0.0
	playEvents([]event{{kind{name: "reindex"}, 10, 130, 0}}, nil, func(f *fleet, x *target) {
		if v, ok := x.sent("smartnode_pose_penalty"); ok {
			penalties[v], last = true, v
		}
		if v, ok := x.sent("smartnode_pose_banned"); ok && v == 1 {
			bans++
		}
		if v, ok := x.sent("initial_block_download"); ok {
			flags[int(v)]++
		}
		banned, truth = banned || f.nodes[0].banned, float64(int(f.nodes[0].penalty))
	})
	if len(penalties) < 5 || bans < 5 || banned || last != truth {
		t.Errorf("%d penalties, the last %g, in truth %g; banned in %d minutes, in truth %t", len(penalties), last, truth, bans, banned)
	}
	if flags[1] < 60 || flags[0] < 60 {
		t.Errorf("minutes without and with the flag of the download: %v", flags)
	}
}

// TestExplorerLies checks that an explorer's lie about a ban is in what the exporter sends, and not in the truth.
func TestExplorerLies(t *testing.T) {
	lies := 0
	playEvents(nil, []event{{kind{name: "explorer 0 lies about a ban"}, 10, 70, 0}}, func(f *fleet, x *target) {
		if v, ok := x.sent("explorer_smartnode_pose_banned", "explorer.raptoreum.com"); ok && v == 1 {
			lies++
		}
		if f.nodes[0].banned {
			t.Error("it is banned")
		}
	})
	if lies < 50 || lies > 60 {
		t.Errorf("it lied for %d minutes, want 60", lies)
	}
}

// TestRestart checks that some restarts leave the node without a process for all of their time, and others until the end.
func TestRestart(t *testing.T) {
	for variant, want := range map[float64]int{0.1: 5, 0.9: 1} {
		got := 0
		playEvents([]event{{kind{name: "restart"}, 10, 15, variant}}, nil, func(_ *fleet, x *target) {
			if v, ok := x.sent("process_up"); ok && v == 0 {
				got++
			}
		})
		if got != want {
			t.Errorf("no process for %d minutes, want %d", got, want)
		}
	}
}

// TestDead checks that nothing else explains the alerts of a dead daemon: they have to end with it.
func TestDead(t *testing.T) {
	dead := 0
	playEvents([]event{{kind{name: "dead"}, 10, 40, 0}}, nil, func(f *fleet, _ *target) {
		c := f.nodes[0].truth
		if c["dead"] {
			dead++
		}
		if c["dead"] && c["gone"] {
			t.Error("it is gone as in a restart")
		}
	})
	if dead != 30 {
		t.Errorf("dead for %d minutes, want 30", dead)
	}
}

// TestNodeLabel checks that some owners of one node have a target without the label node.
func TestNodeLabel(t *testing.T) {
	with, without := 0, 0
	for seed := range uint64(60) {
		f := newFleet(rand.New(rand.NewPCG(seed, 0)), newCatalog(), 1+int(seed%2), Config{Minutes: 1}, time.Unix(1e9, 0))
		for _, n := range f.nodes {
			switch label := n.target.labels; {
			case label.Get("node") == n.name:
				with++
			case label.Has("node") || len(f.nodes) > 1:
				t.Errorf("the labels are %s", label)
			default:
				without++
			}
		}
	}
	if with < 50 || without < 1 {
		t.Errorf("%d with the label, %d without", with, without)
	}
}
