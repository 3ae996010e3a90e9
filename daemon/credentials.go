package daemon

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// maxSecretFile limits the size of a file that should contain one line, in bytes.
const maxSecretFile = 4096

// ReadCookie reads the credentials that raptoreumd writes at each start, `__cookie__:<64 hex>`. An
// error may be fs.ErrNotExist (raptoreumd is not running) or fs.ErrPermission.
func ReadCookie(path string) (Credentials, error) {
	line, err := readSecretFile(path)
	if errors.Is(err, fs.ErrPermission) {
		return Credentials{}, fmt.Errorf("cookie file: %w; only the user of raptoreumd may read it; run as that user, or use the user and password of an rpcauth line", err)
	}
	if err != nil {
		return Credentials{}, fmt.Errorf("cookie file: %w", err)
	}
	user, password, ok := strings.Cut(line, ":")
	if !ok {
		return Credentials{}, fmt.Errorf("cookie file %s: does not have the form user:password; is this the .cookie of raptoreumd?", path)
	}
	return Credentials{user, Secret(password)}, nil
}

// ReadPassword reads a file that contains one password and optionally a line end.
func ReadPassword(path string) (Secret, error) {
	line, err := readSecretFile(path)
	if err != nil {
		return "", err
	}
	if line == "" {
		return "", fmt.Errorf("%s is empty", path)
	}
	return Secret(line), nil
}

func readSecretFile(path string) (string, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() { // a pipe would block forever
		return "", fmt.Errorf("%s: is not a regular file", path)
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
		return "", fmt.Errorf("%s: longer than %d bytes; it should contain one line", path, maxSecretFile)
	}
	return strings.TrimRight(string(content), "\r\n"), nil
}

// Credentials returns the current credentials: rpcuser and rpcpassword, or else the cookie.
func (c Conf) Credentials() (Credentials, error) {
	if c.CookieFile != "" {
		return ReadCookie(c.CookieFile)
	}
	return Credentials{c.User, c.Password}, nil
}
