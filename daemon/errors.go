package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"raptoreum_exporter/internal/text"
)

// transportError classifies an error of a request that got no HTTP response.
func transportError(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err // without the method and the address
	}
	if e, ok := errors.AsType[*net.OpError](err); ok && e.Op == "dial" { // may be a timeout too
		return &Error{Unreachable, errors.New(text.Clip(err.Error(), 200))}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return &Error{Hung, fmt.Errorf("no answer for %s", maxOutstanding)}
	}
	for _, sign := range []string{"malformed HTTP", "readLoopPeekFailLocked"} { // net/http has no types for these
		if strings.Contains(err.Error(), sign) {
			return &Error{Failed, errors.New("it does not speak HTTP; is this the RPC port of raptoreumd?")}
		}
	}
	return &Error{Unreachable, errors.New(text.Clip(err.Error(), 200))}
}

// statusError reads an error from the status and, because 500 has many causes, from the body.
func statusError(response *http.Response) error {
	body, _ := io.ReadAll(io.LimitReader(response.Body, 4096))
	var reply struct{ Error *RPCError }
	if json.Unmarshal(body, &reply) == nil && reply.Error != nil {
		reply.Error.Message = text.Clip(reply.Error.Message, 200)
	}
	switch status := response.StatusCode; {
	case status == http.StatusUnauthorized:
		return &Error{Unauthorized, errors.New("it rejects the user and password; an rpcauth= line that was added counts after its next start; otherwise compare them with rpcuser and rpcpassword in the raptoreum.conf it was started with")}
	case status == http.StatusForbidden:
		return &Error{Forbidden, errors.New("it does not serve this address or user; see rpcallowip in raptoreum.conf")}
	case status == http.StatusServiceUnavailable:
		return &Error{Unreachable, errors.New("it is stopping")}
	case strings.HasPrefix(string(body), "Work queue depth exceeded"):
		return &Error{Busy, errors.New("its work queue is full")}
	case reply.Error != nil && reply.Error.Code == codeWarmup:
		return &Error{WarmingUp, errors.New(reply.Error.Message)}
	case reply.Error != nil:
		return &Error{Failed, reply.Error}
	default:
		return &Error{Failed, fmt.Errorf("HTTP status %d; is this the RPC port of raptoreumd?", status)}
	}
}
