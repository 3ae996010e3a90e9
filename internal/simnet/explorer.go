package simnet

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// getblockKept is how long the explorer software caches the answers of getblock, errors too.
const getblockKept = time.Hour

// missingBlocks are the requests of getblock that an explorer answered with an error, until when.
type missingBlocks struct {
	mu    sync.Mutex
	until map[string]time.Time // by height as it was requested
}

// has reports whether the error about a height is still cached.
func (m *missingBlocks) has(height string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return time.Now().Before(m.until[height])
}

func (m *missingBlocks) add(height string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.until == nil {
		m.until = map[string]time.Time{}
	}
	m.until[height] = time.Now().Add(getblockKept)
}

// serveExplorer plays the i-th explorer; the one after the last is where redirects lead.
func (n *Network) serveExplorer(i int) func(context.Context, http.ResponseWriter, *http.Request) {
	missing := &missingBlocks{}
	return func(life context.Context, w http.ResponseWriter, r *http.Request) {
		n.counter.explorer(i, r.URL.Path)
		s := n.State()
		e := Explorer{Mode: ExplorerOK}
		if i < len(s.Explorers) {
			e = s.Explorers[i]
		}
		if n.brokenExplorer(life, w, r, e.Mode) || n.refuseRequest(life, w, r, e.Mode) {
			return
		}
		a := n.explore(s, e, r, missing)
		w.Header().Set("Content-Type", a.contentType)
		if e.Mode == ExplorerSlowDrip {
			drip(life, w, a.body)
			return
		}
		_, _ = w.Write(a.body)
	}
}

// brokenExplorer answers in the modes in which the explorer software does not, and reports whether it did.
func (n *Network) brokenExplorer(life context.Context, w http.ResponseWriter, r *http.Request, mode ExplorerMode) bool {
	switch mode {
	case ExplorerHTML: // of a proxy in front of it
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body></body></html>\n")
	case ExplorerHuge:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		writeHuge(w, "", "")
	case ExplorerRedirect:
		http.Redirect(w, r, "http://"+n.redirect.address+r.URL.RequestURI(), http.StatusFound)
	case ExplorerHang:
		hang(life, r)
	default:
		return false
	}
	return true
}

// refuseRequest plays what the explorer software does before it comes to the API, in its order, and reports
// whether the request ends there.
func (n *Network) refuseRequest(life context.Context, w http.ResponseWriter, r *http.Request, mode ExplorerMode) bool {
	_, agent := r.Header["User-Agent"]
	isAPI := strings.HasPrefix(r.URL.Path, "/api/") && r.URL.Path != "/api/"
	switch {
	case !agent:
		n.texts.noAgent.write(w)
	case r.Method == http.MethodPost:
		n.texts.post.write(w)
	case r.URL.Path == "/" || r.URL.Path == "/api" || r.URL.Path == "/api/":
		n.texts.page.write(w)
	case isAPI && mode == ExplorerRateLimited:
		n.texts.limited.write(w)
	case !isAPI || !playedPath(r.URL.Path):
		hang(life, r)
	default:
		return false
	}
	return true
}

// playedPath reports whether the path is one of those that are played. The explorer software has more; they
// hang like those that it does not have.
func playedPath(path string) bool {
	switch path {
	case "/api/getblockcount", "/api/getblock", "/api/protx", "/api/smartnode":
		return true
	}
	return false
}

// hang does not answer until the client gives up.
func hang(life context.Context, r *http.Request) {
	select {
	case <-life.Done():
	case <-r.Context().Done():
	}
}
