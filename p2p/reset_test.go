package p2p

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
)

// TestResetWhileConnecting: a peer that accepts a connection and resets it immediately may do so
// before connect returns. Its port is open nevertheless.
func TestResetWhileConnecting(t *testing.T) {
	for _, c := range []struct {
		errno syscall.Errno
		want  Phase
	}{{syscall.ECONNRESET, Version}, {syscall.ECONNREFUSED, Connect}} {
		d := Dialer{DialContext: func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", c.errno)}
		}}
		_, err := d.Dial(t.Context(), "127.0.0.1:1", "main")
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Phase != c.want {
			t.Errorf("%v: %v, want phase %s", c.errno, err, c.want)
		}
	}
}
