// Package simnet simulates a Raptoreum network on loopback: a daemon with its RPC port and its
// peer-to-peer port, and block explorers.
//
// It answers with captured bytes, modified by its State. A test, a demo or a script can switch an
// outage on and off while it runs, from Go with Network.Set or over HTTP at the control page. It
// shares no code with the code under test.
package simnet

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// Config configures a Network. Scenario is required, and Password or CookieDir.
type Config struct {
	Scenario *Scenario
	// Captures is the folder with p2p/v70220_with_mnauth.json, p2p/v70212_low.json and explorer/;
	// nil leaves the peer-to-peer port closed and starts no explorers.
	Captures       fs.FS
	Explorers      int           // 0 is 2; negative is none
	User, Password string        // of the RPC port; an empty password means a cookie
	CookieDir      string        // directory of .cookie, written again at each Restart
	DebugLog       string        // file to which the daemon logs new tips, penalties, bans and stops; "" is none
	AuthDelay      time.Duration // before the answer to wrong credentials; 0 is 250 ms
	OwnAddress     bool          // PeerAddress is the address in smartnode status, and in the ProTx unless it is revoked
	ControlAddress string        // of the control page; "" is any free port of 127.0.0.1
}

// Network is a running network. Its methods may be called concurrently.
type Network struct {
	config    Config
	handshake *handshake
	texts     *explorerTexts
	counter   *counter
	warmups   atomic.Uint64
	closed    chan struct{}
	advancing sync.WaitGroup

	rpc, peer, control, redirect *endpoint
	explorers                    []*endpoint
	crowd                        atomic.Pointer[crowd]

	setting   sync.Mutex // one change at a time, with its listeners
	finished  bool
	lastBlock time.Time

	mu      sync.Mutex
	state   State
	changed chan struct{} // closed at the next change
	cookie  string
}

// Start opens every listener on loopback. The caller calls Close.
func Start(c Config) (*Network, error) {
	if c.Scenario == nil {
		return nil, errors.New("simnet: no scenario; use Load")
	}
	if c.Password == "" && c.CookieDir == "" {
		return nil, errors.New("simnet: neither a password nor a directory for the cookie")
	}
	switch {
	case c.Captures == nil && c.Explorers > 0:
		return nil, errors.New("simnet: explorers answer with recorded bytes: Captures is missing")
	case c.Captures == nil:
		c.Explorers = -1
	case c.Explorers == 0:
		c.Explorers = 2
	}
	if c.AuthDelay == 0 {
		c.AuthDelay = 250 * time.Millisecond
	}
	if c.ControlAddress == "" {
		c.ControlAddress = "127.0.0.1:0"
	}
	n := &Network{
		config: c, closed: make(chan struct{}), changed: make(chan struct{}),
		lastBlock: time.Now(), state: c.Scenario.base.clone(),
	}
	if c.Captures != nil {
		h, err := loadHandshake(c.Captures)
		if err != nil {
			return nil, fmt.Errorf("simnet: %w", err)
		}
		n.handshake = h
		if n.texts, err = loadExplorer(c.Captures); err != nil {
			return nil, fmt.Errorf("simnet: %w", err)
		}
	}
	n.state.Started = n.lastBlock.Add(-c.Scenario.uptime).Truncate(time.Second)
	for range max(0, c.Explorers) {
		n.state.Explorers = append(n.state.Explorers, Explorer{Mode: ExplorerOK})
	}
	n.counter = newCounter(len(n.state.Explorers))
	if err := n.listen(); err != nil {
		n.Close()
		return nil, fmt.Errorf("simnet: %w", err)
	}
	n.advancing.Go(n.advance)
	return n, nil
}

func (n *Network) listen() error {
	loopback := "127.0.0.1:0"
	n.rpc = &endpoint{address: loopback, serve: serveHTTPCounted(n.serveRPC, n.counter.connection)}
	n.peer = &endpoint{address: loopback, serve: serveTCP(n.servePeer)}
	n.control = &endpoint{address: n.config.ControlAddress, serve: serveHTTP(n.serveControl)}
	for i := range n.state.Explorers {
		n.explorers = append(n.explorers, &endpoint{address: loopback, serve: serveHTTP(n.serveExplorer(i))})
	}
	n.redirect = &endpoint{address: loopback, serve: serveHTTP(n.serveExplorer(len(n.explorers)))}
	if err := n.newCookie(); err != nil {
		return err
	}
	for _, e := range n.endpoints() {
		if err := e.open(); err != nil {
			return err
		}
	}
	if n.config.OwnAddress {
		n.state.LocalAddress = n.peer.address
		if registered, err := netip.ParseAddrPort(n.state.Address); err != nil || registered.Port() != 0 {
			n.state.Address = n.peer.address // a revoked registration keeps [0:0:0:0:0:0:0:0]:0
		}
	}
	return n.switchPorts(n.state)
}

