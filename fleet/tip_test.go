package fleet

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/explorer"
	"raptoreum_exporter/internal/poll"
	"raptoreum_exporter/internal/simnet"
	"raptoreum_exporter/p2p"
)

// daemonFleet is a fleet of the captured smartnode ("registered") and one that is not in the list ("gone"), on a fake
// daemon, and the network that it is in.
func daemonFleet(t *testing.T, scenario string, change func(*simnet.State)) (*Fleet, *simnet.Network) {
	t.Helper()
	s, err := simnet.Load(os.DirFS("../testdata/scenarios/" + scenario))
	if err != nil {
		t.Fatal(err)
	}
	fake, err := simnet.Start(simnet.Config{Scenario: s, Captures: os.DirFS("../testdata/captures"), Password: "x"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	if change != nil {
		fake.Set(change)
	}
	ctx, cancel := context.WithCancel(t.Context())
	transport := &http.Transport{}
	t.Cleanup(func() { cancel(); transport.CloseIdleConnections() })
	explorers, err := explorer.New(ctx, explorer.Config{URLs: fake.ExplorerURLs(), HTTP: transport})
	if err != nil {
		t.Fatal(err)
	}
	explorers.Heights(ctx, poll.Wait)
	client, err := daemon.NewClient(ctx, daemon.Config{
		URL: fake.RPCURL(), Credentials: func() (daemon.Credentials, error) { return daemon.Credentials{Password: "x"}, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "fleet.yml")
	nodes := fmt.Sprintf("nodes:\n- {protx: %s, name: registered}\n- {protx: %064d, name: gone}\n", s.ProTxHash(), 7)
	if err := os.WriteFile(file, []byte(nodes), 0o600); err != nil {
		t.Fatal(err)
	}
	port := p2p.NewProber(ctx, p2p.Config{Dial: func(ctx context.Context, _, network string) (p2p.Peer, error) {
		return p2p.Dialer{UserAgent: "/test/"}.Dial(ctx, fake.PeerAddress(), network)
	}})
	f, err := New(ctx, file, Sources{Port: port, AllowPrivate: true, Daemon: client, Explorers: explorers, ExplorerNetwork: daemon.Regtest})
	if err != nil {
		t.Fatal(err)
	}
	return f, fake
}

// TestDaemonBehind: a daemon far from the tip of the network says nothing about the present, not even that a
// smartnode is not registered.
func TestDaemonBehind(t *testing.T) {
	const hour = int64(3600)
	recent := func(s *simnet.State) { s.BlockTime = time.Now().Unix() - hour/2 }
	alone := func(s *simnet.State) { s.PeersIn, s.PeersOut = 0, 0 }
	ahead := func(first, second int) func(*simnet.State) {
		return func(s *simnet.State) {
			for i, offset := range []int{first, second} {
				s.Explorers[i].Mode, s.Explorers[i].Offset = simnet.ExplorerLying, offset
			}
		}
	}
	down := func(s *simnet.State) {
		for i := range s.Explorers {
			s.Explorers[i].Mode = simnet.ExplorerErrorText
		}
	}
	for _, test := range []struct {
		name, scenario string
		change         []func(*simnet.State)
		behind         string // empty: it is believed
	}{
		{"near", "healthy", nil, ""},
		{"captured while it syncs", "syncing", nil, "267 blocks behind the headers"},
		{"downloading", "healthy", []func(*simnet.State){func(s *simnet.State) { s.InitialBlockDownload = true }}, "none"},
		{"10 behind", "healthy", []func(*simnet.State){down, func(s *simnet.State) { s.PeersHeight += 10 }}, ""},
		{"11 behind its peers", "healthy", []func(*simnet.State){down, func(s *simnet.State) { s.PeersHeight += 11 }}, "11 blocks behind its peers"},
		{"near its peers, recent tip, 11 behind the explorers", "healthy", []func(*simnet.State){recent, ahead(11, 11)}, ""},
		{"near its peers, old tip, 11 behind the explorers", "healthy", []func(*simnet.State){ahead(11, 11)}, "11 blocks behind two explorers"},
		{"no peers, 11 behind the explorers", "healthy", []func(*simnet.State){alone, ahead(11, 11)}, "11 blocks behind two explorers"},
		{"no peers, near the explorers, old tip", "healthy", []func(*simnet.State){alone, ahead(0, 0)}, ""},
		{"no peers, explorers that disagree, old tip", "healthy", []func(*simnet.State){alone, ahead(0, 11)}, "no peer"},
		{"the network has stalled for 2 days", "healthy", []func(*simnet.State){func(s *simnet.State) { s.BlockTime = time.Now().Unix() - 48*hour }}, ""},
		{"no peers, recent tip", "healthy", []func(*simnet.State){down, alone, recent}, ""},
		{"no peers, old tip", "healthy", []func(*simnet.State){down, alone, func(s *simnet.State) { s.BlockTime = time.Now().Unix() - 2*hour }}, "no peer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f, _ := daemonFleet(t, test.scenario, func(s *simnet.State) {
				for _, change := range test.change {
					change(s)
				}
			})
			want := map[string]string{"registered": "1", "gone": "0"}
			if test.behind != "" {
				want = map[string]string{"registered": "", "gone": ""}
			}
			for name, known := range want {
				if got := registered(t, f, name); got != known {
					t.Errorf("%s: %q, want %q", name, got, known)
				}
			}
			switch v := f.Snapshot(t.Context(), poll.NoWait).View; {
			case test.behind == "none":
				if v != nil {
					t.Errorf("%+v", v)
				}
			case v == nil || test.behind == "" && v.Behind != nil,
				test.behind != "" && (v.Behind == nil || !strings.Contains(v.Behind.Error(), test.behind)):
				t.Errorf("behind: %+v, want %q", v, test.behind)
			}
		})
	}
}

// TestListOfTheView: a list of a time when the daemon was far from the tip is not used once it has caught up.
func TestListOfTheView(t *testing.T) {
	start := time.Now()
	list := func(height int64, after time.Duration) *daemon.List {
		return &daemon.List{Height: height, Asked: start.Add(after), Tip: fmt.Sprint(height)}
	}
	far := fmt.Errorf("behind")
	early, first, second := list(100, 0), list(1000, 2*time.Minute), list(1001, 3*time.Minute)
	fast := list(1100, 5*time.Minute)
	var last *View
	for _, step := range []struct {
		name    string
		after   time.Duration
		height  int64
		behind  error
		list    *daemon.List // the last one that the daemon sent
		want    *daemon.List
		current bool
	}{
		{"it catches up", 0, 100, far, early, early, false},
		{"at the tip, with the list from before", time.Minute, 1000, nil, early, early, false},
		{"with a new list", 2 * time.Minute, 1000, nil, first, first, true},
		{"a block later", 3 * time.Minute, 1001, nil, second, second, true},
		{"it begins again", 4 * time.Minute, 200, far, list(200, 4*time.Minute), second, false},
		{"at the tip again", 4*time.Minute + time.Second, 1002, nil, list(200, 4*time.Minute), second, true},
		{"blocks come fast", 6 * time.Minute, 1200, nil, fast, fast, true},
	} {
		now := start.Add(step.after)
		v := &View{Tip: fmt.Sprint(step.height), Height: step.height, Behind: step.behind, At: now}
		v.take(step.list, last, now)
		if v.List != step.want || v.Current(now) != step.current {
			t.Errorf("%s: list of %d, current %t; want %d, %t", step.name, v.List.Height, v.Current(now), step.want.Height, step.current)
		}
		last = v
	}
}

// TestHeightDifference: a node is compared with the height of our daemon at the time of the handshake, whatever
// happened since.
func TestHeightDifference(t *testing.T) {
	f, network := daemonFleet(t, "healthy", nil)
	s := f.Snapshot(t.Context(), poll.Wait)
	node, _ := s.Find("registered")
	if r := f.Known(t.Context(), s, node); r.HeightDifference != nil || !r.Seen.IsZero() {
		t.Errorf("before the first handshake: %v, %s", r.HeightDifference, r.Seen)
	}
	began := time.Now()
	probed := f.Probe(t.Context(), s, node, poll.Wait)
	for range 3 {
		network.AddBlock()
	}
	if _, err := f.update(t.Context()); err != nil {
		t.Fatal(err)
	}
	known := f.Known(t.Context(), s, node)
	for _, r := range []ProbeResult{probed, known} {
		if r.HeightDifference == nil || *r.HeightDifference != 0 || r.Seen.Before(began) || r.Seen.After(time.Now()) {
			t.Errorf("%+v", r)
		}
	}
}
