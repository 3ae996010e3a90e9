package p2p

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// failure checks that err is an *Error of the phase, wraps target and contains words.
func failure(t *testing.T, err error, phase Phase, target error, words string) {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("got error %v (%T), want a *p2p.Error", err, err)
	}
	if e.Phase != phase {
		t.Errorf("phase %s, want %s", e.Phase, phase)
	}
	if target != nil && !errors.Is(err, target) {
		t.Errorf("error is not %v: %v", target, err)
	}
	if !strings.HasPrefix(err.Error(), string(phase)+": ") || !strings.Contains(err.Error(), words) {
		t.Errorf("error %q\nlacks %q", err, words)
	}
	if len(err.Error()) > 400 {
		t.Errorf("error has %d bytes", len(err.Error()))
	}
}

func TestFaults(t *testing.T) {
	hello := versionMessage([]byte{2}, "/x")
	long := versionMessage([]byte{2}, "/x")
	binary.LittleEndian.PutUint32(long[16:], 1<<32-1)
	foreign := encode("main", "version", make([]byte, 143))
	flipped := versionMessage([]byte{2}, "/x")
	flipped[len(flipped)-1] ^= 1
	for name, test := range map[string]struct {
		play   func(net.Conn)
		phase  Phase
		target error
		words  string
	}{
		"closes at once":         {func(net.Conn) {}, Version, nil, "closed the connection: a smartnode that has not finished mnsync"},
		"closes after version":   {func(conn net.Conn) { expect(conn, "version") }, Version, io.EOF, "mnsync"},
		"resets after version":   {reset, Version, syscall.ECONNRESET, "mnsync"},
		"closes within version":  {func(conn net.Conn) { expect(conn, "version"); conn.Write(hello[:50]) }, Version, io.ErrUnexpectedEOF, "mnsync"},
		"closes before verack":   {func(conn net.Conn) { expect(conn, "version"); conn.Write(hello); expect(conn, "verack") }, Verack, io.EOF, "closed the connection"},
		"silent":                 {hold, Version, context.DeadlineExceeded, "no version in time"},
		"slow drip":              {drip(hello), Version, context.DeadlineExceeded, "no version in time"},
		"silent before verack":   {send(hello), Verack, context.DeadlineExceeded, "no verack in time"},
		"another network":        {send(foreign), Version, nil, "not on network regtest: its messages start with 72746d2e, not fcc1b7dc"},
		"another protocol":       {func(conn net.Conn) { conn.Write([]byte("SSH-2.0-x\r\n")); hold(conn) }, Version, nil, "not on network regtest"},
		"user agent of 1 MB":     {send(versionMessage([]byte{0xfe, 0, 0, 16, 0}, strings.Repeat("a", 1<<20))), Version, nil, `"version" of 1048`},
		"user agent length 1 MB": {send(versionMessage([]byte{0xfe, 0, 0, 16, 0}, "/x")), Version, nil, "ends before its height"},
		"user agent too short":   {send(versionMessage([]byte{0xfd, 0xff, 0xff}, "/x")), Version, nil, "ends before its height"},
		"4 GiB":                  {send(long), Version, nil, `"version" of 4294967295 bytes`},
		"checksum":               {send(flipped), Version, nil, `"version" with a wrong checksum`},
		"no version in version":  {send(message("version", 1, 2, 3)), Version, nil, "only 3 bytes"},
		"chatter":                {send(slices.Repeat([][]byte{message("ping")}, maxMessages)...), Version, nil, "no version among 16 messages"},
		"strange command":        {send(message("a\nb\xff", make([]byte, 5000)...)), Version, nil, `"a b�" of 5000 bytes`},
		"reject after version":   {send(hello, rejectMessage(0x11, "too low")), Verack, nil, `"version" (code 0x11, "too low"): update raptoreum_exporter`},
		"reject after verack":    {send(hello, message("verack"), rejectMessage(0x10, "a\nb")), Mnauth, nil, `(code 0x10, "a b"): check its debug.log`},
		"reject without reason":  {send(message("reject")), Version, nil, "without a reason"},
		"long reason":            {send(rejectMessage(0x10, strings.Repeat("r", 250))), Version, nil, `rrr..."`},
		"mnauth too short":       {send(hello, message("verack"), message("mnauth", 1, 2)), Mnauth, nil, "mnauth has 2 bytes"},
		"mnauth checksum":        {send(hello, message("verack"), func() []byte { m := message("mnauth", 1); m[24]++; return m }()), Mnauth, nil, "checksum"},
	} {
		t.Run(name, func(t *testing.T) {
			address, accepted := fakePeer(t, test.play)
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			start := time.Now()
			peer, err := Dialer{}.Dial(ctx, address, "regtest")
			if took := time.Since(start); took > 2*time.Second {
				t.Errorf("took %v", took)
			}
			failure(t, err, test.phase, test.target, test.words)
			for _, phase := range Phases() {
				if _, ok := peer.Durations[phase]; ok != (phaseIndex(phase) < phaseIndex(test.phase)) {
					t.Errorf("%s has a duration: %v, failed in %s", phase, ok, test.phase)
				}
			}
			if accepted.Load() != 1 {
				t.Errorf("%d connections", accepted.Load())
			}
		})
	}
}

