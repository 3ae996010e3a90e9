package daemon

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"raptoreum_exporter/internal/text"
)

const (
	confMaxSize     = 1 << 20 // bytes, of raptoreum.conf and all it includes
	confMaxLine     = 64 << 10
	confMaxWarnings = 20
	confSpace       = " \t\r\n" // that raptoreumd trims
	confBOM         = "\xef\xbb\xbf"
	confOperatorKey = "smartnodeblsprivkey"
)

// ConfError means that raptoreumd would not start with this raptoreum.conf. It never contains text
// of a line: that may be a secret.
type ConfError struct {
	File   string // its path
	Line   int    // counted from 1; 0 when the error is not about one line
	Reason string // with the next step
}

// Error returns one line such as: raptoreum.conf:12: no "=" in this line; ...
func (e *ConfError) Error() string { return confAt(e.File, e.Line, e.Reason) }

func confAt(file string, line int, reason string) string {
	if line == 0 {
		return file + ": " + reason
	}
	return fmt.Sprintf("%s:%d: %s", file, line, reason)
}

// confParser reads files as GetConfigOptions and InterpretOption of raptoreumd do
// (util/system.cpp) and keeps the values of the few keys that confKnown lists.
type confParser struct {
	open     func(path string) (io.ReadCloser, error)
	size     int64               // bytes that may still be read, plus one
	values   map[string][]string // by "key" or "section.key"; a negated key is present without values
	warnings []string
}

func confKnown(key string) bool {
	switch key {
	case "testnet", "regtest", "devnet", "includeconf", "datadir", "pid", "debuglogfile",
		"server", "rpcuser", "rpcpassword", "rpcport", "rpcbind", "rpcallowip", "rpccookiefile",
		"port", "externalip", confOperatorKey:
		return true
	}
	return false
}

// file reads one file. Its errors wrap those of the file system.
func (p *confParser) file(path string) error {
	shown := text.Clip(path, 200) // the path may come from an includeconf line
	file, err := p.open(path)
	if err == nil {
		err = p.lines(shown, file)
		_ = file.Close() // it was only read
	}
	if cause, ok := errors.AsType[*fs.PathError](err); ok { // its path is not clipped
		return fmt.Errorf("%s: %w; this must be the file of raptoreumd, and the user of the exporter must be able to read it", shown, cause.Err)
	}
	return err
}

func (p *confParser) lines(file string, from io.Reader) error {
	limited := &io.LimitedReader{R: from, N: p.size}
	defer func() { p.size = limited.N }()
	buffer := make([]byte, confMaxLine)
	defer clear(buffer) // of secrets
	scanner := bufio.NewScanner(limited)
	scanner.Buffer(buffer, len(buffer))

	prefix, number := "", 0
	for scanner.Scan() {
		if limited.N == 0 {
			return &ConfError{File: file, Reason: "larger than 1 MiB, including the files it includes; make sure that this is raptoreum.conf"}
		}
		number++
		reason := p.line(file, number, &prefix, scanner.Bytes())
		if reason != "" {
			return &ConfError{File: file, Line: number, Reason: reason}
		}
	}
	if errors.Is(scanner.Err(), bufio.ErrTooLong) {
		return &ConfError{File: file, Line: number + 1, Reason: "this line is longer than 64 KiB; make sure that this is raptoreum.conf"}
	}
	return scanner.Err()
}

// line reads one line and returns what is wrong with it. The line stays in the buffer of the
// scanner: nothing of an operator key is kept.
func (p *confParser) line(file string, number int, prefix *string, line []byte) (reason string) {
	bom := number == 1 && bytes.HasPrefix(line, []byte(confBOM))
	if bom {
		p.warn(file, number, "raptoreumd reads the byte order mark as part of the first key; save the file without it")
	}
	line, _, _ = bytes.Cut(line, []byte("#")) // also inside a value
	line = bytes.Trim(line, confSpace)
	key, value, assigned := bytes.Cut(line, []byte("="))
	switch {
	case len(line) == 0:
	case line[0] == '[' && line[len(line)-1] == ']':
		section := string(line[1 : len(line)-1])
		*prefix = section + "."
		p.section(file, number, section)
	case line[0] == '-':
		return `this line starts with "-"; raptoreumd would not start either; write key=value`
	case bom && !assigned:
		return "a byte order mark without a key; raptoreumd would not start either; save the file without the mark"
	case !assigned:
		return `no "=" in this line; raptoreumd would not start either; write key=value`
	default:
		name := *prefix + string(bytes.Trim(key, confSpace))
		if dot := strings.LastIndexByte(name, '.'); dot >= len(*prefix) {
			p.section(file, number, name[:dot])
		}
		p.assign(file, number, name, bytes.Trim(value, confSpace))
	}
	return ""
}

func (p *confParser) section(file string, number int, name string) {
	switch Network(name) {
	case Main, Test, Devnet, Regtest:
	default:
		p.warn(file, number, "raptoreumd ignores this section; the sections are main, test, devnet and regtest")
	}
}

// assign is InterpretOption. A key that starts with "no" is a negation: no key of raptoreumd, and
// none in confKnown, starts with it.
func (p *confParser) assign(file string, number int, name string, value []byte) {
	section, key := "", name
	if dot := strings.IndexByte(name, '.'); dot >= 0 {
		section, key = name[:dot+1], name[dot+1:]
	}
	key, negated := strings.CutPrefix(key, "no")
	if !confKnown(key) {
		return
	}
	name = section + key
	var kept string
	switch {
	case negated && confBool(string(value)):
		p.values[name] = nil
		return
	case negated:
		p.warn(file, number, "a double negative, which raptoreumd reads as 1; write the key without no")
		kept = "1"
	case key == confOperatorKey && len(value) > 0:
		kept = "present"
	default:
		kept = string(value)
	}
	p.values[name] = append(p.values[name], kept)
}

// warn keeps the first few warnings: a file of another kind may cause one per line.
func (p *confParser) warn(file string, number int, reason string) {
	if len(p.warnings) < confMaxWarnings {
		p.warnings = append(p.warnings, confAt(file, number, reason))
	}
}

// confBool is InterpretBool: an empty value is true, and "true", "yes" and "on" are false.
func confBool(value string) bool { return value == "" || int32(confInt(value)) != 0 }

// confInt is atoi of C: the number at the start of value, 0 if there is none.
func confInt(value string) int64 {
	value = strings.TrimLeft(value, " \t\n\v\f\r")
	unsigned, negative := strings.CutPrefix(value, "-")
	if !negative {
		unsigned = strings.TrimPrefix(value, "+")
	}
	var n int64
	for _, digit := range []byte(unsigned) {
		if digit < '0' || digit > '9' || n > 1<<40 { // far above any port; no overflow
			break
		}
		n = n*10 + int64(digit-'0')
	}
	if negative {
		return -n
	}
	return n
}
