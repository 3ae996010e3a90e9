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

// What owners had before: an uptime service that connects to the port, and the check script of the
// installers that cron runs. An outage that begins right after a look is seen at the next one.
const (
	UptimeEvery = 5 * time.Minute
	ScriptEvery = 15 * time.Minute
)

// lookTime is how long a look waits for an answer, which is not scaled.
const lookTime = 500 * time.Millisecond

// Noticed says when those before us had noticed an outage, in minutes since it began; -1 is never.
type Noticed struct {
	Uptime float64 `json:"uptime_minutes"`
	Script float64 `json:"script_minutes"` // that it acted: it tells nobody
}

// Before looks at the node as they did, from just before an outage until ctx is done.
func (n *Node) Before(ctx context.Context, begin func()) Noticed {
	noticed := Noticed{-1, -1}
	var script Script
	script.Look(n.seen(ctx)) // at an earlier time, when all was well
	begin()
	tick := time.NewTicker(Scaled(UptimeEvery))
	defer tick.Stop()
	for passed := UptimeEvery; ; passed += UptimeEvery {
		select {
		case <-ctx.Done():
			return noticed
		case <-tick.C:
		}
		if noticed.Uptime < 0 && !n.accepts(ctx) {
			noticed.Uptime = passed.Minutes()
		}
		if passed%ScriptEvery == 0 && script.Look(n.seen(ctx)) != Nothing && noticed.Script < 0 {
			noticed.Script = passed.Minutes()
		}
	}
}

// accepts is all that an uptime service asks: whether the port accepts a connection.
func (n *Node) accepts(ctx context.Context) bool {
	conn, err := (&net.Dialer{Timeout: lookTime}).DialContext(ctx, "tcp", n.network.PeerAddress())
	if err != nil { // a reset comes after it was accepted; a look cut short saw nothing
		return errors.Is(err, syscall.ECONNRESET) || ctx.Err() != nil
	}
	_ = conn.Close() // whatever it says, the port has accepted
	return true
}

// Seen is what the script reads; -1 is what it could not read.
type Seen struct {
	Score   int // PoSe penalty, as an explorer says
	Network int // height, as an explorer says
	Local   int // height, as raptoreum-cli says
}

// seen reads it. raptoreum-cli has the daemon's own raptoreum.conf, so it is not refused.
func (n *Node) seen(ctx context.Context) Seen {
	seen := Seen{-1, -1, -1}
	state := n.network.State()
	if slices.Contains([]simnet.DaemonMode{simnet.DaemonOK, simnet.DaemonUnauthorized}, state.Daemon) {
		seen.Local = state.Height
	}
	for _, base := range n.network.ExplorerURLs() { // the second when the first has no number
		var reply struct{ State struct{ PoSePenalty *int } }
		body := look(ctx, base+"/api/protx?command=info&protxhash="+n.protx)
		if json.Unmarshal(body, &reply) == nil && reply.State.PoSePenalty != nil && seen.Score < 0 {
			seen.Score = *reply.State.PoSePenalty
		}
		if height, err := strconv.Atoi(string(look(ctx, base+"/api/getblockcount"))); err == nil && seen.Network < 0 {
			seen.Network = height
		}
	}
	return seen
}

// look returns what an explorer answers, or nothing.
func look(ctx context.Context, url string) []byte {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
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

// Action is what the script does after a look.
type Action string

// The actions. Resync reconsiders blocks, or deletes the chain and starts from a bootstrap.
const (
	Nothing Action = ""
	Restart Action = "restart" // killall, and -9 after 90 seconds without an answer
	Resync  Action = "resync"
)

// Script is what the check script remembers between its looks. The zero value has not looked yet.
type Script struct {
	looked        bool
	score, height int
	stuck         bool // it has restarted the daemon, and nothing was well since
}

// Look decides as the script does: a score that rose is a restart; while the score stays, a height
// that is more than 3 below the explorer's (or has none to compare with) and does not grow is a
// restart, and a second time in a row a resync.
func (s *Script) Look(seen Seen) Action {
	if !s.looked {
		s.score, s.height = -1, -1
	}
	score, height := s.score, s.height
	first := !s.looked || score == -1
	s.looked, s.score = true, seen.Score
	if seen.Score > max(0, score) {
		s.stuck = true
		return Restart
	}
	if seen.Score > 0 && seen.Score < score {
		s.stuck = false
	}
	s.height = seen.Local
	switch {
	case seen.Score != score && !first:
		return Nothing
	case seen.Network != -1 && seen.Network-seen.Local <= 3, seen.Local > height:
		s.stuck = false
		return Nothing
	case !s.stuck:
		s.stuck = true
		return Restart
	}
	return Resync
}