func phaseIndex(want Phase) int {
	for i, phase := range Phases() {
		if phase == want {
			return i
		}
	}
	return -1
}

func TestTolerance(t *testing.T) {
	hello := versionMessage([]byte{2}, "/x")
	proof := append([]byte{1, 2}, make([]byte, 126)...)
	hash := strings.Repeat("00", 30) + "0201"
	for name, test := range map[string]struct {
		play func(net.Conn)
		hash string
	}{
		"other messages between": {send(message("sendaddrv2"), hello, message("ping"), message("verack"), message("mnauth", proof...)), hash},
		"verack before version":  {send(message("verack"), hello, message("mnauth", proof...)), hash},
		"large message first":    {send(hello, message("verack"), message("inv", make([]byte, 5000)...)), ""},
		"closes after verack": {func(conn net.Conn) {
			expect(conn, "version")
			conn.Write(append(hello, message("verack")...))
			expect(conn, "verack")
		}, ""},
		"silent after verack": {send(hello, message("verack")), ""},
		"half a mnauth":       {send(hello, message("verack"), message("mnauth", proof...)[:80]), ""},
	} {
		t.Run(name, func(t *testing.T) {
			address, _ := fakePeer(t, test.play)
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			peer, err := Dialer{}.Dial(ctx, address, "regtest")
			if err != nil {
				t.Fatal(err)
			}
			if peer.UserAgent != "/x" || peer.ProTxHash != test.hash || peer.Mnauth != (test.hash != "") {
				t.Errorf("got %+v", peer)
			}
		})
	}
}

func TestConnect(t *testing.T) {
	address, accepted := fakePeer(t, hold)
	_, err := Dialer{}.Dial(t.Context(), address, "mainnet")
	failure(t, err, Connect, nil, `unknown network "mainnet": use main, test, devnet or regtest`)
	if accepted.Load() != 0 {
		t.Error("a connection to an unknown network was opened")
	}

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	_, err = Dialer{}.Dial(t.Context(), listener.Addr().String(), "main")
	failure(t, err, Connect, syscall.ECONNREFUSED, "start raptoreumd or correct the address")

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = Dialer{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}.Dial(ctx, "192.0.2.1:10226", "main")
	failure(t, err, Connect, context.DeadlineExceeded, "the machine is down or a firewall drops the port")
}

func TestCancel(t *testing.T) {
	hello := append(versionMessage([]byte{2}, "/x"), message("verack")...)
	for phase, play := range map[Phase]func(net.Conn){
		Version: send(),
		Verack:  send(hello[:len(hello)-headerSize]),
		Mnauth:  send(hello),
	} {
		t.Run(string(phase), func(t *testing.T) {
			address, _ := fakePeer(t, play)
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(100*time.Millisecond, cancel)
			start := time.Now()
			_, err := Dialer{}.Dial(ctx, address, "regtest")
			if took := time.Since(start); took > time.Second {
				t.Errorf("took %v after the cancellation", took)
			}
			failure(t, err, phase, context.Canceled, "handshake aborted")
		})
	}
}

// The fake clock of synctest reaches the built-in limits without waiting.
func TestOwnLimits(t *testing.T) {
	hello := append(versionMessage([]byte{2}, "/x"), message("verack")...)
	for name, test := range map[string]struct {
		play func(net.Conn)
		want map[Phase]time.Duration
		took time.Duration
	}{
		"silent": {hold, map[Phase]time.Duration{Connect: 0}, 8 * time.Second},
		"silent after verack": {func(conn net.Conn) {
			expect(conn, "version")
			conn.Write(hello[:len(hello)-headerSize])
			expect(conn, "verack")
			conn.Write(message("verack"))
			hold(conn)
		}, map[Phase]time.Duration{Connect: 0, Version: 0, Verack: 0}, 2 * time.Second},
		"slow": {func(conn net.Conn) {
			expect(conn, "version")
			time.Sleep(3 * time.Second)
			conn.Write(hello[:len(hello)-headerSize])
			expect(conn, "verack")
			time.Sleep(time.Second)
			conn.Write(append(message("verack"), message("ping")...))
			hold(conn) // a pipe whose other end is closed refuses a deadline, unlike a TCP connection
		}, map[Phase]time.Duration{Connect: 0, Version: 3 * time.Second, Verack: time.Second}, 4 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				peer, err := Dialer{DialContext: func(context.Context, string, string) (net.Conn, error) {
					ours, theirs := net.Pipe()
					go func() { defer theirs.Close(); test.play(theirs) }()
					return ours, nil
				}}.Dial(t.Context(), "192.0.2.1:10226", "regtest")
				if (err != nil) != (test.took == timeout) {
					t.Errorf("error %v", err)
				}
				if took := time.Since(start); took != test.took {
					t.Errorf("took %v, want %v", took, test.took)
				}
				if diff := cmp.Diff(test.want, peer.Durations); diff != "" {
					t.Errorf("durations (-want +got):\n%s", diff)
				}
			})
		})
	}
}
