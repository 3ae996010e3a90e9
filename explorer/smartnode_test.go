package explorer

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"raptoreum_exporter/internal/poll"
)

const smartnodeBody = `{
    "proTxHash": "` + hashA + `",
    "state": {
        "service": "203.0.113.7:10226",
        "lastPaidHeight": 529,
        "PoSePenalty": 66,
        "PoSeBanHeight": -1
    }
}`

func TestSmartnodeFailover(t *testing.T) {
	tests := []struct {
		name  string
		first http.HandlerFunc
		used  int // which explorer
	}{
		{"healthy", says(200, smartnodeBody), 0},
		{"not found", says(200, `{"name": "RpcError", "code": -8}`), 1},
		{"not found, nested", says(200, `{"result": null, "error": {"code": -8, "message": "x not found"}}`), 1},
		{"error object", says(200, "{\n    \"error\": \"x\"\n}"), 1},
		{"rate limit with HTTP 200", says(200, `{"error": "rate limit exceeded"}`), 1},
		{"empty object", says(200, "{}"), 1},
		{"no state", says(200, `{"proTxHash": "`+hashA+`", "state": null}`), 1},
		{"code as text", says(200, `{"code": "-8"}`), 1},
		{"its daemon starts", says(200, `{"name": "RpcError", "code": -28}`), 1},
		{"its daemon starts, nested", says(200, `{"error": {"code": -28}}`), 1},
		{"its daemon is down", says(200, `{"errno": -111, "code": "ECONNREFUSED"}`), 1},
		{"page", says(200, "<html>"), 1},
		{"text", says(200, "Error: x"), 1},
		{"null", says(200, "null"), 1},
		{"rate limit", says(429, "Too calls"), 1},
		{"server error", says(500, smartnodeBody), 1},
		{"another smartnode", says(200, strings.ReplaceAll(smartnodeBody, hashA, hashB)), 1},
		{"hang up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			first, second := newServerAt(t, "100", tt.first), newServerAt(t, "100", says(200, smartnodeBody))
			client := newClient(t, nil, first.URL, second.URL)
			got, ok := client.Smartnode(t.Context(), hashA, poll.Wait)
			if !ok || second.hits.Load() != int32(tt.used) {
				t.Fatalf("got %+v, %v after %d requests to the second, want %d", got, ok, second.hits.Load(), tt.used)
			}
			paid := int64(529)
			want := Smartnode{Explorer: []string{first.host(), second.host()}[tt.used], Penalty: 66, BanHeight: -1, Service: "203.0.113.7:10226", LastPaidHeight: &paid}
			if diff := cmp.Diff(want, got.Value); diff != "" || got.Err != nil {
				t.Errorf("error %v, smartnode differs (-want +got):\n%s", got.Err, diff)
			}
		})
	}
}

func TestSmartnodeAllFail(t *testing.T) {
	first, second := newServerAt(t, "100", says(429, "wait")), newServerAt(t, "100", says(200, "<html>"))
	client := newClient(t, nil, first.URL, second.URL)
	got, ok := client.Smartnode(t.Context(), hashA, poll.Wait)
	want := first.host() + `: HTTP 429 with text "wait"; ` + second.host() + ": HTML page instead of a smartnode: not a JSON object"
	if !ok || got.Err == nil || got.Err.Error() != want || got.Value != (Smartnode{}) {
		t.Errorf("got %+v, want %s", got, want)
	}
	if got, ok := client.Smartnode(t.Context(), "abc&x=1", poll.Wait); !ok || got.Err == nil || first.hits.Load() != 1 {
		t.Errorf("a request without a hash: %+v", got)
	}
}
