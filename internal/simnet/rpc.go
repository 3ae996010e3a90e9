package simnet

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const page503 = `<HTML><HEAD>
<TITLE>503 Service Unavailable</TITLE>
</HEAD><BODY>
<H1>Service Unavailable</H1>
</BODY></HTML>
`

// hugeReply is the size of the largest answers, in bytes.
const hugeReply = 100 << 20

// serveRPC is the HTTP server of the daemon. Its checks and their order are those of httpserver.cpp
// and httprpc.cpp: the work queue comes before the credentials.
func (n *Network) serveRPC(life context.Context, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 32<<20))
	if err != nil {
		return
	}
	calls, batch := parse(body)
	work := n.counter.begin(calls)
	defer n.counter.end(work)

	state, ok := n.await(life, calls)
	if !ok || !sleep(life, time.Duration(state.RPCDelay)*time.Duration(len(calls))) {
		return
	}
	state = n.State()
	if n.rejected(life, state, work, w, r) {
		return
	}
	n.answer(state, work, calls, batch, w)
}

// await waits while the daemon hangs or its main lock is held, as a stopped process that continues
// answers the requests that came in the meantime. It returns false when life ends before.
func (n *Network) await(life context.Context, calls []call) (State, bool) {
	began := time.Now()
	for {
		state, changed := n.watch()
		var due <-chan time.Time
		if !hangs(state, calls) {
			left := time.Duration(state.MainLockDelay) - time.Since(began)
			if left <= 0 || !slices.ContainsFunc(calls, call.mainLock) {
				return state, life.Err() == nil
			}
			due = time.After(left)
		}
		select {
		case <-due:
		case <-changed:
		case <-life.Done():
			return state, false
		}
	}
}

func hangs(s State, calls []call) bool {
	switch s.Daemon {
	case DaemonHung, DaemonRefused: // a process that ends does not answer before
		return true
	case DaemonHungMainLock:
		if slices.ContainsFunc(calls, call.mainLock) {
			return true
		}
	}
	return slices.ContainsFunc(calls, func(c call) bool {
		return s.HangDKGStatus && c.name() == dkgStatus || s.HangList && c.name() == "protx list"
	})
}

// rejected answers a request that does not reach the RPC calls.
func (n *Network) rejected(life context.Context, s State, own *work, w http.ResponseWriter, r *http.Request) bool {
	respond := func(status int, body string) bool {
		if w.Header().Get("Content-Type") == "" {
			w.Header().Set("Content-Type", "text/html; charset=ISO-8859-1")
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		n.counter.end(own) // before the client can send the next one
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // here and below an error means that the client disconnected
		return true
	}
	switch {
	case s.Daemon == DaemonStopping:
		w.Header().Set("Connection", "close")
		w.Header().Set("Content-Type", "text/html")
		return respond(http.StatusServiceUnavailable, page503)
	case s.Daemon == DaemonForbidden:
		return respond(http.StatusForbidden, "")
	case r.URL.Path != "/" && !strings.HasPrefix(r.URL.Path, "/wallet/"):
		return respond(http.StatusNotFound, "")
	case s.Daemon == DaemonBusy:
		return respond(http.StatusInternalServerError, "Work queue depth exceeded")
	case r.Method != http.MethodPost:
		return respond(http.StatusMethodNotAllowed, "JSONRPC server handles only POST requests")
	case s.Daemon == DaemonUnauthorized || !n.authorized(r):
		if r.Header.Get("Authorization") != "" && !sleep(life, n.config.AuthDelay) {
			return true
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="jsonrpc"`)
		return respond(http.StatusUnauthorized, "")
	case s.Daemon == DaemonNotJSON:
		w.Header().Set("Content-Type", "text/html")
		return respond(http.StatusOK, "<html><body><h1>It works!</h1></body></html>\n")
	}
	return false
}

// answer executes the calls and sends the replies.
func (n *Network) answer(s State, own *work, calls []call, batch bool, w http.ResponseWriter) {
	v := n.view(s)
	warmup := ""
	if s.Daemon == DaemonWarmingUp {
		warmup = n.warmupMessage()
	}
	status := http.StatusOK
	var body []byte
	for i, c := range calls {
		result, err := any(nil), c.err
		switch {
		case err != nil:
		case warmup != "":
			err = &rpcError{codeWarmingUp, warmup}
		default:
			result, err = v.reply(c)
		}
		if c.method == "getrpcinfo" && err == nil {
			addCommands(result, n.counter.others(own, v.now))
		}
		if s.Daemon == DaemonOtherShape {
			result = otherShape(result)
		}
		if s.Daemon == DaemonGarbageText {
			result, err = garbageTexts(result), garbageError(err)
		}
		if i > 0 {
			body = append(body, ',')
		}
		body = appendReply(body, result, err, c.id)
		if !batch {
			status = err.status()
		}
	}
	n.counter.end(own) // before the client can send the next one
	if batch {
		body = append(append([]byte{'['}, body...), ']')
	}
	n.send(s, status, append(body, '\n'), w)
}

// send writes the body, with the fault of the State.
func (n *Network) send(s State, status int, body []byte, w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	switch s.Daemon {
	case DaemonHuge:
		writeHuge(w, `{"result":"`, `","error":null,"id":0}`)
		return
	case DaemonGarbageText:
		body = fillGarbage(body)
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if s.Daemon == DaemonTruncated {
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(body)
}

// appendReply writes the reply in the daemon's order of fields.
func appendReply(body []byte, result any, err *rpcError, id json.RawMessage) []byte {
	if err != nil {
		result = nil
	}
	if len(id) == 0 {
		id = json.RawMessage("null")
	}
	body = append(body, `{"result":`...)
	body = append(body, encode(result)...)
	body = append(body, `,"error":`...)
	body = append(body, encode(err)...)
	body = append(body, `,"id":`...)
	return append(append(body, id...), '}')
}

// warmupMessage returns the next of the texts that were captured while a daemon started.
func (n *Network) warmupMessage() string {
	messages := warmupMessages()
	return messages[(n.warmups.Add(1)-1)%uint64(len(messages))]
}

func warmupMessages() []string {
	return []string{
		"RPC server started", "Loading banlist...", "Loading block index...",
		"Loading governance cache...", "Loading fulfilled requests cache...", "Starting network threads...",
	}
}
