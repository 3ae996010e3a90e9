package setup

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
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

// access adds the files with which the exporter of a node may call raptoreumd, and returns the flags for them.
func (c *command) access(ctx context.Context, p *plan, n *node) ([]string, error) {
	if !n.cookie {
		password := n.passwordFile(n.conf.Password)
		c.hide(strings.TrimSpace(password.content))
		p.files = append(p.files, password)
		return n.passwordFlags(n.conf.User), nil
	}
	way, err := c.way(ctx, n)
	switch {
	case err != nil:
		return nil, err
	case way != byUser && way != byPassword:
		return nil, fmt.Errorf("--credentials: %q is not password or user", way)
	case way == byUser && n.user.uid == 0:
		return nil, fmt.Errorf("--credentials=user: %s runs as root, and the exporter must not; use --credentials=password", n.title())
	case way == byUser:
		p.files = append(p.files, change{
			path: "/etc/systemd/system/" + n.service() + ".d/setup.conf", mode: 0o644, units: []string{n.service()},
			content: "# The cookie of raptoreumd is readable only by its user.\n[Service]\nUser=" + n.user.name + "\nGroup=" + n.group + "\n",
		})
		return n.userFlags(), nil
	}
	if err := c.mayAdd(n); err != nil {
		return nil, err
	}
	password, line, err := c.rpcAuth(n)
	if err != nil {
		return nil, err
	}
	c.hide(string(password))
	p.files = append(p.files, n.passwordFile(password), change{
		path: n.confPath, line: line, content: line, mode: 0o600, owner: n.user.name, group: n.group, secret: true,
	})
	c.print("  It has no rpcpassword, so it accepts the exporter after its next start. Restart it when check below says that a restart is safe.")
	return n.passwordFlags(exporterUser), nil
}

// way returns how the exporter gets access to a raptoreumd that has only a cookie.
func (c *command) way(ctx context.Context, n *node) (way string, err error) {
	if c.Node.Credentials == "" {
		c.Node.Credentials, err = c.ask(ctx, fmt.Sprintf("  %s has no rpcpassword. Use a separate password, which it accepts after its next start, or run the exporter as the user %s, which can read the operator key? [password/user] (password)", n.title(), n.user.name), byPassword)
	}
	return c.Node.Credentials, err
}

func (n *node) passwordFile(password daemon.Secret) change {
	var text strings.Builder
	_, _ = password.WriteTo(&text) // a builder has no errors
	return change{
		path: n.dir() + "/rpcpassword", content: text.String() + "\n", mode: 0o640, group: exporterUser, secret: true,
		units: []string{n.service()},
	}
}

// passwordFlags also say what raptoreum.conf would, which the exporter may not read.
func (n *node) passwordFlags(user string) []string {
	flags := []string{"--daemon.user=" + user, "--daemon.password-file=" + n.dir() + "/rpcpassword"}
	if n.container {
		return flags
	}
	return append(flags, n.fileFlags()...)
}

// userFlags are those of an exporter that reads raptoreum.conf and the cookie: what only the command line of raptoreumd
// says.
func (n *node) userFlags() (flags []string) {
	if n.conf.CookieFile != n.written.CookieFile {
		flags = append(flags, "--daemon.cookie-file="+n.conf.CookieFile)
	}
	if n.conf.Datadir != n.written.Datadir || n.conf.PidFile != n.written.PidFile {
		flags = append(flags, n.fileFlags()...)
	}
	return flags
}

// fileFlags say where raptoreumd keeps its files.
func (n *node) fileFlags() []string {
	flags := []string{"--daemon.datadir=" + n.conf.Datadir}
	if n.conf.PidFile != filepath.Join(n.conf.Datadir, "raptoreumd.pid") {
		flags = append(flags, "--daemon.pid-file="+n.conf.PidFile)
	}
	if n.conf.DebugLog != filepath.Join(n.conf.Datadir, "debug.log") && n.conf.DebugLog != "" {
		flags = append(flags, "--daemon.debuglog="+n.conf.DebugLog)
	}
	return flags
}
