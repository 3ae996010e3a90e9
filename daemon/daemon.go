// Package daemon talks to raptoreumd: it reads raptoreum.conf, makes a few read-only calls over
// JSON-RPC and does the arithmetic of PoSe and payments.
//
// A Client lives as long as the program and protects the daemon: it never has more than one
// request outstanding that takes the daemon's main lock, across scrapes, and no connection between
// them. A Session is the view of one scrape; overlapping scrapes share it. The stages of a Session
// (Lockfree, Mainlock, Node, DKG) are requested one after the other, each once and only when a
// caller needs it. Answers that come after their scrape are kept for the next ones: see late.go.
package daemon

import (
	"errors"
	"fmt"
)

// State is the availability of the daemon to this client.
type State string

// The states of a daemon; exactly one applies at a time.
const (
	Ready        State = "ready"        // it answered, main lock included
	Slow         State = "slow"         // it answers, but the main lock takes longer than a scrape
	WarmingUp    State = "warming_up"   // RPC error -28
	Hung         State = "hung"         // it accepted the connection and does not answer, or not for 3 minutes what needs the main lock
	Busy         State = "busy"         // its work queue is full
	Unauthorized State = "unauthorized" // HTTP 401
	Forbidden    State = "forbidden"    // HTTP 403: rpcallowip or a restricted user
	Unreachable  State = "unreachable"  // refused, reset, no route, stopping
	Failed       State = "error"        // it answered something unexpected
)

// States returns all states.
func States() []State {
	return []State{Ready, Slow, WarmingUp, Hung, Busy, Unauthorized, Forbidden, Unreachable, Failed}
}

// Error is the reason why a request as a whole has no answer. Its text is safe to log: text from
// the daemon in it is clipped to one line.
type Error struct {
	State State
	Err   error
}

func (e *Error) Error() string { return fmt.Sprintf("daemon %s: %v", e.State, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// stateOf returns the state of the daemon that the error of a request implies.
func stateOf(err error) State {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.State
	}
	return Failed
}

// RPCError is the daemon's own error for one call.
type RPCError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *RPCError) Error() string { return fmt.Sprintf("RPC error %d: %s", e.Code, e.Message) }

// The error codes of the daemon that are handled here (rpc/protocol.h).
const (
	codeInternal  = -32603 // rpc/smartnode.cpp, rpc/blockchain.cpp
	codeParameter = -8     // rpc/rpcevo.cpp, rpc/rpcquorums.cpp
	codeWarmup    = -28
)

// Facts that the daemon reports as errors, and reasons for not calling it.
var (
	ErrNotSmartnode  = errors.New("the daemon is not running as a smartnode")
	ErrNotRegistered = errors.New("the proTxHash is not in the daemon's smartnode list")
	ErrNoChainlock   = errors.New("the daemon has not seen a chainlock yet")
	// ErrDKGNetworkTooSmall: there is nothing wrong, the call is not safe in this network.
	ErrDKGNetworkTooSmall = errors.New("quorum dkgstatus is not called: it may never end in a network that has, or had since the daemon started, fewer than 10 enabled smartnodes")
	// ErrDKGDownloading: there is nothing wrong, a node without the chain takes part in no key generation.
	ErrDKGDownloading = errors.New("quorum dkgstatus is not called while the chain is downloaded")
	ErrDKGDaemonSlow  = errors.New("quorum dkgstatus is not called while raptoreumd is slow")
	ErrDKGStatusSlow  = errors.New("quorum dkgstatus has not answered yet")
	ErrDKGStatusStuck = errors.New("quorum dkgstatus did not answer; it is not called again until it ends or the daemon restarts")
)
