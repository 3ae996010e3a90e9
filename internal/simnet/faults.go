package simnet

import (
	"bytes"
	"io"
	"net/http"
	"strings"
)

// garbageMark marks the place of garbage in a reply: the JSON encoder would turn garbage into valid
// UTF-8.
const garbageMark = "@garbage@"

// garbage is 1 MB inside a JSON string: quotes, line breaks, markup and bytes that are not UTF-8.
func garbage() []byte {
	const piece = "\\\"quoted\\\"\\n\\u0007{node=\\\"x\\\"} <b>\xff\xfe\xc3( \xf0\x9f\x92\xa9 "
	return []byte(strings.Repeat(piece, 1<<20/len(piece)))
}

// fillGarbage replaces the marks with garbage.
func fillGarbage(body []byte) []byte {
	return bytes.ReplaceAll(body, []byte(garbageMark), garbage())
}

// garbageTexts marks every text of a result that a third party may have written.
func garbageTexts(result any) any {
	switch value := result.(type) {
	case object:
		for key, field := range value {
			switch key {
			case "warnings", "subversion", "buildversion", "subver":
				value[key] = garbageMark
			default:
				value[key] = garbageTexts(field)
			}
		}
	case []any:
		for i := range value {
			value[i] = garbageTexts(value[i])
		}
	}
	return result
}

func garbageError(err *rpcError) *rpcError {
	if err == nil {
		return nil
	}
	return &rpcError{err.Code, garbageMark}
}

// otherShape replaces a result with JSON of another type.
func otherShape(result any) any {
	switch value := result.(type) {
	case nil:
		return nil
	case object:
		names := []any{}
		for name := range value {
			names = append(names, name)
		}
		return names
	case []any:
		return "a list"
	case string:
		return true
	default:
		return object{"value": value}
	}
}

// writeHuge streams hugeReply bytes between start and end, until the reader disconnects.
func writeHuge(w http.ResponseWriter, start, end string) {
	chunk := bytes.Repeat([]byte{'x'}, 64<<10)
	if _, err := io.WriteString(w, start); err != nil {
		return
	}
	for sent := 0; sent < hugeReply; sent += len(chunk) {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
	_, _ = io.WriteString(w, end)
}
