package simnet

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"os"
	"path/filepath"
)

// newCookie writes a new .cookie, as the daemon does at each start without a password.
func (n *Network) newCookie() error {
	if n.config.Password != "" {
		return nil
	}
	secret := make([]byte, 32)
	_, _ = rand.Read(secret)
	cookie := hex.EncodeToString(secret)
	path := filepath.Join(n.config.CookieDir, ".cookie")
	if err := os.WriteFile(path+".tmp", []byte("__cookie__:"+cookie), 0o600); err != nil {
		return err
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cookie = cookie
	return nil
}

func (n *Network) authorized(r *http.Request) bool {
	user, password, ok := r.BasicAuth()
	wantUser, want := n.config.User, n.config.Password
	if want == "" {
		n.mu.Lock()
		wantUser, want = "__cookie__", n.cookie
		n.mu.Unlock()
	}
	return ok && user == wantUser && subtle.ConstantTimeCompare([]byte(password), []byte(want)) == 1
}
