package p2p

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// capture is one recorded conversation with a raptoreumd; send is what the recorder sent.
type capture struct {
	Log []struct {
		Dir     string
		Command string
		Hex     string
		Decoded struct {
			PayloadLen  int `json:"payload_len"`
			Version     int32
			Services    uint64
			UserAgent   string `json:"user_agent"`
			StartHeight int32  `json:"start_height"`
		}
	}
}

func captures(t testing.TB) map[string]capture {
	t.Helper()
	names, err := filepath.Glob("../testdata/captures/p2p*/*.json")
	if err != nil || len(names) == 0 {
		t.Fatalf("no captures: %v", err)
	}
	all := make(map[string]capture)
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var c capture
		if err := json.Unmarshal(b, &c); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[filepath.Base(filepath.Dir(name))+"/"+filepath.Base(name)] = c
	}
	return all
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// replay plays the daemon's side byte by byte. It always waits for our version first. Where the
// recorder sent verack, it waits for ours.
func (c capture) replay(t *testing.T) func(net.Conn) {
	return func(conn net.Conn) {
		if !expect(conn, "version") {
			t.Error("the first message is not version")
			return
		}
		for _, entry := range c.Log {
			switch entry.Dir {
			case "send":
				if entry.Command == "verack" && !expect(conn, "verack") {
					t.Error("the second message is not verack")
					return
				}
			case "recv":
				b, _ := hex.DecodeString(entry.Hex)
				for i := range b {
					if _, err := conn.Write(b[i : i+1]); err != nil {
						return // we may close after the first message that is not mnauth
					}
				}
			case "reset":
				conn.(*net.TCPConn).SetLinger(0)
				return
			case "eof":
				return
			}
		}
		hold(conn)
	}
}

type outcome struct {
	peer   Peer
	phase  Phase // that fails; "" is success
	target error
	words  string
}

func outcomes() map[string]outcome {
	shook := Peer{Protocol: 70220, UserAgent: "/Raptoreum Core:2.0.3.1/", Services: 1029, Height: 532}
	proved := shook
	proved.Mnauth = true
	proved.ProTxHash = "d5309c7cb07da0f4eed3b0d6efcabc180314028577b65c506c072d486b37856a"
	low := `"version" (code 0x11, "Version must be 70219 or greater"): update raptoreum_exporter`

	return map[string]outcome{
		"p2p/garbage.json":                     {phase: Version, target: context.DeadlineExceeded, words: "no version in time"},
		"p2p/ping_first.json":                  {phase: Version, target: context.DeadlineExceeded, words: "no version in time"},
		"p2p/silent.json":                      {phase: Version, target: context.DeadlineExceeded, words: "no version in time"},
		"p2p/no_verack.json":                   {peer: shook},
		"p2p/plain_bitcoin_70219.json":         {peer: shook},
		"p2p/v70220.json":                      {peer: shook},
		"p2p/v70220_no_relay_byte.json":        {peer: shook},
		"p2p/v70220_relay0.json":               {peer: shook},
		"p2p/v70220_short_26byte.json":         {peer: shook},
		"p2p/v70220_with_mnauth.json":          {peer: proved},
		"p2p/v70221_future.json":               {peer: shook},
		"p2p/v80000_future.json":               {peer: shook},
		"p2p/v70016_bitcoin.json":              {phase: Version, words: low},
		"p2p/v70212_low.json":                  {phase: Version, words: low},
		"p2p/v70213_low.json":                  {phase: Version, words: low},
		"p2p/v70218_low.json":                  {phase: Version, words: low},
		"p2p/wrong_magic.json":                 {phase: Version, words: "closed the connection"},
		"p2p-smartnode-not-synced/v70220.json": {phase: Version, words: "a smartnode that has not finished mnsync"},
	}
}

func TestCaptures(t *testing.T) {
	wants := outcomes()
	for name, c := range captures(t) {
		t.Run(name, func(t *testing.T) {
			want, ok := wants[name]
			if !ok {
				t.Fatal("no expected outcome")
			}
			delete(wants, name)
			address, accepted := fakePeer(t, c.replay(t))
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			peer, err := Dialer{UserAgent: "/test:1/"}.Dial(ctx, address, "regtest")
			if want.phase != "" {
				failure(t, err, want.phase, want.target, want.words)
			} else if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.peer, peer, cmpopts.IgnoreFields(Peer{}, "Durations")); diff != "" {
				t.Errorf("peer (-want +got):\n%s", diff)
			}
			if _, ok := peer.Durations[Mnauth]; ok != want.peer.Mnauth {
				t.Errorf("durations %v", peer.Durations)
			}
			if accepted.Load() != 1 {
				t.Errorf("%d connections", accepted.Load())
			}
		})
	}
	for name := range wants {
		t.Errorf("no capture %s", name)
	}
}

func TestCapturedVersions(t *testing.T) {
	for name, c := range captures(t) {
		for _, entry := range c.Log {
			if entry.Dir != "recv" || entry.Command != "version" {
				continue
			}
			payload := unhex(t, entry.Hex)[headerSize:]
			var peer Peer
			if err := decodeVersion(payload, &peer); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			d := entry.Decoded
			want := Peer{Protocol: d.Version, Services: d.Services, UserAgent: d.UserAgent, Height: d.StartHeight}
			if diff := cmp.Diff(want, peer); diff != "" || len(payload) != d.PayloadLen {
				t.Errorf("%s: %d bytes (-want +got):\n%s", name, len(payload), diff)
			}
		}
	}
}

// With the recorder's values, our version equals the one that raptoreumd answered with mnauth.
func TestOurVersion(t *testing.T) {
	recorded := unhex(t, captures(t)["p2p/v70220_with_mnauth.json"].Log[1].Hex)
	want := bytes.Clone(recorded[headerSize:])
	want[64], want[65] = 0, 0 // addr_from: the recorder sent ::ffff:0.0.0.0, raptoreumd and we send ::
	want[100] = 0             // relay

	random := [40]byte(append(bytes.Clone(recorded[headerSize+72:][:8]), recorded[headerSize+101:][:32]...))
	peer := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 31001}
	got := encodeVersion(time.Unix(1795345903, 0), peer, "/rtm-probe:0.1/", random)
	if diff := cmp.Diff(layout(want), layout(got)); diff != "" {
		t.Errorf("our version (-recorded +ours):\n%s", diff)
	}
	if message := encode("regtest", "version", recorded[headerSize:]); !bytes.Equal(message, recorded) {
		t.Errorf("message\n%x, recorded\n%x", message, recorded)
	}
}

// layout names the fields of a version whose user agent is shorter than 253 bytes.
func layout(b []byte) map[string]string {
	fields := make(map[string]string)
	cut := func(name string, size int) {
		size = min(size, len(b))
		fields[name] = hex.EncodeToString(b[:size])
		b = b[size:]
	}
	cut("version", 4)
	cut("services", 8)
	cut("time", 8)
	cut("addr_recv", 26)
	cut("addr_from", 26)
	cut("nonce", 8)
	cut("user agent", 1+int(b[0]))
	cut("height", 4)
	cut("relay", 1)
	cut("challenge", 32)
	cut("masternode flag", 1)
	cut("trailing", len(b))
	return fields
}
