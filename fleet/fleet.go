// Package fleet is the owner's list of smartnodes. A YAML file selects them in three ways: one by
// one, as sets (every registered smartnode with this address or operator key), and through the
// files of the old check script, whose NODE_PROTX it imports. Read parses the file strictly.
// Resolve joins it with the chain's smartnode list whenever one of the two changes.
//
// An owner may paste a secret into the file by mistake: the secret of an operator key has 64 hex
// digits, like a proTxHash. Therefore errors contain no text of the file that is longer than shownMax
// bytes, nor any part of such a text: they give the line instead. The path of an imported file
// is shown only after that file was read: then it is not a secret.
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
	maxFile = 16 << 20 // bytes, for the fleet file and for each imported file
	maxPath = 200      // bytes of a path in an error
)

// Config is a parsed fleet file with its imports. It is immutable.
type Config struct {
	nodes map[daemon.Hash]entry
	sets  map[key]set
}

// entry is one smartnode listed below nodes or import.
type entry struct {
	name   string // empty: not given
	labels map[string]string
}

// key is the property that all smartnodes of a set share.
type key struct {
	field string // its name in the file
	value string
}

type set struct {
	order  int // position in the file
	labels map[string]string
}

// Node is one smartnode of the fleet.
type Node struct {
	Name      string // unique, ignoring case
	ProTxHash daemon.Hash
	Labels    map[string]string // not shared with other Nodes; not nil
	Chain     *daemon.Smartnode // nil: not in the list
	Left      bool              // it was in a set and has left all of them, at most 7 days ago
	Duplicate bool              // another smartnode in the list, of any owner, has the same usable address
}

// Read reads the fleet file at path and the files that it imports. Its errors are single lines.
func Read(path string) (*Config, error) {
	content, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; the fleet file must exist and be readable by the exporter's user", text.Clip(path, maxPath), cause(err))
	}
	return Parse(path, content, readFile)
}

// Parse is like Read for content that is already in memory. path is used in errors and to resolve
// relative imports. readFile reads the imported files.
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

// readFile reads up to one byte more than maxFile, so that Parse can detect a file that is too large.
func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, maxFile+1))
}

// cause returns err without the path that the os package adds.
func cause(err error) error {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		return at.Err
	}
	return err
}
