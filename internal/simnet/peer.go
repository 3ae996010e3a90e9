package simnet

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
)

// servePeer plays the P2P port. Like the daemon, it sends nothing before it has received the other
// side's version.
func (n *Network) servePeer(life context.Context, c net.Conn) {
	s := n.State()
	n.serveAs(life, c, s, n.config.Scenario.own)
}

// serveAs plays the port of the smartnode that proTxHash names.
func (n *Network) serveAs(life context.Context, c net.Conn, s State, proTxHash string) {
	n.counter.dial()
	switch s.Port {
	case PortAcceptClose:
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // a reset, as captured
		}
		return
	case PortSilent:
		_, _ = io.Copy(io.Discard, c)
		return
	case PortGarbage:
		_, _ = c.Write(bytes.Repeat([]byte("HTTP/1.1 400 Bad Request\r\n\xff\x00"), 100))
		_, _ = io.Copy(io.Discard, c)
		return
	}
	p := &peerConn{Conn: c, handshake: n.handshake, state: s, life: life, own: proTxHash, view: n.view(s)}
	p.talk()
}

// peerConn is one connection of a peer.
type peerConn struct {
	net.Conn
	*handshake
	view       view
	state      State
	own        string // proTxHash
	life       context.Context
	challenged bool // the received version has a challenge
}

// talk answers until the other side closes the connection, sends something that is not a message of
// our network, or has too old a protocol version.
func (p *peerConn) talk() {
	greeted := false
	received := bufio.NewReader(p) // nothing unread at the close, which would make it a reset
	for {
		m, err := readMessage(received, p.magic)
		if err != nil {
			return
		}
		switch {
		case m.command == "version" && !greeted:
			if !p.greet(m.payload) {
				return
			}
			greeted = true
		case m.command == "verack" && greeted:
			p.introduce()
		case m.command == "ping" && greeted:
			p.send(message{"pong", m.payload})
		}
	}
}

// greet answers a version message and reports whether the other side's protocol version is recent enough.
func (p *peerConn) greet(payload []byte) bool {
	if len(payload) < 4 || binary.LittleEndian.Uint32(payload) < minProtocol || p.state.Port == PortOldProtocol {
		p.send(p.reject)
		return false
	}
	// The challenge is the last but one field; an older kind of version ends before it.
	if len(payload) > agentOffset {
		tail := payload[min(len(payload), agentOffset+1+int(payload[agentOffset])):]
		p.challenged = len(tail) >= 5+32 && !bytes.Equal(tail[5:5+32], make([]byte, 32))
	}
	p.send(p.version(p.view))
	p.send(p.messages[1])
	return true
}

// introduce sends the messages that follow the other side's verack. Only a ready smartnode identifies
// itself, and only to a peer that sent a challenge.
func (p *peerConn) introduce() {
	if p.challenged && p.state.Smartnode == SmartnodeReady && p.state.Port != PortNoMNAuth {
		hash := p.own
		if p.state.Port == PortWrongProTx {
			hash = madeHash("another smartnode", 0)
		}
		p.send(p.mnauth(hash))
	}
	for _, m := range p.messages[3:] {
		p.send(m)
	}
}

// send ignores errors: the next read finds the connection closed.
func (p *peerConn) send(m message) {
	magic := p.magic
	if p.state.Port == PortWrongMagic {
		magic = []byte("rtm.") // mainnet
	}
	if p.state.Port == PortSlowDrip {
		drip(p.life, p, m.encode(magic))
		return
	}
	_, _ = p.Write(m.encode(magic))
}
