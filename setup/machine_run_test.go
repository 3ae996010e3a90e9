package setup_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"raptoreum_exporter/setup"
)

// run runs setup with --yes, unless change says otherwise, and returns what it prints.
func (m *machine) run(change func(*setup.Config)) (out string, code int, err error) {
	m.Helper()
	var printed bytes.Buffer
	c := setup.Config{Yes: true, Stdin: strings.NewReader(""), Stdout: &printed, System: m.system()}
	if change != nil {
		change(&c)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	m.calls = nil
	code, err = setup.Run(ctx, c)
	out = printed.String()
	if err != nil {
		out += err.Error()
	}
	if strings.Contains(out, password) {
		m.Errorf("a password was printed:\n%s", out)
	}
	return out, code, err
}

// must is run that has to succeed.
func (m *machine) must(change func(*setup.Config)) string {
	m.Helper()
	out, code, err := m.run(change)
	if err != nil || code != 0 {
		m.Fatalf("exit code %d, %v\n%s", code, err, out)
	}
	return out
}

func undo(c *setup.Config) { c.Undo = true }

// files returns every file with mode, owner and checksum, without locks.
func (m *machine) files() (files []string) {
	m.Helper()
	err := filepath.WalkDir(m.root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, m.root)
		if strings.HasSuffix(name, ".lock") || strings.HasPrefix(name, "/run/owners/") {
			return nil
		}
		content := ""
		if info.Mode().IsRegular() {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			content = fmt.Sprintf("%x", sha256.Sum256(text))
		}
		uid, gid := m.owner(info)
		files = append(files, fmt.Sprintf("%s %s %d:%d %s", name, info.Mode(), uid, gid, content))
		return nil
	})
	if err != nil {
		m.Fatal(err)
	}
	slices.Sort(files)
	return files
}

// same fails if the machine is not as before.
func (m *machine) same(before []string, why string) {
	m.Helper()
	if diff := cmp.Diff(before, m.files()); diff != "" {
		m.Errorf("%s: -before +after:\n%s", why, diff)
	}
}

// has fails if a text lacks a part.
func (m *machine) has(text string, parts ...string) {
	m.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			m.Errorf("no %q in\n%s", part, text)
		}
	}
}
