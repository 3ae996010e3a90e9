package simnet

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// serveExplorer plays the i-th explorer; the one after the last is where redirects lead.
func (n *Network) serveExplorer(i int) func(context.Context, http.ResponseWriter, *http.Request) {
	return func(life context.Context, w http.ResponseWriter, r *http.Request) {
		n.counter.explorer(i, r.URL.Path)
		s := n.State()
		e := Explorer{Mode: ExplorerOK}
		if i < len(s.Explorers) {
			e = s.Explorers[i]
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		switch e.Mode {
		case ExplorerHTML:
			_, _ = io.WriteString(w, "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body></body></html>\n")
			return
		case ExplorerRateLimited:
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = io.WriteString(w, "Too many requests, please try again later.")
			return
		case ExplorerErrorText:
			_, _ = io.WriteString(w, "Error: connect ECONNREFUSED 127.0.0.1:10225")
			return
		case ExplorerHuge:
			writeHuge(w, "", "")
			return
		case ExplorerRedirect:
			http.Redirect(w, r, "http://"+n.redirect.address+r.URL.RequestURI(), http.StatusFound)
			return
		}
		contentType, body := n.explore(s, e, r)
		w.Header().Set("Content-Type", contentType)
		if e.Mode == ExplorerSlowDrip {
			drip(life, w, body)
			return
		}
		_, _ = w.Write(body)
	}
}

// explore answers an API request. An explorer answers 200 also when it has nothing to say.
func (n *Network) explore(s State, e Explorer, r *http.Request) (contentType string, body []byte) {
	v := n.view(s)
	v.Height = s.NetworkHeight // an explorer has its own daemon
	switch e.Mode {
	case ExplorerStale:
		v.Height = e.Frozen
	case ExplorerLying:
		v.Height += e.Offset
	}
	if e.Penalty != nil {
		v.Penalty = *e.Penalty
	}
	if e.BanHeight != nil {
		v.BanHeight = *e.BanHeight
	}
	query := r.URL.Query()
	switch {
	case r.URL.Path == "/api/getblockcount":
		return "text/plain; charset=utf-8", []byte(strconv.Itoa(v.Height))
	case r.URL.Path == "/api/protx" && query.Get("command") == "info":
		hash := query.Get("protxhash")
		if e.Mode == ExplorerUnknownNode {
			return rpcErrorObject(&rpcError{codeInvalidParam, hash + " not found"})
		}
		params, _ := json.Marshal([]string{"info", hash})
		return explorerReply(v.protxInfo(call{method: "protx", params: params, words: []any{"info", hash}}))
	case r.URL.Path == "/api/smartnode" && query.Get("command") == "count":
		return explorerReply(v.reply(call{method: "smartnode", params: json.RawMessage(`["count"]`), words: []any{"count"}}))
	case r.URL.Path == "/api/getblock":
		height, err := strconv.Atoi(query.Get("height"))
		if err != nil || height < 0 || height > v.Height {
			return rpcErrorObject(&rpcError{codeInvalidParam, "Block height out of range"})
		}
		return explorerReply(v.block(height, e.Mode == ExplorerForked), nil)
	}
	return "text/html; charset=utf-8", []byte("<!DOCTYPE html><html><body>Not found</body></html>\n")
}

// block is getblock: the header, sizes and one transaction.
func (v view) block(height int, forked bool) object {
	fields := v.header(height)
	fields["size"], fields["strippedsize"] = 325, 325
	fields["tx"] = []any{madeHash("transaction", height)}
	if forked {
		fields["hash"] = madeHash("fork", height)
		fields["previousblockhash"] = madeHash("fork", height-1)
	}
	return fields
}

func explorerReply(result any, err *rpcError) (contentType string, body []byte) {
	if err != nil {
		return rpcErrorObject(err)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, encode(result), "", "  "); err != nil {
		return "text/plain; charset=utf-8", fmt.Appendf(nil, "Error: %v", err)
	}
	return "application/json; charset=utf-8", b.Bytes()
}

// rpcErrorObject is how the explorer's client library shows an error of its daemon.
func rpcErrorObject(err *rpcError) (contentType string, body []byte) {
	return explorerReply(object{"name": "RpcError", "code": err.Code, "message": err.Message}, nil)
}
