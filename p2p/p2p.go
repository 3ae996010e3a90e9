// Package p2p speaks just enough of the Raptoreum wire protocol to shake hands with a node, as its
// peers do: one connection, version, verack, mnauth, close.
//
// raptoreumd sends nothing before it has our version. It answers with its own version and a verack.
// After our verack, a READY smartnode proves its identity with mnauth before it sends anything else.
// An open port proves nothing: a hung daemon accepts connections, and so does a smartnode that is not
// synced. The peer is untrusted: its messages are limited in size, number and time, and its text is clipped.
package p2p

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"syscall"
	"time"
)

const (
	timeout     = 8 * time.Second // of a whole handshake: a probe with a scrape timeout of 10 s can still report it
	mnauthWait  = 2 * time.Second // a READY smartnode sends mnauth immediately
	readAhead   = 512             // bytes; holds the version, verack and mnauth of raptoreumd
	maxMessages = 16              // before verack, of maxPayload bytes each; raptoreumd sends two
)

// Phase is a step of the handshake.
type Phase string

// The phases. Version and Verack wait for the peer's message of that name. Mnauth waits for the
// first message after verack, of any name.
const (
	Connect Phase = "connect"
	Version Phase = "version"
	Verack  Phase = "verack"
	Mnauth  Phase = "mnauth"
)

// Phases returns all phases in handshake order.
func Phases() []Phase { return []Phase{Connect, Version, Verack, Mnauth} }

// Peer is the result of a handshake. All fields but Durations are the peer's own claims.
type Peer struct {
	Protocol  int32  // protocol version; raptoreumd 2.0.3 sends 70220
	UserAgent string // one line of valid UTF-8, at most 100 bytes
	Services  uint64 // service bits
	Height    int32  // height of the peer's best block

	Mnauth    bool   // whether the peer sent mnauth: only a READY smartnode does
	ProTxHash string // from mnauth, as raptoreumd prints it; its signature is not verified; "" without mnauth

	// Durations holds the duration of each completed phase; Mnauth only if the peer sent it. Do not modify.
	Durations map[Phase]time.Duration
}

// Reachable reports whether the peer sent version and verack. A later failure does not change it.
func (p *Peer) Reachable() bool {
	_, acked := p.Durations[Verack]
	return acked
}

// Error is the error of a handshake that did not complete.
type Error struct {
	Phase Phase // the phase that was not completed
	Err   error
}

// Error returns the phase, the cause and the next step.
func (e *Error) Error() string { return string(e.Phase) + ": " + e.Err.Error() }

// Unwrap returns the cause, such as io.EOF, syscall.ECONNREFUSED, context.Canceled, or
// context.DeadlineExceeded for a peer that was too slow.
func (e *Error) Unwrap() error { return e.Err }

// Dialer performs handshakes. The zero value is ready to use.
type Dialer struct {
	// DialContext opens the connection; nil is a net.Dialer that tries one address at a time.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)

	// Now is the time sent to the peer and the clock of the durations; nil is time.Now. It must be
	// correct: raptoreumd adjusts its own time to that of its peers.
	Now func() time.Time

	// UserAgent is sent to the peer, by convention as "/name:version/"; clipped to 100 bytes.
	UserAgent string
}

