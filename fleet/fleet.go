// Package fleet is the owner's list of smartnodes. A YAML file names them in three ways: one by
// one, as sets (every smartnode of the chain that pays to this address, or has this key), and
// by the files of the old check script, whose NODE_PROTX it imports. Read takes the file in,
// once and strictly; Resolve lays it over the chain's smartnode list, as often as that changes.
//
// An owner may paste a secret into the file: that of an operator key has 64 hex digits, like a
// proTxHash. So no error holds a text of the file that is longer than shownMax, or any part of
// such a text: it says which line to look at. The path of an imported file is shown once that
// file was read: then it is no secret.
package fleet

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"raptoreum_exporter/daemon"
	"raptoreum_exporter/internal/text"
)

const (
	maxFile = 16 << 20 // bytes, of the fleet file and of each imported one
	maxPath = 200      // bytes of a path that are shown
)

// Config is a fleet file, with what it imports. It is not changed after it is made.
type Config struct {
	nodes map[daemon.Hash]entry
	sets  map[key]set
}

// entry is one smartnode of nodes or import.
type entry struct {
	name   string // empty: none was given
	labels map[string]string
}

// key is what all smartnodes of a set have.
type key struct {
	field string // as the file spells it
	value string
}

type set struct {
	order  int // in the file
	labels map[string]string
}

// Node is one smartnode of the fleet.
type Node struct {
	Name      string // unique, whatever the case of its letters
	ProTxHash daemon.Hash
	Labels    map[string]string // of this Node alone; not nil
	Chain     *daemon.Smartnode // nil: not in the list
	Duplicate bool              // another smartnode of the list, anyone's, has the same usable address
}

// Read reads the fleet file at path and the files that it imports. Its errors are one line.
func Read(path string) (*Config, error) {
	content, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; --fleet.config must name a file that the exporter's user can read", text.Clip(path, maxPath), cause(err))
	}
	return Parse(path, content, readFile)
}

// Parse is Read with the content of the file at hand: path is its name, in errors and for what
// is relative to its folder, and readFile reads what it imports.
func Parse(path string, content []byte, readFile func(path string) ([]byte, error)) (*Config, error) {
	p := &parser{
		file:     text.Clip(path, maxPath),
		folder:   filepath.Dir(path),
		readFile: readFile,
		config:   &Config{nodes: map[daemon.Hash]entry{}, sets: map[key]set{}},
		listed:   map[daemon.Hash]place{},
		imported: map[daemon.Hash]place{},
		names:    map[string]place{},
		sets:     map[key]place{},
	}
	if err := p.parse(content); err != nil {
		return nil, err
	}
	return p.config, nil
}

// readFile reads a byte more than allowed, so that Parse can tell.
func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, maxFile+1))
}

// cause is err without the path that the file system puts before it.
func cause(err error) error {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		return at.Err
	}
	return err
}
