package simnet

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// capture is a captured file of a call that was answered.
type capture struct {
	name, request, body string
	status              int
}

func captures(t *testing.T, folder string) []capture {
	t.Helper()
	files, err := filepath.Glob(folder + "/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d files, %v", folder, len(files), err)
	}
	var list []capture
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if data[0] != '{' { // a timeline
			continue
		}
		var c struct {
			Request struct{ Body string }
			Body    string
			Status  int `json:"http_status"`
		}
		if err := json.Unmarshal(data, &c); err != nil {
			t.Fatal(err)
		}
		if c.Status != 0 { // a call may have got no reply
			list = append(list, capture{filepath.Base(file), c.Request.Body, c.Body, c.Status})
		}
	}
	return list
}

// timeless replaces what depends on the time of the reply by its type.
func timeless(request string, value any) any {
	if strings.Contains(request, `"uptime"`) {
		value.(object)["result"] = fmt.Sprintf("%T", value.(object)["result"])
	}
	var walk func(any)
	walk = func(value any) {
		switch value := value.(type) {
		case []any:
			for _, element := range value {
				walk(element)
			}
		case object:
			for name, element := range value {
				switch name {
				case "timemillis", "totalbytesrecv", "totalbytessent", "duration",
					"lastOutboundAttemptElapsed", "lastOutboundSuccessElapsed":
					value[name] = fmt.Sprintf("%T", element)
				default:
					walk(element)
				}
			}
		}
	}
	walk(value)
	return value
}

// A fake that drifts from what was captured proves nothing: every reply of every scenario.
func TestRepliesAreTheCapturedOnes(t *testing.T) {
	folders, err := filepath.Glob(testdata + "scenarios/*")
	if err != nil || len(folders) < 20 {
		t.Fatalf("%d scenarios, %v", len(folders), err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			n := start(t, filepath.Base(folder))
			var requests []string
			var want []any
			for _, c := range captures(t, folder) {
				requests = append(requests, c.request)
				want = append(want, timeless(c.request, decode([]byte(c.body))))
				got := post(t, n, c.request, 5*time.Second)
				if got.err != nil || got.status != c.status {
					t.Errorf("%s: HTTP %d, %v; want %d", c.name, got.status, got.err, c.status)
					continue
				}
				compare(t, c.name, c.request, want[len(want)-1], decode([]byte(got.body)))
				if contentType := got.header.Get("Content-Type"); contentType != "application/json" {
					t.Errorf("%s: Content-Type %q", c.name, contentType)
				}
			}
			got := post(t, n, "["+strings.Join(requests, ",")+"]", 5*time.Second)
			replies, _ := decode([]byte(got.body)).([]any)
			if got.status != 200 || len(replies) != len(requests) {
				t.Fatalf("batch: HTTP %d, %d replies, %v", got.status, len(replies), got.err)
			}
			for i, reply := range replies {
				compare(t, "batch: "+requests[i], requests[i], want[i], reply)
			}
		})
	}
}

func compare(t *testing.T, name, request string, want, got any) {
	t.Helper()
	got = timeless(request, got)
	if field(t, want, "error") != "<nil>" && field(t, want, "error", "code") == "-28" {
		// The text is the one of the moment: it cycles.
		message := field(t, got, "error", "message")
		if !slices.Contains(warmupMessages(), message) {
			t.Errorf("%s: message %q", name, message)
		}
		want.(object)["error"].(object)["message"] = message
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-captured +fake):\n%s", name, diff)
	}
}

func TestTransportIsTheCapturedOne(t *testing.T) {
	n := start(t, "healthy")
	n.Set(func(s *State) { s.Height = 532 }) // the height of these captures
	skip := []string{
		"params_named_unknown.json", "params_object_named.json", // named parameters: not played
		"batch_mixed.json", // compared below
	}
	for _, c := range captures(t, testdata+"captures/http") {
		var file struct {
			Request struct {
				Method string `json:"http_method"`
				Path   string
			}
		}
		data, err := os.ReadFile(testdata + "captures/http/" + c.name)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, &file); err != nil {
			t.Fatal(err)
		}
		if slices.Contains(skip, c.name) {
			continue
		}
		got := send(t, n, file.Request.Method, file.Request.Path, "u", "p", c.request, 5*time.Second)
		if got.err != nil || got.status != c.status || got.body != c.body {
			t.Errorf("%s: HTTP %d %q, %v; want %d %q", c.name, got.status, got.body, got.err, c.status, c.body)
		}
	}
	mixed := post(t, n, `[{"id":1,"method":"getblockcount"},{"id":2,"method":"nosuch"},5]`, time.Second)
	want := `[{"result":532,"error":null,"id":1},` +
		`{"result":null,"error":{"code":-32601,"message":"Method not found"},"id":2},` +
		`{"result":null,"error":{"code":-32600,"message":"Invalid Request object"},"id":null}]` + "\n"
	if mixed.status != 200 || mixed.body != want {
		t.Errorf("batch: HTTP %d %s; want %s", mixed.status, mixed.body, want)
	}
}

func TestWarmupMessagesAreCaptured(t *testing.T) {
	var seen []string
	for _, c := range captures(t, testdata+"captures/warmup") {
		for _, message := range warmupMessages() {
			if strings.Contains(c.body, `"`+message+`"`) {
				seen = append(seen, message)
			}
		}
	}
	slices.Sort(seen)
	if want := slices.Sorted(slices.Values(warmupMessages())); !slices.Equal(slices.Compact(seen), want) {
		t.Errorf("captured: %q; played: %q", seen, want)
	}
}
