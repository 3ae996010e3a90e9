package packaging_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"raptoreum_exporter/internal/tools"
)

// TestRPCAuth checks that the commands of README.md create an rpcauth line that matches the password in the file.
// raptoreumd compares hex(HMAC-SHA256(key = the salt as text, password)) (httprpc.cpp, multiUserAuthorized).
func TestRPCAuth(t *testing.T) {
	needs(t, "openssl")
	block := regexp.MustCompile("(?s)<!-- rpcauth: [^\n]*-->\n\n```sh\n(.*?)```").FindStringSubmatch(tools.Read(t, "README.md"))
	if block == nil {
		t.Fatal("README.md has no commands for rpcauth")
	}
	home, etc, bin := t.TempDir(), t.TempDir(), t.TempDir()
	conf := filepath.Join(home, ".raptoreumcore", "raptoreum.conf")
	if err := os.Mkdir(filepath.Dir(conf), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, conf, "rpcport=8484\n[test]\nrpcport=1\n")
	// Only root can change the owner of a file. This checks the mode.
	sudo := "#!/bin/sh\n[ \"$1 $2 $3 $4 $5 $6 $7\" = 'install -o root -g raptoreum_exporter -m 0640' ] && exec install -m 0640 \"$8\" \"$9\"\nexit 1\n"
	if err := os.Chmod(write(t, filepath.Join(bin, "sudo"), sudo), 0o700); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "sh", "-euc", strings.ReplaceAll(block[1], "/etc/raptoreum_exporter", etc))
	command.Env = append(os.Environ(), "HOME="+home, "PATH="+bin+":"+os.Getenv("PATH"))
	if out, err := command.CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("%v\n%s", err, out)
	}
	lines := strings.Split(tools.Read(t, conf), "\n")
	line := regexp.MustCompile(`^rpcauth=raptoreum_exporter:([0-9a-f]{32})\$([0-9a-f]{64})$`).FindStringSubmatch(lines[0])
	if line == nil || strings.Join(lines[1:], "\n") != "rpcport=8484\n[test]\nrpcport=1\n" {
		t.Fatalf("raptoreum.conf has\n%s", strings.Join(lines, "\n"))
	}
	file := filepath.Join(etc, "rpcpassword")
	password := strings.TrimSpace(tools.Read(t, file))
	mac := hmac.New(sha256.New, []byte(line[1]))
	mac.Write([]byte(password))
	if want := hex.EncodeToString(mac.Sum(nil)); line[2] != want || len(password) != 48 {
		t.Errorf("hash %s, want %s of a password of %d characters", line[2], want, len(password))
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o640 {
		t.Error(info.Mode(), err)
	}
}

// TestReadmeFlags checks that the program has every flag in README.md.
func TestReadmeFlags(t *testing.T) {
	known := flagsOf(t)
	for _, flag := range regexp.MustCompile(`--((?:daemon|smartnode|fleet|web|heal|log|collector)\.[a-z.-]*[a-z])`).FindAllStringSubmatch(tools.Read(t, "README.md"), -1) {
		if !known[flag[1]] {
			t.Errorf("unknown flag %s", flag[1])
		}
	}
}
