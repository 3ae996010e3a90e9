package simnet

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// capturedSend returns what was sent in a captured connection.
func capturedSend(t *testing.T, name, command string) []byte {
	t.Helper()
	data, err := os.ReadFile(testdata + "captures/p2p/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Log []struct{ Dir, Command, Hex string }
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	for _, entry := range file.Log {
		if entry.Dir == "send" && entry.Command == command {
			raw, err := hex.DecodeString(entry.Hex)
			if err != nil {
				t.Fatal(err)
			}
			return raw
		}
	}
	t.Fatalf("%s: no %s was sent", name, command)
	return nil
}

// dialogue plays the captured client and returns what came back in a short time, and how it ended.
func dialogue(t *testing.T, n *Network, client string) (messages []message, raw []byte, end error) {
	t.Helper()
	c, err := net.Dial("tcp", n.PeerAddress())
	if err != nil {
		return nil, nil, err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	_, failed := c.Write(capturedSend(t, client, "version"))
	if client == "v70220_with_mnauth.json" {
		_, _ = c.Write(capturedSend(t, client, "verack"))
	}
	raw, end = io.ReadAll(c)
	end = errors.Join(end, failed) // a reset shows in either
	for r := bytes.NewReader(raw); r.Len() > 0; {
		m, err := readMessage(r, n.handshake.magic)
		if err != nil {
			return messages, raw, errors.Join(end, err)
		}
		messages = append(messages, m)
	}
	return messages, raw, end
}

func commands(messages []message) string {
	var list []string
	for _, m := range messages {
		list = append(list, m.command)
	}
	return strings.Join(list, " ")
}

func TestHandshakeIsTheCapturedOne(t *testing.T) {
	n := start(t, "healthy")
	n.Set(func(s *State) { s.Height = 532 }) // of the captured handshake
	got, _, end := dialogue(t, n, "v70220_with_mnauth.json")
	if !errors.Is(end, os.ErrDeadlineExceeded) {
		t.Errorf("ended with %v; want an open connection", end)
	}
	_, want, err := loadMessages(os.DirFS(testdata+"captures"), "p2p/v70220_with_mnauth.json")
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("got %s; want %s", commands(got), commands(want))
	}
	sent := int64(binary.LittleEndian.Uint64(got[0].payload[timeOffset:]))
	if d := time.Since(time.Unix(sent, 0)); d < 0 || d > 10*time.Second {
		t.Errorf("time is %v off", d)
	}
	tail := len(got[0].payload) - 33 // challenge 32, flag 1
	if len(got[0].payload) != len(want[0].payload) ||
		bytes.Equal(got[0].payload[nonceOffset:agentOffset], want[0].payload[nonceOffset:agentOffset]) ||
		bytes.Equal(got[0].payload[tail:tail+32], want[0].payload[tail:tail+32]) {
		t.Errorf("version %x; want one like %x with another nonce and challenge", got[0].payload, want[0].payload)
	}
	for _, m := range []message{got[0], want[0]} {
		clear(m.payload[timeOffset : timeOffset+8])
		clear(m.payload[nonceOffset:agentOffset])
		clear(m.payload[tail : tail+32])
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(message{})); diff != "" {
		t.Errorf("(-captured +fake):\n%s", diff)
	}
	if n.Calls().PeerDials != 1 {
		t.Errorf("dials %d", n.Calls().PeerDials)
	}
}

func TestVersionFollowsTheState(t *testing.T) {
	n := start(t, "healthy")
	n.Set(func(s *State) { s.Height, s.Version = 77, "2.0.4.12" })
	got, _, _ := dialogue(t, n, "v70220.json")
	if len(got) != 2 {
		t.Fatalf("got %s", commands(got))
	}
	payload := got[0].payload
	if agent := "/Raptoreum Core:2.0.4.12/"; string(payload[agentOffset+1:agentOffset+1+len(agent)]) != agent {
		t.Errorf("version %q", payload)
	}
	if height := binary.LittleEndian.Uint32(payload[len(payload)-38:]); height != 77 {
		t.Errorf("height %d", height)
	}
}

func TestPortModes(t *testing.T) {
	all := "version verack mnauth sendheaders sendcmpct senddsq ping"
	tests := []struct {
		name   string
		set    func(*State)
		client string
		want   string
		end    error
	}{
		{"ok", func(*State) {}, "v70220_with_mnauth.json", all, os.ErrDeadlineExceeded},
		{"no verack", func(*State) {}, "no_verack.json", "version verack", os.ErrDeadlineExceeded},
		{"too old", func(*State) {}, "v70212_low.json", "reject", nil},
		{"magic of mainnet", func(*State) {}, "wrong_magic.json", "", nil},
		{"closed", func(s *State) { s.Port = PortClosed }, "v70220.json", "", syscall.ECONNREFUSED},
		{"accept_close", func(s *State) { s.Port = PortAcceptClose }, "v70220.json", "", syscall.ECONNRESET},
		{"silent", func(s *State) { s.Port = PortSilent }, "v70220.json", "", os.ErrDeadlineExceeded},
		{
			"no_mnauth", func(s *State) { s.Port = PortNoMNAuth }, "v70220_with_mnauth.json",
			strings.Replace(all, "mnauth ", "", 1), os.ErrDeadlineExceeded,
		},
		{
			"banned", func(s *State) { s.Smartnode = SmartnodePoSeBanned }, "v70220_with_mnauth.json",
			strings.Replace(all, "mnauth ", "", 1), os.ErrDeadlineExceeded,
		},
		{"old_protocol", func(s *State) { s.Port = PortOldProtocol }, "v70220.json", "reject", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			n := start(t, "healthy")
			n.Set(test.set)
			got, _, end := dialogue(t, n, test.client)
			if commands(got) != test.want || !errors.Is(end, test.end) {
				t.Errorf("got %q, then %v; want %q, then %v", commands(got), end, test.want, test.end)
			}
		})
	}
}

