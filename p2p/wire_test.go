package p2p

import (
	"bytes"
	"encoding/hex"
	"net"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestMagic(t *testing.T) {
	want := map[string]string{"main": "72746d2e", "test": "7472746d", "devnet": "e2caffce", "regtest": "fcc1b7dc"}
	for network, w := range want {
		if got, ok := magic(network); !ok || hex.EncodeToString(got[:]) != w {
			t.Errorf("%s: %x %v", network, got, ok)
		}
	}
	for _, network := range []string{"", "Main", "mainnet"} {
		if got, ok := magic(network); ok {
			t.Errorf("%q: %x", network, got)
		}
	}
}

func TestUserAgents(t *testing.T) {
	for name, test := range map[string]struct {
		size        []byte
		agent, want string
	}{
		"empty":         {[]byte{0}, "", ""},
		"invalid UTF-8": {[]byte{4}, "a\xff\xfeb", "a\ufffd\ufffdb"},
		"control":       {[]byte{5}, "a\x00\n\tb", "a   b"},
		"long":          {[]byte{0xfd, 0x2c, 0x01}, strings.Repeat("a", 300), strings.Repeat("a", 97) + "..."},
	} {
		t.Run(name, func(t *testing.T) {
			var peer Peer
			if err := decodeVersion(versionMessage(test.size, test.agent)[headerSize:], &peer); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, peer.UserAgent); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestEncodeVersionAddress(t *testing.T) {
	for _, test := range []struct {
		peer net.Addr
		want string
	}{
		{nil, strings.Repeat("00", 26)},
		{&net.UnixAddr{Name: "x"}, strings.Repeat("00", 26)},
		{&net.TCPAddr{IP: net.IPv4(192, 0, 2, 7).To4(), Port: 10226}, strings.Repeat("00", 18) + "ffffc000020727f2"},
		{&net.TCPAddr{IP: net.ParseIP("2001:db8::1"), Port: 1}, strings.Repeat("00", 8) + "20010db8000000000000000000000001" + "0001"},
	} {
		b := encodeVersion(time.Unix(0, 0), test.peer, strings.Repeat("u", 300), [40]byte{})
		if got := layout(b); got["addr_recv"] != test.want || got["trailing"] != "" || len(got["user agent"]) != 2*(1+maxText) {
			t.Errorf("%v: %v", test.peer, got)
		}
	}
}

func FuzzReadMessage(f *testing.F) {
	for _, c := range captures(f) {
		for _, entry := range c.Log {
			if entry.Hex != "" {
				f.Add(unhex(f, entry.Hex))
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		h, err := readHeader(r, "regtest")
		if err != nil {
			return
		}
		payload, err := readPayload(r, h)
		if err != nil {
			if !utf8.ValidString(err.Error()) || len(err.Error()) > 500 {
				t.Errorf("error %q", err)
			}
			return
		}
		if len(payload) > maxPayload {
			t.Errorf("%d bytes of payload", len(payload))
		}
		if again := encode("regtest", h.command, payload); !bytes.Equal(again, b[:len(b)-r.Len()]) {
			t.Errorf("encoded again\n%x, received\n%x", again, b)
		}
	})
}

func FuzzDecodeVersion(f *testing.F) {
	for _, c := range captures(f) {
		for _, entry := range c.Log {
			if entry.Command == "version" || entry.Command == "reject" {
				f.Add(unhex(f, entry.Hex)[headerSize:])
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var peer Peer
		if err := decodeVersion(b, &peer); err != nil && !cmp.Equal(peer, Peer{}) {
			t.Errorf("%+v with error %v", peer, err)
		}
		if len(peer.UserAgent) > maxText || !utf8.ValidString(peer.UserAgent) {
			t.Errorf("user agent %q", peer.UserAgent)
		}
		if words := rejection(b).Error(); len(words) > 1000 || !utf8.ValidString(words) || strings.ContainsAny(words, "\n\x00") {
			t.Errorf("rejection %q", words)
		}
	})
}
