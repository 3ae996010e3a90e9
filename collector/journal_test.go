package collector

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/log"

	"raptoreum_exporter/daemon"
)

// TestJournalOfFlapping: a state that changes every half minute, for an hour, is not two lines a minute,
// however often it is scraped. Once it holds, it is logged.
func TestJournalOfFlapping(t *testing.T) {
	for _, every := range []time.Duration{time.Second, 7 * time.Second, 15 * time.Second} {
		var out bytes.Buffer
		j := newJournal(log.NewLogfmtLogger(&out))
		at := time.Unix(1e9, 0)
		for range time.Hour / every {
			at = at.Add(every)
			state := daemon.Ready
			if at.Unix()/30%2 == 0 {
				state = daemon.Slow
			}
			j.state(at, state, nil)
			j.state(at.Add(time.Millisecond), state, nil) // the second of two Prometheus servers
		}
		if n := strings.Count(out.String(), "\n"); n > 30 {
			t.Errorf("scraped every %s: %d lines in an hour", every, n)
		}
		for range 7 {
			at = at.Add(time.Minute)
			j.state(at, daemon.Hung, nil)
		}
		if n := strings.Count(out.String(), "state=hung"); n != 1 {
			t.Errorf("scraped every %s: %d lines about what lasts", every, n)
		}
	}
}

// TestJournal: a line for each change that two observations agree on, and none for what flaps.
func TestJournal(t *testing.T) {
	broken := errors.New("broken")
	for _, test := range []struct {
		name   string
		states string // r ready, s slow, h hung; capitals are seen by two scrapes
		errs   string // . works, x fails
		want   string
	}{
		{"ready", "rrrr", "....", "daemon is ready"},
		{"once slow", "rrsrr", ".....", "daemon is ready"},
		{"hung", "rrhhhhrr", "........", "daemon is ready|daemon is not ready|daemon is ready"},
		{"flaps", "rr" + strings.Repeat("sr", 50), "", "daemon is ready"},
		{"flaps, seen twice each", "rr" + strings.Repeat("SR", 50), "", "daemon is ready"},
		{"slow, then hung", "rrsshh", "......", "daemon is ready|daemon is not ready|daemon is not ready"},
		{"slow, then hung, then ready", "rrsshhrr", "", "daemon is ready|daemon is not ready|daemon is not ready|daemon is ready"},
		{"a source fails", "", "..xxx..", "source failed|source recovered"},
		{"a source flaps", "", ".x.x.x.x", ""},
		{"a source fails from the start", "", "xx", "source failed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			j := newJournal(log.NewLogfmtLogger(&out))
			at := time.Unix(1e9, 0)
			for _, r := range test.states {
				at = at.Add(time.Minute)
				state := map[string]daemon.State{"r": daemon.Ready, "s": daemon.Slow, "h": daemon.Hung}[strings.ToLower(string(r))]
				j.state(at, state, nil)
				if strings.ToUpper(string(r)) == string(r) {
					j.state(at, state, nil)
				}
			}
			for _, r := range test.errs {
				at = at.Add(time.Minute)
				var err error
				if r == 'x' {
					err = broken
				}
				j.note("x", at, err)
			}
			j.note("x", at, &daemon.Error{State: daemon.Hung, Err: broken}) // the daemon's collector logs it
			var got []string
			for line := range strings.Lines(out.String()) {
				_, rest, _ := strings.Cut(line, "msg=\"")
				message, _, _ := strings.Cut(rest, "\"")
				got = append(got, message)
			}
			if all := strings.Join(got, "|"); all != test.want {
				t.Errorf("got %s, want %s\n%s", all, test.want, &out)
			}
		})
	}
}