// Dial performs one handshake with the peer at address ("host:port") on network (main, test, devnet
// or regtest) and closes the connection. It returns when ctx is done, and after at most 8 seconds. A
// missing mnauth is not an error. Every error is an *Error; the Peer then holds what was received before it.
func (d Dialer) Dial(ctx context.Context, address, network string) (Peer, error) {
	if d.Now == nil {
		d.Now = time.Now
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	peer := Peer{Durations: make(map[Phase]time.Duration)}

	start := d.Now()
	conn, err := d.connect(ctx, address, network)
	if err != nil {
		phase := Connect
		if errors.Is(err, syscall.ECONNRESET) { // the peer accepted first: a refusal is ECONNREFUSED
			phase = Version
		}
		return peer, &Error{phase, explain(ctx, phase, err)}
	}
	defer conn.Close()
	// One deadline for all reads and writes: a peer cannot extend it by sending slowly.
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	peer.Durations[Connect] = d.Now().Sub(start)

	s := session{dialer: d, conn: conn, reader: bufio.NewReaderSize(conn, readAhead), network: network, peer: &peer}
	for _, phase := range [...]Phase{Version, Verack, Mnauth} {
		start = d.Now()
		if err := s.run(ctx, phase); err != nil {
			return peer, &Error{phase, explain(ctx, phase, err)}
		}
		if phase != Mnauth || peer.Mnauth {
			peer.Durations[phase] = d.Now().Sub(start)
		}
	}
	return peer, nil
}

func (d Dialer) connect(ctx context.Context, address, network string) (net.Conn, error) {
	if _, ok := magic(network); !ok {
		return nil, fmt.Errorf("unknown network %q: use main, test, devnet or regtest", network)
	}
	if d.DialContext == nil {
		// A firewall may reset a third connection from one address, so do not dial in parallel.
		// The connection lasts for seconds: TCP keep-alive would only cost four system calls.
		d.DialContext = (&net.Dialer{FallbackDelay: -1, KeepAlive: -1}).DialContext
	}
	return d.DialContext(ctx, "tcp", address)
}

// session is a handshake in progress. Its steps fill in peer.
type session struct {
	dialer  Dialer
	conn    net.Conn
	reader  *bufio.Reader // of conn: a read per message would take three system calls
	network string
	peer    *Peer

	messages int  // received before verack
	acked    bool // verack was received before version
}

func (s *session) run(ctx context.Context, phase Phase) error {
	switch phase {
	case Version:
		return s.version()
	case Verack:
		return s.verack()
	}
	return s.mnauth(ctx)
}

// version sends our version and reads the peer's.
func (s *session) version() error {
	var random [40]byte
	rand.Read(random[:]) // never fails
	ours := encodeVersion(s.dialer.Now(), s.conn.RemoteAddr(), s.dialer.UserAgent, random)
	if _, err := s.conn.Write(encode(s.network, "version", ours)); err != nil {
		return err
	}
	payload, err := s.await("version")
	if err != nil {
		return err
	}
	return decodeVersion(payload, s.peer)
}

// verack sends our verack and reads the peer's.
func (s *session) verack() error {
	if _, err := s.conn.Write(encode(s.network, "verack", nil)); err != nil {
		return err
	}
	if s.acked {
		return nil
	}
	_, err := s.await("verack")
	return err
}

// mnauth reads the first message after verack. raptoreumd sends mnauth before all others
// (net_processing.cpp, VERACK), so another message, silence or a closed connection means that the
// peer sends none.
func (s *session) mnauth(ctx context.Context) error {
	h, payload, err := s.afterVerack()
	switch {
	case err != nil && ended(ctx, err):
		return nil
	case err != nil:
		return err
	case h.command == "reject":
		return rejection(payload)
	case h.command != "mnauth":
		return nil
	case len(payload) != 32+96: // hash and BLS signature
		return fmt.Errorf("mnauth has %d bytes, not 128: update raptoreum_exporter", len(payload))
	}
	hash := payload[:32]
	slices.Reverse(hash) // raptoreumd prints the last byte first
	s.peer.Mnauth, s.peer.ProTxHash = true, hex.EncodeToString(hash)
	return nil
}

// afterVerack returns the next message. It reads the payload only of mnauth and reject: others may
// be large.
func (s *session) afterVerack() (header, []byte, error) {
	if err := s.conn.SetReadDeadline(time.Now().Add(mnauthWait)); err != nil {
		return header{}, nil, err
	}
	h, err := readHeader(s.reader, s.network)
	if err != nil || h.command != "mnauth" && h.command != "reject" {
		return h, nil, err
	}
	payload, err := readPayload(s.reader, h)
	return h, payload, err
}

// await returns the payload of the next message named want. It skips other messages.
func (s *session) await(want string) ([]byte, error) {
	for ; s.messages < maxMessages; s.messages++ {
		h, err := readHeader(s.reader, s.network)
		if err != nil {
			return nil, err
		}
		payload, err := readPayload(s.reader, h)
		if err != nil {
			return nil, err
		}
		switch h.command {
		case want:
			return payload, nil
		case "reject":
			return nil, rejection(payload)
		case "verack":
			s.acked = true
		}
	}
	return nil, fmt.Errorf("no %s among %d messages: is this raptoreumd's port?", want, maxMessages)
}

// explain adds the meaning of a connection error and the next step. It returns other errors unchanged.
func explain(ctx context.Context, phase Phase, err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok && phase != Connect {
		err = op.Err // without our local port, which changes each time
	}
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return fmt.Errorf("handshake aborted: %w", context.Canceled)
	case phase == Connect && (ctx.Err() != nil || isTimeout(err)):
		return fmt.Errorf("no answer: the machine is down or a firewall drops the port: %w", err)
	case phase == Connect && errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w: start raptoreumd or correct the address", err)
	case ctx.Err() != nil && phase == Version:
		return fmt.Errorf("the peer accepted the connection but sent no version in time, as a hung raptoreumd does: check its debug.log: %w", ctx.Err())
	case ctx.Err() != nil:
		return fmt.Errorf("the peer sent no %s in time: check its debug.log: %w", phase, ctx.Err())
	case isClosed(err) && phase == Version:
		return fmt.Errorf("the peer closed the connection: a smartnode that has not finished mnsync or a peer on another network does this: run mnsync status there: %w", err)
	case isClosed(err):
		return fmt.Errorf("the peer closed the connection: check its debug.log: %w", err)
	}
	return err
}

// ended reports whether err means that the peer was silent or closed the connection. Invalid data and
// our own cancellation are other errors.
func ended(ctx context.Context, err error) bool {
	if ctx.Err() != nil {
		return errors.Is(ctx.Err(), context.DeadlineExceeded)
	}
	return isTimeout(err) || isClosed(err)
}

func isTimeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

func isClosed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
