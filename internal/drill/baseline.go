package drill

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"syscall"
	"time"

	"raptoreum_exporter/internal/simnet"
)

// Intervals of the baseline, which is what owners used before: an uptime service that connects to the
// port, and the installers' check script, run by cron. An outage begins right after a check, so the next
// check detects it at the earliest.
const (
	UptimeEvery = 5 * time.Minute
	ScriptEvery = 15 * time.Minute
)

// checkTimeout is the timeout of one check. It is not scaled.
const checkTimeout = 500 * time.Millisecond

// Baseline is when the baseline checks detected an outage, in minutes since it began; -1 is never.
type Baseline struct {
	Uptime float64 `json:"uptime_minutes"`
	Script float64 `json:"script_minutes"` // when the script acted; it sends no notification
}

// WatchBaseline runs the baseline checks from just before an outage until ctx is done.
func (n *Node) WatchBaseline(ctx context.Context, begin func()) Baseline {
	baseline := Baseline{-1, -1}
	var script Script
	script.Check(n.observe(ctx)) // the check before the outage
	begin()
	tick := time.NewTicker(Scaled(UptimeEvery))
	defer tick.Stop()
	for passed := UptimeEvery; ; passed += UptimeEvery {
		select {
		case <-ctx.Done():
			return baseline
		case <-tick.C:
		}
		if baseline.Uptime < 0 && !n.accepts(ctx) {
			baseline.Uptime = passed.Minutes()
		}
		if passed%ScriptEvery == 0 && script.Check(n.observe(ctx)) != Nothing && baseline.Script < 0 {
			baseline.Script = passed.Minutes()
		}
	}
}

// accepts reports whether the port accepts a connection, which is all that an uptime service checks.
func (n *Node) accepts(ctx context.Context) bool {
	conn, err := (&net.Dialer{Timeout: checkTimeout}).DialContext(ctx, "tcp", n.network.PeerAddress())
	if err != nil { // a reset follows an accepted connection; a canceled check proves nothing
		return errors.Is(err, syscall.ECONNRESET) || ctx.Err() != nil
	}
	_ = conn.Close() // the port has accepted, whatever the error
	return true
}

// Observation is the input of the check script; -1 is an unknown value.
type Observation struct {
	Score   int // PoSe penalty, from an explorer
	Network int // height, from an explorer
	Local   int // height, from raptoreum-cli
}

// observe reads the script's input. raptoreum-cli reads the daemon's raptoreum.conf, so it is always authorized.
func (n *Node) observe(ctx context.Context) Observation {
	observed := Observation{-1, -1, -1}
	state := n.network.State()
	if slices.Contains([]simnet.DaemonMode{simnet.DaemonOK, simnet.DaemonUnauthorized}, state.Daemon) {
		observed.Local = state.Height
	}
	for _, base := range n.network.ExplorerURLs() { // the second one if the first has no number
		var reply struct{ State struct{ PoSePenalty *int } }
		body := fetch(ctx, base+"/api/protx?command=info&protxhash="+n.protx)
		if json.Unmarshal(body, &reply) == nil && reply.State.PoSePenalty != nil && observed.Score < 0 {
			observed.Score = *reply.State.PoSePenalty
		}
		if height, err := strconv.Atoi(string(fetch(ctx, base+"/api/getblockcount"))); err == nil && observed.Network < 0 {
			observed.Network = height
		}
	}
	return observed
}

// fetch returns the body of an explorer's reply, or nil on any error.
func fetch(ctx context.Context, url string) []byte {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil
	}
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return nil
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return nil
	}
	return body
}

// Action is what the script does after a check.
type Action string

// The actions. Resync reconsiders blocks, or deletes the chain and starts from a bootstrap.
const (
	Nothing Action = ""
	Restart Action = "restart" // killall, and -9 after 90 seconds without an answer
	Resync  Action = "resync"
)

// Script is the state of the check script between its checks. The zero value has not checked yet.
type Script struct {
	checked       bool
	score, height int
	stuck         bool // it has restarted the daemon, which has not recovered since
}

// Check decides as the script does. A higher score causes a restart. If the score is unchanged, a
// height that does not grow and is more than 3 blocks below the explorer's, or cannot be compared,
// causes a restart, and a resync the second time in a row.
func (s *Script) Check(now Observation) Action {
	if !s.checked {
		s.score, s.height = -1, -1
	}
	score, height := s.score, s.height
	first := !s.checked || score == -1
	s.checked, s.score = true, now.Score
	if now.Score > max(0, score) {
		s.stuck = true
		return Restart
	}
	if now.Score > 0 && now.Score < score {
		s.stuck = false
	}
	s.height = now.Local
	switch {
	case now.Score != score && !first:
		return Nothing
	case now.Network != -1 && now.Network-now.Local <= 3, now.Local > height:
		s.stuck = false
		return Nothing
	case !s.stuck:
		s.stuck = true
		return Restart
	}
	return Resync
}
