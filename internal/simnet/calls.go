package simnet

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Calls counts the requests to a Network since Start.
type Calls struct {
	RoundTrips      int              `json:"round_trips"`       // HTTP requests at the RPC port
	Methods         map[string]int   `json:"methods"`           // by method and sub-command: "smartnode status"
	Connections     int              `json:"connections"`       // TCP connections accepted at the RPC port
	OpenConnections int              `json:"open_connections"`  // of these, the ones that are open now
	Outstanding     int              `json:"outstanding"`       // requests without a reply yet
	MainLock        int              `json:"main_lock"`         // of these, the ones with a call that takes the main lock
	MaxMainLock     int              `json:"max_main_lock"`     // maximum of them at one time
	Forbidden       []string         `json:"forbidden"`         // calls that can crash a real daemon; must be empty
	PeerDials       int              `json:"peer_dials"`        // TCP connections at the peer-to-peer port
	Explorers       []map[string]int `json:"explorers"`         // requests by path, of each explorer
	RedirectTarget  int              `json:"redirect_followed"` // requests that followed an explorer's redirect
}

// counter keeps the Calls. A request counts as outstanding until the daemon has finished it: one that
// hangs occupies its worker even after the client disconnected, as in the real daemon.
type counter struct {
	mu      sync.Mutex
	calls   Calls
	working map[*work]struct{}
}

// work is one request that is being answered.
type work struct {
	methods  []string
	mainLock bool
	since    time.Time
}

func newCounter(explorers int) *counter {
	c := &counter{working: make(map[*work]struct{})}
	c.calls.Methods = make(map[string]int)
	c.calls.Forbidden = []string{}
	for range explorers {
		c.calls.Explorers = append(c.calls.Explorers, make(map[string]int))
	}
	return c
}

func (c *counter) begin(calls []call) *work {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := &work{since: time.Now()}
	c.calls.RoundTrips++
	for _, call := range calls {
		if call.err != nil {
			continue
		}
		w.methods = append(w.methods, call.method)
		w.mainLock = w.mainLock || call.mainLock() && call.name() != dkgStatus
		name := call.name()
		c.calls.Methods[name]++
		if strings.HasPrefix(name, "smartnode payments") {
			c.calls.Forbidden = append(c.calls.Forbidden, name)
		}
	}
	c.working[w] = struct{}{}
	c.calls.Outstanding++
	if w.mainLock {
		c.calls.MainLock++
		c.calls.MaxMainLock = max(c.calls.MaxMainLock, c.calls.MainLock)
	}
	return w
}

func (c *counter) end(w *work) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.working[w]; !ok {
		return // already
	}
	delete(c.working, w)
	c.calls.Outstanding--
	if w.mainLock {
		c.calls.MainLock--
	}
}

// connection counts an accepted (1) or closed (-1) connection at the RPC port.
func (c *counter) connection(delta int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls.Connections += max(delta, 0)
	c.calls.OpenConnections += delta
}

func (c *counter) dial() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls.PeerDials++
}

// explorer counts a request; the explorer after the last is the target of redirects.
func (c *counter) explorer(i int, path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i == len(c.calls.Explorers) {
		c.calls.RedirectTarget++
		return
	}
	c.calls.Explorers[i][path]++
}

// others lists the commands of the other requests in progress, as getrpcinfo shows them.
func (c *counter) others(own *work, now time.Time) []any {
	c.mu.Lock()
	defer c.mu.Unlock()
	var active []any
	for w := range c.working {
		if w != own && len(w.methods) > 0 {
			active = append(active, object{"method": w.methods[0], "duration": now.Sub(w.since).Microseconds()})
		}
	}
	return active
}

func (c *counter) snapshot() Calls {
	c.mu.Lock()
	defer c.mu.Unlock()
	calls := c.calls
	calls.Methods = maps.Clone(calls.Methods)
	calls.Forbidden = slices.Clone(calls.Forbidden)
	calls.Explorers = slices.Clone(calls.Explorers)
	for i, m := range calls.Explorers {
		calls.Explorers[i] = maps.Clone(m)
	}
	return calls
}
