package simnet

import (
	"context"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// endpoint is a loopback address that can be closed, so that connections are refused, and
// opened again on the same port.
type endpoint struct {
	address string
	// serve answers at l until it is closed and life is done, and leaves no goroutine behind.
	serve func(life context.Context, l net.Listener)

	listener net.Listener
	cancel   context.CancelFunc // nil while closed
	done     chan struct{}
}

const (
	lowestPort     = 20_000
	lowestOutgoing = 32_768 // net.ipv4.ip_local_port_range
)

// open listens. A port of its own is from below the range that outgoing connections use: one of
// those would hold it while it is closed.
func (e *endpoint) open() error {
	if e.cancel != nil {
		return nil
	}
	var l net.Listener
	var err error
	for try := 0; try < 50; try++ {
		address := e.address
		if host, any := strings.CutSuffix(address, ":0"); any {
			address = net.JoinHostPort(host, strconv.Itoa(lowestPort+rand.IntN(lowestOutgoing-lowestPort)))
		}
		if l, err = (&net.ListenConfig{}).Listen(context.Background(), "tcp", address); err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err != nil {
		return fmt.Errorf("the port cannot be opened: %w", err)
	}
	if e.done == nil { // the first time: later readers need no lock
		e.address = l.Addr().String()
	}
	life, cancel := context.WithCancel(context.Background())
	e.listener, e.cancel, e.done = l, cancel, make(chan struct{})
	go func() {
		defer close(e.done)
		e.serve(life, l)
	}()
	return nil
}

// close closes the listener and its connections, and waits for their handlers.
func (e *endpoint) close() {
	if e.cancel == nil {
		return
	}
	e.listener.Close() // first and here, so that it is closed when this returns
	e.cancel()
	<-e.done
	e.cancel = nil
}

// serveHTTP makes an endpoint's serve of a handler. life ends when the endpoint is closed: a
// handler that hangs waits for that.
func serveHTTP(handle func(life context.Context, w http.ResponseWriter, r *http.Request)) func(context.Context, net.Listener) {
	return serveHTTPCounted(handle, func(int) {})
}

// serveHTTPCounted is serveHTTP that reports each connection: 1 when it is accepted, -1 when it is
// closed.
func serveHTTPCounted(handle func(life context.Context, w http.ResponseWriter, r *http.Request), count func(int)) func(context.Context, net.Listener) {
	return func(life context.Context, l net.Listener) {
		var connections sync.WaitGroup
		server := &http.Server{
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				handle(life, w, r)
				if life.Err() != nil {
					panic(http.ErrAbortHandler) // the process has ended: the connection breaks
				}
			}),
			IdleTimeout: 30 * time.Second, // rpcservertimeout
			ErrorLog:    log.New(io.Discard, "", 0),
			ConnState: func(c net.Conn, state http.ConnState) {
				switch state {
				case http.StateNew:
					connections.Add(1)
					count(1)
					if life.Err() != nil { // accepted while the server was closed
						c.Close()
					}
				case http.StateClosed, http.StateHijacked:
					count(-1)
					connections.Done()
				}
			},
		}
		stop := context.AfterFunc(life, func() { _ = server.Close() })
		defer stop()
		_ = server.Serve(l) // it says that it was closed
		connections.Wait()
	}
}

// serveTCP is serveHTTP for a handler of connections.
func serveTCP(handle func(life context.Context, c net.Conn)) func(context.Context, net.Listener) {
	return func(life context.Context, l net.Listener) {
		var connections sync.WaitGroup
		for {
			c, err := l.Accept()
			if err != nil {
				break
			}
			connections.Go(func() {
				stop := context.AfterFunc(life, func() { _ = c.Close() })
				defer stop()
				defer c.Close()
				handle(life, c)
			})
		}
		connections.Wait()
	}
}

// sleep waits, and reports whether life is not done.
func sleep(life context.Context, d time.Duration) bool {
	if d <= 0 {
		return life.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-life.Done():
		return false
	}
}

// drip writes ten bytes a second.
func drip(life context.Context, w io.Writer, data []byte) {
	for i := range data {
		if _, err := w.Write(data[i : i+1]); err != nil {
			return
		}
		if f, ok := w.(http.Flusher); ok {
			f.Flush()
		}
		if !sleep(life, 100*time.Millisecond) {
			return
		}
	}
}
