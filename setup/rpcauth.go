package setup

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"raptoreum_exporter/daemon"
)

const rpcAuthKey = "rpcauth=" + exporterUser + ":"

// rpcAuth returns a password for the exporter and the line for raptoreum.conf: those of an earlier run, or new ones.
// raptoreumd compares hex(HMAC-SHA256(salt as text, password)) (httprpc.cpp, multiUserAuthorized).
func (c *command) rpcAuth(n *node) (daemon.Secret, string, error) {
	file, err := c.read(n.dir() + "/rpcpassword")
	if err != nil {
		return "", "", err
	}
	conf, err := c.read(n.confPath)
	if err != nil {
		return "", "", err
	}
	if file != nil && conf != nil {
		password := strings.TrimRight(file.content, "\r\n")
		for line := range strings.Lines(conf.content) {
			rest, ok := strings.CutPrefix(line, rpcAuthKey)
			salt, _, cut := strings.Cut(rest, "$")
			if ok && cut && strings.HasSuffix(line, "\n") && line == rpcAuthLine(salt, password) {
				return daemon.Secret(password), line, nil
			}
		}
	}
	var random [40]byte
	if _, err := rand.Read(random[:]); err != nil {
		return "", "", err
	}
	password := hex.EncodeToString(random[16:])
	return daemon.Secret(password), rpcAuthLine(hex.EncodeToString(random[:16]), password), nil
}

func rpcAuthLine(salt, password string) string {
	mac := hmac.New(sha256.New, []byte(salt))
	mac.Write([]byte(password))
	return rpcAuthKey + salt + "$" + hex.EncodeToString(mac.Sum(nil)) + "\n"
}