func (n *Network) endpoints() []*endpoint {
	return append([]*endpoint{n.rpc, n.peer, n.control, n.redirect}, n.explorers...)
}

// switchPorts closes and opens what the State wants closed and open.
func (n *Network) switchPorts(s State) error {
	turn := func(e *endpoint, open bool) error {
		if open {
			return e.open()
		}
		e.close()
		return nil
	}
	err := errors.Join(turn(n.rpc, s.Daemon != DaemonRefused),
		turn(n.peer, s.Port != PortClosed && n.handshake != nil))
	for i, e := range n.explorers {
		err = errors.Join(err, turn(e, s.Explorers[i].Mode != ExplorerDown))
	}
	return err
}

// RPCURL returns the base URL of the daemon's RPC port, without credentials.
func (n *Network) RPCURL() string { return "http://" + n.rpc.address }

// PeerAddress returns host:port of the daemon's peer-to-peer port.
func (n *Network) PeerAddress() string { return n.peer.address }

// ControlURL returns the address of the control page.
func (n *Network) ControlURL() string { return "http://" + n.control.address }

// ExplorerURLs returns the base URL of each explorer.
func (n *Network) ExplorerURLs() []string {
	var urls []string
	for _, e := range n.explorers {
		urls = append(urls, "http://"+e.address)
	}
	return urls
}

// Calls returns the requests so far.
func (n *Network) Calls() Calls { return n.counter.snapshot() }

// State returns the current state.
func (n *Network) State() State {
	s, _ := n.watch()
	return s
}

// watch returns the state and a channel that is closed when it changes.
func (n *Network) watch() (State, <-chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.state.clone(), n.changed
}

// Set changes the state and what follows from the change. It panics on an unknown mode, and when
// another program has taken a port that was closed.
func (n *Network) Set(change func(*State)) {
	if err := n.update(func(s *State) error { change(s); return nil }); err != nil {
		panic("simnet: " + err.Error())
	}
}

func (n *Network) update(change func(*State) error) error {
	n.setting.Lock()
	defer n.setting.Unlock()
	if n.finished {
		return errors.New("the network is closed")
	}
	old := n.State()
	next := old.clone()
	if err := change(&next); err != nil {
		return err
	}
	if err := next.validate(n.config.Scenario.base, len(n.explorers)); err != nil {
		return err
	}
	now := time.Now()
	settle(old, &next, now)
	if next.NetworkHeight != old.NetworkHeight {
		n.lastBlock = now
	}
	n.publish(next)
	return errors.Join(n.writeDebugLog(old, next, now), n.switchPorts(next))
}

func (n *Network) publish(next State) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.state = next
	close(n.changed)
	n.changed = make(chan struct{})
}

// AddBlock adds a block to the network now, and to our daemon's chain unless it is stalled.
func (n *Network) AddBlock() { n.Set((*State).advance) }

// advance adds a block every State.AdvanceEvery.
func (n *Network) advance() {
	for {
		state, changed := n.watch()
		var due <-chan time.Time
		if every := time.Duration(state.AdvanceEvery); every > 0 {
			n.setting.Lock()
			due = time.After(time.Until(n.lastBlock.Add(every)))
			n.setting.Unlock()
		}
		select {
		case <-due:
			// The only error is that of a closed network.
			_ = n.update(func(s *State) error { s.advance(); return nil })
		case <-changed:
		case <-n.closed:
			return
		}
	}
}

// Restart restarts the daemon: all connections and hanging calls end, the uptime starts at 0 and
// there is a new cookie. The rest of the State stays.
func (n *Network) Restart() error {
	n.setting.Lock()
	defer n.setting.Unlock()
	if n.finished {
		return errors.New("simnet: the network is closed")
	}
	n.rpc.close()
	n.peer.close()
	if err := n.newCookie(); err != nil {
		return err
	}
	next := n.State()
	next.Started = time.Now()
	n.publish(next)
	return n.switchPorts(next)
}

// Close closes all listeners and connections, ends hanging calls and removes the cookie.
func (n *Network) Close() {
	n.setting.Lock()
	if n.finished {
		n.setting.Unlock()
		return
	}
	n.finished = true
	close(n.closed)
	n.setting.Unlock() // a request of the control page may wait for it
	for _, e := range n.endpoints() {
		e.close()
	}
	n.crowd.Load().close()
	n.advancing.Wait()
	if n.config.Password == "" {
		_ = os.Remove(filepath.Join(n.config.CookieDir, ".cookie"))
	}
}
