package setup

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

const (
	maxSecret = 8 << 10 // bytes of a file that a flag names
	maxText   = 4 << 20 // bytes of a file of the machine
)

// openRegular opens a file for reading. A device would never end, and a pipe would block.
func openRegular(path string, flags int) (*os.File, fs.FileInfo, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|flags, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// readRegular reads a file.
func readRegular(path string, limit int64) ([]byte, error) {
	f, _, err := openRegular(path, 0)
	if errors.Is(err, errNotRegular) {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(content)) > limit {
		err = fmt.Errorf("%s: is longer than %d bytes", path, limit)
	}
	return content, err
}
