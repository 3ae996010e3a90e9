package simnet

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"
)

const (
	headerSize = 24 // magic 4, command 12, length 4, checksum 4
	// The fields of a version payload up to the user agent: protocol 4, services 8, time 8,
	// two addresses of 26, nonce 8.
	agentOffset = 80
	nonceOffset = 72
	timeOffset  = 12
	// minProtocol is what the daemon asks of a peer (version.h MIN_PEER_PROTO_VERSION).
	minProtocol = 70219
)

// message is one message of the peer-to-peer protocol.
type message struct {
	command string
	payload []byte
}

// handshake is what a captured daemon sent, and the magic of its network.
type handshake struct {
	magic    []byte
	messages []message
	reject   message // of a version that is too old
}

func loadHandshake(captures fs.FS) (*handshake, error) {
	magic, messages, err := loadMessages(captures, "p2p/v70220_with_mnauth.json")
	if err != nil {
		return nil, err
	}
	for i, command := range []string{"version", "verack", "mnauth"} {
		if i >= len(messages) || messages[i].command != command {
			return nil, fmt.Errorf("p2p/v70220_with_mnauth.json: no %s as message %d", command, i+1)
		}
	}
	_, rejects, err := loadMessages(captures, "p2p/v70212_low.json")
	if err != nil {
		return nil, err
	}
	return &handshake{magic, messages, rejects[0]}, nil
}

// loadMessages reads what was received in a captured connection.
func loadMessages(captures fs.FS, name string) (magic []byte, messages []message, err error) {
	data, err := fs.ReadFile(captures, name)
	if err != nil {
		return nil, nil, err
	}
	var file struct {
		Log []struct{ Dir, Hex string }
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	for _, entry := range file.Log {
		if entry.Dir != "recv" {
			continue
		}
		raw, err := hex.DecodeString(entry.Hex)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
		if len(raw) < headerSize {
			return nil, nil, fmt.Errorf("%s: a message of %d bytes", name, len(raw))
		}
		magic = raw[:4]
		m, err := readMessage(bytes.NewReader(raw), magic)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
		messages = append(messages, m)
	}
	if len(messages) == 0 {
		return nil, nil, fmt.Errorf("%s: no message was received", name)
	}
	return magic, messages, nil
}

// readMessage reads one message of the network with this magic.
func readMessage(r io.Reader, magic []byte) (message, error) {
	header := make([]byte, headerSize)
	if _, err := io.ReadFull(r, header[:4]); err != nil {
		return message{}, err
	}
	if !bytes.Equal(header[:4], magic) {
		return message{}, errors.New("magic of another network")
	}
	if _, err := io.ReadFull(r, header[4:]); err != nil {
		return message{}, err
	}
	size := binary.LittleEndian.Uint32(header[16:])
	if size > 1<<20 {
		return message{}, fmt.Errorf("a message of %d bytes", size)
	}
	payload := make([]byte, size)
	if _, err := io.ReadFull(r, payload); err != nil {
		return message{}, err
	}
	if !bytes.Equal(header[20:], checksum(payload)) {
		return message{}, errors.New("wrong checksum")
	}
	return message{string(bytes.TrimRight(header[4:16], "\x00")), payload}, nil
}

func checksum(payload []byte) []byte {
	first := sha256.Sum256(payload)
	second := sha256.Sum256(first[:])
	return second[:4]
}

func (m message) encode(magic []byte) []byte {
	b := make([]byte, headerSize, headerSize+len(m.payload))
	copy(b, magic)
	copy(b[4:16], m.command)
	binary.LittleEndian.PutUint32(b[16:], uint32(len(m.payload)))
	copy(b[20:], checksum(m.payload))
	return append(b, m.payload...)
}

// version is the captured version message with the time, a new nonce and challenge, and the
// height and user agent of the State.
func (h *handshake) version(v view) message {
	captured := h.messages[0].payload
	tail := captured[agentOffset+1+int(captured[agentOffset]):] // height 4, relay 1, challenge 32, flag 1
	payload := slices.Clone(captured[:agentOffset])
	binary.LittleEndian.PutUint64(payload[timeOffset:], uint64(time.Now().Unix()))
	_, _ = rand.Read(payload[nonceOffset:agentOffset])
	agent := captured[agentOffset+1 : len(captured)-len(tail)]
	if v.Version != v.base.Version {
		agent = []byte(userAgent(v.Version))
		agent = agent[:min(len(agent), 252)] // a length of one byte
	}
	payload = append(append(payload, byte(len(agent))), agent...)
	rest := slices.Clone(tail)
	binary.LittleEndian.PutUint32(rest, uint32(v.Height))
	_, _ = rand.Read(rest[5 : 5+32])
	return message{"version", append(payload, rest...)}
}

// mnauth is the captured mnauth message with another proTxHash. The signature does not fit it:
// nobody here can sign, and the probe does not check.
func (h *handshake) mnauth(proTxHash string) message {
	payload := slices.Clone(h.messages[2].payload)
	if hash, err := hex.DecodeString(proTxHash); err == nil && len(hash) == 32 {
		slices.Reverse(hash) // the wire has the bytes of a hash in the opposite order
		copy(payload, hash)
	}
	return message{"mnauth", payload}
}
