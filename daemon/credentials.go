package daemon

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// maxSecretFile bounds what is read of a file that should hold one line, in bytes.
const maxSecretFile = 4096

// ReadCookie reads the credentials that raptoreumd writes at each start, `__cookie__:<64 hex>`.
func ReadCookie(path string) (Credentials, error) {
	line, err := readSecretFile(path)
	if errors.Is(err, fs.ErrPermission) {
		return Credentials{}, fmt.Errorf("cookie file: %w; raptoreumd lets only its own user read it: run as that user, or give an rpcauth user with --daemon.user and --daemon.password-file", err)
	}
	if err != nil {
		return Credentials{}, fmt.Errorf("cookie file: %w", err)
	}
	user, password, ok := strings.Cut(line, ":")
	if !ok {
		return Credentials{}, fmt.Errorf("cookie file %s: not of the form user:password; is this the .cookie of raptoreumd?", path)
	}
	return Credentials{user, Secret(password)}, nil
}

// ReadPassword reads a file that holds one password and perhaps a line end.
func ReadPassword(path string) (Secret, error) {
	line, err := readSecretFile(path)
	if err != nil {
		return "", fmt.Errorf("password file: %w", err)
	}
	if line == "" {
		return "", fmt.Errorf("password file %s: is empty; write the rpcpassword of raptoreum.conf into it", path)
	}
	return Secret(line), nil
}

func readSecretFile(path string) (string, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() { // a pipe would block for ever
		return "", fmt.Errorf("%s: is no regular file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxSecretFile+1))
	if err != nil {
		return "", err
	}
	if len(content) > maxSecretFile {
		return "", fmt.Errorf("%s: longer than %d bytes; it should hold one line", path, maxSecretFile)
	}
	return strings.TrimRight(string(content), "\r\n"), nil
}

// Credentials reads what RPC wants now: rpcuser and rpcpassword, else the cookie.
func (c Conf) Credentials() (Credentials, error) {
	if c.CookieFile != "" {
		return ReadCookie(c.CookieFile)
	}
	return Credentials{c.User, c.Password}, nil
}
