package p2p

import (
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// fakePeer accepts connections on loopback until the test ends and calls play for each. It returns
// its address and the number of connections accepted.
func fakePeer(t testing.TB, play func(net.Conn)) (string, *atomic.Int32) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var accepted atomic.Int32
	var group sync.WaitGroup
	group.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			accepted.Add(1)
			group.Go(func() {
				defer conn.Close()
				play(conn)
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		group.Wait()
	})
	return listener.Addr().String(), &accepted
}

// hold keeps the connection open until the other side closes it.
func hold(conn net.Conn) { io.Copy(io.Discard, conn) }

// expect reads one message and reports whether it has that name.
func expect(conn net.Conn, command string) bool {
	h, err := readHeader(conn, "regtest")
	if err != nil {
		return false
	}
	_, err = readPayload(conn, h)
	return err == nil && h.command == command
}

// send returns a peer that waits for our version, as raptoreumd does, writes all messages at once,
// and then holds the connection.
func send(messages ...[]byte) func(net.Conn) {
	return func(conn net.Conn) {
		if expect(conn, "version") {
			for _, m := range messages {
				conn.Write(m)
			}
		}
		hold(conn)
	}
}

func message(command string, payload ...byte) []byte { return encode("regtest", command, payload) }

// versionMessage is a version with the given user agent and size as its encoded length.
func versionMessage(size []byte, agent string) []byte {
	b := encodeVersion(time.Unix(1795345903, 0), nil, "", [40]byte{1})
	return message("version", slices.Concat(b[:80], size, []byte(agent), b[81:])...)
}

// rejectMessage rejects our version. The reason must be shorter than 253 bytes.
func rejectMessage(code byte, reason string) []byte {
	return message("reject", slices.Concat([]byte("\x07version"), []byte{code, byte(len(reason))}, []byte(reason))...)
}

// reset waits for our version and resets the connection.
func reset(conn net.Conn) {
	expect(conn, "version")
	conn.(*net.TCPConn).SetLinger(0)
}

// drip sends a byte every 100 ms.
func drip(b []byte) func(net.Conn) {
	return func(conn net.Conn) {
		for i := range b {
			if _, err := conn.Write(b[i : i+1]); err != nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
}
