package daemon

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret is a text that no log, error or dump shows: every way to print it prints <secret>.
// fmt does not call methods of values in unexported fields: a struct that has a Secret in such a
// field and may be printed needs a String method of its own.
type Secret string

const secretShown = "<secret>"

// String returns <secret>.
func (Secret) String() string { return secretShown }

// GoString returns <secret>.
func (Secret) GoString() string { return secretShown }

// Format writes <secret> for every verb: %x and %d do not call String.
func (Secret) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, secretShown) }

// MarshalText returns <secret>.
func (Secret) MarshalText() ([]byte, error) { return []byte(secretShown), nil }

// MarshalJSON returns <secret> as a JSON string.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + secretShown + `"`), nil }

// LogValue returns <secret>.
func (Secret) LogValue() slog.Value { return slog.StringValue(secretShown) }

// reveal returns the text itself, for a request.
func (s Secret) reveal() string { return string(s) }

// WriteTo writes the text itself, for a file that only its reader may read.
func (s Secret) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, string(s))
	return int64(n), err
}
