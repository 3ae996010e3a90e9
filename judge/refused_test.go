package judge_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestRefusedShowsNoSecret runs the command that check prints when raptoreumd rejects the exporter: it shows the user of an
// rpcauth line, but neither its hash nor a password.
func TestRefusedShowsNoSecret(t *testing.T) {
	f := finding(t, judged(t, map[string]string{"up": "0", `daemon_state{state="ready"}`: "0", `daemon_state{state="unauthorized"}`: "1"}), "raptoreumd")
	i := slices.IndexFunc(f.Next, func(command string) bool { return strings.Contains(command, "grep") })
	if i < 0 {
		t.Fatalf("no grep in %q", f.Next)
	}
	form := regexp.MustCompile(`^sudo grep (.*) '(.*?)' `).FindStringSubmatch(f.Next[i])
	if form == nil {
		t.Fatalf("unexpected command %s", f.Next[i])
	}
	conf := filepath.Join(t.TempDir(), "raptoreum.conf")
	text := "rpcuser=alice\nrpcpassword=hunter2\nrpcauth = bob:5a17$c0ffee\n#rpcauth=old:1$2\nsmartnodeblsprivkey=5eced\nrpcport=10225\n"
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "grep", append(strings.Fields(form[1]), form[2], conf)...).Output()
	if want := "1:rpcuser=alice\n3:rpcauth = bob\n6:rpcport=10225\n"; err != nil || string(out) != want {
		t.Errorf("%q, %v; want %q", out, err, want)
	}
}
