package p2p

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"raptoreum_exporter/internal/text"
)

// github.com/btcsuite/btcd/wire does not work here: it rejects a version message with the 33 trailing
// bytes of Dash (mnauth challenge and masternode flag).

const (
	protocol    = 70220 // PROTOCOL_VERSION of raptoreumd 2.0.3 (version.h)
	headerSize  = 4 + 12 + 4 + 4
	addressSize = 8 + 16 + 2
	versionSize = 4 + 8 + 8 + addressSize + addressSize + 8 + 1 + 4 + 1 + 32 + 1 // without the user agent
	maxPayload  = 4096                                                           // a version has 143 bytes, mnauth 128
	maxText     = 100                                                            // of a user agent or a reason, in bytes
	obsolete    = 0x11                                                           // the reject code for a version that is too low
)

// magic returns the first four bytes of every message on a network (chainparams.cpp).
func magic(network string) ([4]byte, bool) {
	switch network {
	case "main":
		return [4]byte{'r', 't', 'm', '.'}, true
	case "test":
		return [4]byte{'t', 'r', 't', 'm'}, true
	case "devnet":
		return [4]byte{0xe2, 0xca, 0xff, 0xce}, true
	case "regtest":
		return [4]byte{0xfc, 0xc1, 0xb7, 0xdc}, true
	}
	return [4]byte{}, false
}

// header is the header of a message without the magic.
type header struct {
	command  string // untrusted bytes
	size     uint32 // of the payload
	checksum [4]byte
}

// readHeader reads the header of the next message on network, which magic must know. It checks the
// magic before it waits for more: the greeting of another protocol may be shorter than a header.
func readHeader(r io.Reader, network string) (header, error) {
	var b [headerSize]byte
	if _, err := io.ReadFull(r, b[:4]); err != nil {
		return header{}, err
	}
	if want, _ := magic(network); [4]byte(b[:4]) != want {
		return header{}, fmt.Errorf("the peer is not on network %s: its messages start with %x, not %x: correct the port or the network", network, b[:4], want)
	}
	if _, err := io.ReadFull(r, b[4:]); err != nil {
		return header{}, noEOF(err)
	}
	return header{
		command:  string(bytes.TrimRight(b[4:16], "\x00")),
		size:     binary.LittleEndian.Uint32(b[16:]),
		checksum: [4]byte(b[20:]),
	}, nil
}

// readPayload reads and verifies the payload that follows h.
func readPayload(r io.Reader, h header) ([]byte, error) {
	if h.size > maxPayload {
		return nil, fmt.Errorf("the peer announced a message %q of %d bytes, more than %d: is this raptoreumd's port?", text.Clip(h.command, maxText), h.size, maxPayload)
	}
	payload := make([]byte, h.size)
	if _, err := io.ReadFull(r, payload); err != nil {
		return nil, noEOF(err)
	}
	if checksum(payload) != h.checksum {
		return nil, fmt.Errorf("the peer sent a message %q with a wrong checksum: it was altered in transit", text.Clip(h.command, maxText))
	}
	return payload, nil
}

// noEOF returns io.ErrUnexpectedEOF for io.EOF: the connection ended within a message.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func checksum(payload []byte) [4]byte {
	once := sha256.Sum256(payload)
	twice := sha256.Sum256(once[:])
	return [4]byte(twice[:])
}

// encode returns a complete message.
func encode(network, command string, payload []byte) []byte {
	start, _ := magic(network)
	sum := checksum(payload)
	b := make([]byte, 16, headerSize+len(payload))
	copy(b, start[:])
	copy(b[4:], command)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(payload)))
	b = append(b, sum[:]...)
	return append(b, payload...)
}

// encodeVersion returns the payload of our version: no services, no height, no relay, not a
// smartnode. random is the nonce (8 bytes) and the mnauth challenge (32 bytes, not all zero:
// without a challenge the peer sends no mnauth).
func encodeVersion(now time.Time, peer net.Addr, agent string, random [40]byte) []byte {
	var none, to [addressSize]byte
	if tcp, ok := peer.(*net.TCPAddr); ok {
		copy(to[8:24], tcp.IP.To16())
		binary.BigEndian.PutUint16(to[24:], uint16(tcp.Port))
	}
	agent = text.Clip(agent, maxText)

	b := make([]byte, 0, versionSize+len(agent))
	b = binary.LittleEndian.AppendUint32(b, protocol)
	b = append(b, make([]byte, 8)...) // services
	b = binary.LittleEndian.AppendUint64(b, uint64(now.Unix()))
	b = append(b, to[:]...)
	b = append(b, none[:]...)
	b = append(b, random[:8]...)
	b = append(b, byte(len(agent)))
	b = append(b, agent...)
	b = append(b, make([]byte, 4)...) // height
	b = append(b, 0)                  // relay
	b = append(b, random[8:]...)
	return append(b, 0) // masternode flag
}

// decodeVersion reads the payload of the peer's version into peer, up to the height. The fields
// after it differ between versions and are not used.
func decodeVersion(b []byte, peer *Peer) error {
	const before = 4 + 8 + 8 + addressSize + addressSize + 8
	if len(b) < before {
		return fmt.Errorf("the peer's version has only %d bytes: is this raptoreumd's port?", len(b))
	}
	agent, rest, ok := cutString(b[before:])
	if !ok || len(rest) < 4 {
		return fmt.Errorf("the peer's version of %d bytes ends before its height: is this raptoreumd's port?", len(b))
	}
	peer.Protocol = int32(binary.LittleEndian.Uint32(b))
	peer.Services = binary.LittleEndian.Uint64(b[4:])
	peer.UserAgent = text.Clip(agent, maxText)
	peer.Height = int32(binary.LittleEndian.Uint32(rest))
	return nil
}

// rejection returns the error for the payload of a reject message.
func rejection(b []byte) error {
	command, rest, ok := cutString(b)
	if !ok || len(rest) == 0 {
		return errors.New("the peer rejected us without a reason: check its debug.log")
	}
	hint := "check its debug.log"
	if rest[0] == obsolete {
		hint = "update raptoreum_exporter"
	}
	reason, _, _ := cutString(rest[1:])
	return fmt.Errorf("the peer rejected our message %q (code %#x, %q): %s", text.Clip(command, maxText), rest[0], text.Clip(reason, maxText), hint)
}

// cutString cuts a string from the front of b. Its length comes first: one byte, or 0xfd and
// two bytes. The longer forms (0xfe, 0xff) do not fit in maxPayload.
func cutString(b []byte) (s string, rest []byte, ok bool) {
	if len(b) == 0 || b[0] > 0xfd {
		return "", nil, false
	}
	size := int(b[0])
	b = b[1:]
	if size == 0xfd {
		if len(b) < 2 {
			return "", nil, false
		}
		size = int(binary.LittleEndian.Uint16(b))
		b = b[2:]
	}
	if size > len(b) {
		return "", nil, false
	}
	return string(b[:size]), b[size:], true
}
