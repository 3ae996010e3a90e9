package setup

import (
	"fmt"
	"io"
	"os"
	"syscall"
)

const (
	maxSecret = 8 << 10 // bytes of a file that a flag names
	maxText   = 4 << 20 // bytes of a file of the machine
)

// readRegular reads a file. A device would never end, and a pipe would block.
func readRegular(path string, limit int64) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w", path, errNotRegular)
	}
	content, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(content)) > limit {
		err = fmt.Errorf("%s: is longer than %d bytes", path, limit)
	}
	return content, err
}
