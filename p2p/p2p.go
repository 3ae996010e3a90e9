// Package p2p speaks just enough of the Raptoreum wire protocol to shake hands with a node, as its
// peers do: one connection, version, verack, mnauth, close.
//
// raptoreumd says nothing before it has our version. It answers with its own and a verack, and after
// our verack a READY smartnode proves itself with mnauth before it sends anything else. That a port
// accepts connections tells nothing: a hung daemon accepts, and so does a smartnode that is not synced.
// The peer is a stranger: what it sends is bounded in size, number and time, and clipped.
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
	timeout     = 8 * time.Second // of a whole handshake: a probe that Prometheus gives 10 s can tell of it
	mnauthWait  = 2 * time.Second // a READY smartnode sends mnauth at once
	readAhead   = 512             // bytes; holds the version, verack and mnauth of raptoreumd
	maxMessages = 16              // before verack, of maxPayload bytes each; raptoreumd sends two
)

// Phase is a step of the handshake.
type Phase string

// The phases. Version and verack wait for the peer's message of that name; mnauth waits for the
// first message after verack, whatever it is.
const (
	Connect Phase = "connect"
	Version Phase = "version"
	Verack  Phase = "verack"
	Mnauth  Phase = "mnauth"
)

// Phases returns all phases in the order in which they come.
func Phases() []Phase { return []Phase{Connect, Version, Verack, Mnauth} }

// Peer is what a handshake learned. Everything in it is the peer's own claim.
type Peer struct {
	Protocol  int32  // protocol version; raptoreumd 2.0.3 sends 70220
	UserAgent string // one line of valid UTF-8, at most 100 bytes
	Services  uint64 // service bits
	Height    int32  // of the peer's best block

	Mnauth    bool   // whether mnauth came: only a READY smartnode sends it
	ProTxHash string // named by mnauth, as raptoreumd prints it; its signature is not verified; "" without mnauth

	// Durations says how long each completed phase took; mnauth counts only when it came. Read only.
	Durations map[Phase]time.Duration
}

// Reachable tells whether version and verack came; what came after that does not undo it.
func (p *Peer) Reachable() bool {
	_, acked := p.Durations[Verack]
	return acked
}

// Error is a handshake that ended before its time.
type Error struct {
	Phase Phase // the phase that was not completed
	Err   error
}

// Error returns the phase, the cause and what to look at.
func (e *Error) Error() string { return string(e.Phase) + ": " + e.Err.Error() }

// Unwrap returns the cause: among others io.EOF, syscall.ECONNREFUSED, context.Canceled, or
// context.DeadlineExceeded for a peer that was too slow.
func (e *Error) Unwrap() error { return e.Err }

// Dialer shakes hands. The zero value is ready to use.
type Dialer struct {
	// DialContext opens the connection; nil is a net.Dialer that tries one address at a time.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)

	// Now is the time sent to the peer and the clock of the durations; nil is time.Now. It must be
	// right: raptoreumd adjusts its own time by that of its peers.
	Now func() time.Time

	// UserAgent names us to the peer, by custom as "/name:version/"; clipped to 100 bytes.
	UserAgent string
}

// Dial shakes hands once with the peer at address ("host:port") on network (main, test, devnet or
// regtest) and hangs up. It takes no longer than ctx allows, and at most 8 seconds. No mnauth is no
// error. Every error is an *Error, and the Peer beside it holds what was learned until then.
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
		if errors.Is(err, syscall.ECONNRESET) { // a refusal is another error: it accepted first
			phase = Version
		}
		return peer, &Error{phase, explain(ctx, phase, err)}
	}
	defer conn.Close()
	// The one deadline of all reads and writes: no peer can stretch it by sending slowly.
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
		// A firewall may reset a third connection from one address, so none in parallel.
		// The connection lasts for seconds: TCP keep-alive would only cost four system calls.
		d.DialContext = (&net.Dialer{FallbackDelay: -1, KeepAlive: -1}).DialContext
	}
	return d.DialContext(ctx, "tcp", address)
}

// session is a handshake under way. Its steps fill in peer.
type session struct {
	dialer  Dialer
	conn    net.Conn
	reader  *bufio.Reader // of conn: a read per message would take three system calls
	network string
	peer    *Peer

	messages int  // how many came before verack
	acked    bool // verack came before version
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

// version sends our version and takes the peer's.
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

// verack sends our verack and takes the peer's.
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

// mnauth looks at the first message after verack. raptoreumd sends mnauth before all others
// (net_processing.cpp, VERACK), so anything else, silence or an end means that none will come.
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
		return fmt.Errorf("mnauth has %d bytes, not 128: look for a newer raptoreum_exporter", len(payload))
	}
	hash := payload[:32]
	slices.Reverse(hash) // hashes are printed last byte first
	s.peer.Mnauth, s.peer.ProTxHash = true, hex.EncodeToString(hash)
	return nil
}

// afterVerack returns the next message, with its payload only if mnauth has use for it: others may
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

// await returns the payload of the next message called want. Others before it are skipped.
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

// explain says what an error of the connection means and what to look at. Other errors stay.
func explain(ctx context.Context, phase Phase, err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok && phase != Connect {
		err = op.Err // without our own port, which differs each time
	}
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return fmt.Errorf("given up: %w", context.Canceled)
	case phase == Connect && (ctx.Err() != nil || isTimeout(err)):
		return fmt.Errorf("no answer: the machine is down or a firewall drops the port: %w", err)
	case phase == Connect && errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w: start raptoreumd or correct the address", err)
	case ctx.Err() != nil && phase == Version:
		return fmt.Errorf("the peer accepted the connection but sent no version in time, as a hung raptoreumd does: look at its debug.log: %w", ctx.Err())
	case ctx.Err() != nil:
		return fmt.Errorf("the peer sent no %s in time: look at its debug.log: %w", phase, ctx.Err())
	case isClosed(err) && phase == Version:
		return fmt.Errorf("the peer closed the connection: a smartnode that has not finished mnsync does this, and a peer on another network: run mnsync status there: %w", err)
	case isClosed(err):
		return fmt.Errorf("the peer closed the connection: look at its debug.log: %w", err)
	}
	return err
}

// ended says whether err is the peer's silence or its hanging up, not nonsense and not our giving up.
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
