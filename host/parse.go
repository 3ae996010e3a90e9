package host

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

const (
	noMemoryLimit = math.MaxUint64
	// Cgroup v1 has no word for "no limit": it reports the largest multiple of the page size that
	// fits (9223372036854771712 with pages of 4 KiB, less with larger ones). Kernels before 3.19
	// report 2^63-1 or 2^64-1.
	minNoMemoryLimit = 1 << 62
)

// read returns the content of a kernel file. The error wraps fs.ErrNotExist when this kernel does
// not have the file, when this user may not read it, and when its cgroup is removed or its process ends during the read.
func read(path string) (string, error) {
	data, err := readFile(path)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return "", fmt.Errorf("%w for this user: %w", fs.ErrNotExist, err)
	case errors.Is(err, syscall.ENODEV), errors.Is(err, syscall.ESRCH):
		return "", fmt.Errorf("%w any more: %w", fs.ErrNotExist, err)
	}
	return string(data), err
}

// readFile is os.ReadFile for small files of the kernel, a dozen of them in each scrape. os.Open tries to make
// each one pollable, which takes more system calls than reading it.
func readFile(path string) ([]byte, error) {
	fd, err := retry(func() (int, error) { return syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0) })
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer syscall.Close(fd) //nolint:errcheck // it was only read
	data := make([]byte, 0, 2048)
	for {
		n, err := retry(func() (int, error) { return syscall.Read(fd, data[len(data):cap(data)]) })
		if err != nil {
			return nil, &fs.PathError{Op: "read", Path: path, Err: err}
		}
		if n == 0 {
			return data, nil
		}
		if data = data[:len(data)+n]; len(data) == cap(data) {
			data = slices.Grow(data, cap(data))
		}
	}
}

// retry repeats a system call that a signal has interrupted.
func retry(call func() (int, error)) (int, error) {
	for {
		if n, err := call(); !errors.Is(err, syscall.EINTR) {
			return n, err
		}
	}
}

// readLimit reads and parses a limit. With an error, which names the file, it returns none; see read.
func readLimit[T any](path string, none T, parse func(string) (T, error)) (T, error) {
	content, err := read(path)
	if err != nil {
		return none, err
	}
	limit, err := parse(content)
	if err != nil {
		return none, fmt.Errorf("%s: %w", path, err)
	}
	return limit, nil
}

// readField reads the number after key from a file of lines "key number", for which procfs has no
// reader. The error wraps fs.ErrNotExist when the file or the key is missing; see read.
func readField(path, key string) (uint64, error) {
	content, err := read(path)
	if err != nil {
		return 0, err
	}
	n, err := parseField(content, key)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	return n, nil
}

func parseField(content, key string) (uint64, error) {
	value, err := findField(content, key)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(value, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", key, err)
	}
	return n, nil
}

// findField returns the word after key in lines "key word". Without one the error wraps fs.ErrNotExist.
func findField(content, key string) (string, error) {
	for line := range strings.Lines(content) {
		if !strings.HasPrefix(line, key) { // most lines, without an allocation
			continue
		}
		if fields := strings.Fields(line); len(fields) == 2 && fields[0] == key {
			return fields[1], nil
		}
	}
	return "", fmt.Errorf("no %s: %w", key, fs.ErrNotExist)
}

// parseBytes parses a file that holds one number of bytes, or a limit.
func parseBytes(content string) (uint64, error) {
	content = strings.TrimSpace(content)
	if content == "max" {
		return noMemoryLimit, nil
	}
	n, err := strconv.ParseUint(content, 10, 64)
	if err != nil {
		return 0, err
	}
	if n >= minNoMemoryLimit {
		return noMemoryLimit, nil
	}
	return n, nil
}

// parseCPUMax parses "quota period" in microseconds (cpu.max) into cores. The quota of a cgroup
// without a limit is "max", or -1 in cgroup v1; the result is then +Inf.
func parseCPUMax(content string) (cores float64, err error) {
	fields := strings.Fields(content)
	if len(fields) != 2 {
		return 0, fmt.Errorf("%q is not a quota and a period", content)
	}
	if fields[0] == "max" || fields[0] == "-1" {
		return math.Inf(1), nil
	}
	quota, err := strconv.ParseUint(fields[0], 10, 64)
	if err != nil {
		return 0, err
	}
	period, err := strconv.ParseUint(fields[1], 10, 64)
	if err != nil {
		return 0, err
	}
	if quota == 0 || period == 0 {
		return 0, fmt.Errorf("%q: the quota or the period is 0", content)
	}
	return float64(quota) / float64(period), nil
}

// countCPUs returns how many CPUs a list such as "0-3,8" names.
func countCPUs(list string) (int, error) {
	count := 0
	for part := range strings.SplitSeq(list, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, err := strconv.ParseUint(first, 10, 16)
		if err != nil {
			return 0, err
		}
		to, err := strconv.ParseUint(last, 10, 16)
		if err != nil {
			return 0, err
		}
		if to < from {
			return 0, fmt.Errorf("%q is not a range of CPUs", part)
		}
		count += int(to-from) + 1
	}
	return count, nil
}
