// Package daemon speaks to raptoreumd: it reads raptoreum.conf, asks a few read-only questions
// over JSON-RPC and does the arithmetic of PoSe and payments.
//
// A Client lives as long as the program and keeps the daemon from harm: it never has more than
// one request outstanding that takes the daemon's main lock, across scrapes. A Session is one
// scrape's view; scrapes that overlap share it. The Session's stages (Lockfree, Mainlock, Node,
// DKG) go out one after the other, each once and only when somebody asks for it.
package daemon

import (
	"errors"
	"fmt"
)

// State says how the daemon stands towards us.
type State string

// The states of a daemon; exactly one holds at a time.
const (
	Ready        State = "ready"        // it answered, main lock included
	WarmingUp    State = "warming_up"   // RPC error -28
	Hung         State = "hung"         // it accepted the connection and is silent
	Busy         State = "busy"         // its work queue is full, or our own smartnode list is still being read
	Unauthorized State = "unauthorized" // HTTP 401
	Forbidden    State = "forbidden"    // HTTP 403: rpcallowip or a restricted user
	Unreachable  State = "unreachable"  // refused, reset, no route, stopping
	Failed       State = "error"        // it answered something we do not understand
)

// States returns all states.
func States() []State {
	return []State{Ready, WarmingUp, Hung, Busy, Unauthorized, Forbidden, Unreachable, Failed}
}

// Error is why a request as a whole has no answer. Its text is safe to log: foreign words in it
// are clipped to one line.
type Error struct {
	State State
	Err   error
}

func (e *Error) Error() string { return fmt.Sprintf("daemon %s: %v", e.State, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// stateOf tells what an error of a request says of the daemon.
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

// The daemon's error codes that mean something to us (rpc/protocol.h).
const (
	codeInternal  = -32603 // rpc/smartnode.cpp, rpc/blockchain.cpp
	codeParameter = -8     // rpc/rpcevo.cpp, rpc/rpcquorums.cpp
	codeWarmup    = -28
)

// Facts that the daemon tells as errors.
var (
	ErrNotSmartnode   = errors.New("the daemon does not run as a smartnode")
	ErrNotRegistered  = errors.New("the proTxHash is not in the daemon's smartnode list")
	ErrNoChainlock    = errors.New("the daemon has not seen a chainlock yet")
	ErrDKGStatusSlow  = errors.New("quorum dkgstatus has not answered yet")
	ErrDKGStatusStuck = errors.New("quorum dkgstatus did not answer; it is not asked again until the daemon restarts")
)
