package p2p

import (
	"net"
	"testing"
)

// BenchmarkHandshake measures one handshake on loopback, including the side of the fake peer.
func BenchmarkHandshake(b *testing.B) {
	hello := append(versionMessage([]byte{2}, "/x"), message("verack")...)
	proof := message("mnauth", make([]byte, 32+96)...)
	address, _ := fakePeer(b, func(conn net.Conn) {
		expect(conn, "version")
		conn.Write(hello)
		expect(conn, "verack")
		conn.Write(proof)
		hold(conn)
	})
	b.ReportAllocs()
	for b.Loop() {
		if peer, err := (Dialer{UserAgent: "/bench:1/"}).Dial(b.Context(), address, "regtest"); err != nil || !peer.Mnauth {
			b.Fatal(peer, err)
		}
	}
}