func TestPortModesInBytes(t *testing.T) {
	n := start(t, "healthy")
	n.Set(func(s *State) { s.Port = PortWrongMagic })
	if _, raw, _ := dialogue(t, n, "v70220.json"); !bytes.HasPrefix(raw, []byte("rtm.version\x00")) {
		t.Errorf("wrong_magic: %q", raw)
	}
	n.Set(func(s *State) { s.Port = PortGarbage })
	if messages, raw, _ := dialogue(t, n, "v70220.json"); len(messages) != 0 || len(raw) < 1000 {
		t.Errorf("garbage: %s, %d bytes", commands(messages), len(raw))
	}
	n.Set(func(s *State) { s.Port = PortSlowDrip })
	if _, raw, _ := dialogue(t, n, "v70220.json"); len(raw) < 1 || len(raw) > 10 {
		t.Errorf("slow_drip: %d bytes in 0.3 s", len(raw))
	}
	own, err := hex.DecodeString(n.config.Scenario.own)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(own)
	for mode, want := range map[PortMode]bool{PortOK: true, PortWrongProTx: false} {
		n.Set(func(s *State) { s.Port = mode })
		messages, _, _ := dialogue(t, n, "v70220_with_mnauth.json")
		if len(messages) < 3 || bytes.HasPrefix(messages[2].payload, own) != want {
			t.Errorf("%s: mnauth with our proTxHash: want %v", mode, want)
		}
	}
}

// TestOwnAddress: a revoked registration has no address, whatever the port of the fake.
func TestOwnAddress(t *testing.T) {
	own := func(c *Config) { c.OwnAddress = true }
	for scenario, want := range map[string]string{"healthy": "", "operator-key-changed": "[0:0:0:0:0:0:0:0]:0"} {
		n := start(t, scenario, own)
		if want == "" {
			want = n.PeerAddress()
		}
		if s := n.State(); s.Address != want || s.LocalAddress != n.PeerAddress() {
			t.Errorf("%s: registered %s, local %s", scenario, s.Address, s.LocalAddress)
		}
	}
}
