package explorer

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// captured returns the result of a daemon's captured reply, printed as the explorer prints it.
func captured(t testing.TB, name string) []byte {
	t.Helper()
	file, err := os.ReadFile("../testdata/scenarios/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var capture struct{ Body string }
	var reply struct{ Result json.RawMessage }
	var printed bytes.Buffer
	if err := json.Unmarshal(file, &capture); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(capture.Body), &reply); err != nil {
		t.Fatal(err)
	}
	if err := json.Indent(&printed, reply.Result, "", "    "); err != nil {
		t.Fatal(err)
	}
	return printed.Bytes()
}

func TestParseCaptured(t *testing.T) {
	paid, registered, revived, upgrade := int64(529), int64(262), int64(-1), false
	want := Smartnode{
		BanHeight: -1, Service: "127.0.0.1:31001", Payout: "yeM96Yajyne5Fx4Ny3N6PyTW3WrMpGrFVp",
		LastPaidHeight: &paid, RegisteredHeight: &registered, RevivedHeight: &revived, NeedToUpgrade: &upgrade,
	}
	got, err := parseSmartnode(captured(t, "healthy/protx_info.json"), hashA)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("error %v, smartnode differs (-want +got):\n%s", err, diff)
	}
}

func TestParseCount(t *testing.T) {
	if got, err := parseCount(captured(t, "healthy/smartnode_count.json")); got != 4 || err != nil {
		t.Errorf("%d, %v", got, err)
	}
	for _, body := range []string{"", "null", "4", "{}", `{"total":-1}`, `{"total":"4"}`, "<html>", `{"error":"Rate limit"}`} {
		if got, err := parseCount([]byte(body)); err == nil {
			t.Errorf("%q: %d", body, got)
		}
	}
}

func TestParseHeight(t *testing.T) {
	for body, want := range map[string]int64{"0": 0, "1": 1, " 42 ": 42, "2147483647": 1<<31 - 1} {
		if got, err := parseHeight([]byte(body)); err != nil || got != want {
			t.Errorf("%q: %d, %v", body, got, err)
		}
	}
	for _, body := range []string{"", " ", "-1", "+1", "1.0", "1e3", "0x10", "12 34", "1234abc", "\"12\"", "\u0661", "2147483648", "99999999999999999999", "null"} {
		if got, err := parseHeight([]byte(body)); err == nil || got != 0 {
			t.Errorf("%q: %d, want an error", body, got)
		}
	}
}

func TestParseBlock(t *testing.T) {
	const good = `{"hash": "` + hashB + `", "height": 7}`
	for _, body := range []string{good, `{"hash": "` + strings.ToUpper(hashB) + `", "tx": []}`} {
		if got, err := parseBlock([]byte(body), 7); err != nil || got != (Block{7, hashB}) {
			t.Errorf("%s: %+v, %v", body, got, err)
		}
	}
	for _, body := range []string{
		"", "<html>", "null", "[]", "{}", `{"error": "x"}`, `{"name": "RpcError", "code": -8}`, good + "x", strings.Replace(good, "7}", "8}", 1),
		strings.Replace(good, "b7", "", 1), strings.Replace(good, "b7", "xy", 1), strings.Replace(good, "7}", "7.5}", 1),
	} {
		if got, err := parseBlock([]byte(body), 7); err == nil || got != (Block{}) {
			t.Errorf("%s: %+v, want an error", body, got)
		}
	}
}

func TestParseSmartnode(t *testing.T) {
	tests := []struct{ old, new, err string }{
		{`"PoSePenalty": 66`, `"PoSePenalty": -1`, "valid PoSePenalty"},
		{`"PoSePenalty": 66`, `"PoSePenalty": 1.5`, "PoSePenalty"},
		{`"PoSePenalty": 66`, `"PoSePenalty": "66"`, "PoSePenalty"},
		{`"PoSePenalty": 66`, `"PoSePenalty": null`, "valid PoSePenalty"},
		{`"PoSePenalty": 66`, `"PoSePenalty": 2147483648`, "PoSePenalty"},
		{`"PoSePenalty": 66,`, ``, "valid PoSePenalty"},
		{`"PoSeBanHeight": -1`, `"PoSeBanHeight": -2`, "valid PoSeBanHeight"},
		{`"PoSeBanHeight": -1`, `"x": 1`, "valid PoSeBanHeight"},
		{`"lastPaidHeight": 529`, `"lastPaidHeight": -5`, "lastPaidHeight -5"},
		{`"state": {`, `"status": {`, "instead of a smartnode"},
		{hashA, hashB, "answer about another smartnode"},
		{`"state": {`, `"state": [{`, "instead of a smartnode"},
	}
	for _, tt := range tests {
		body := strings.Replace(smartnodeBody, tt.old, tt.new, 1)
		if got, err := parseSmartnode([]byte(body), hashA); err == nil || !strings.Contains(err.Error(), tt.err) || got != (Smartnode{}) {
			t.Errorf("%s: %+v, error %v, want %s", tt.new, got, err, tt.err)
		}
	}
	little := []byte(`{"state": {"PoSePenalty": 0, "PoSeBanHeight": 1000}}`)
	if got, err := parseSmartnode(little, hashA); err != nil || got != (Smartnode{BanHeight: 1000}) {
		t.Errorf("%s: %+v, %v", little, got, err)
	}
}

func FuzzHeight(f *testing.F) {
	for _, seed := range []string{"1052345", " 7\n", "-1", "<html>", `{"error": "x"}`, "Error: \xff\n", "99999999999", "", strings.Repeat("x", 96) + " and more"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		height, err := parseHeight(body)
		if height < 0 || height > 1<<31-1 {
			t.Errorf("height %d", height)
		}
		checkFuzzed(t, err, height == 0)
	})
}

func FuzzSmartnode(f *testing.F) {
	f.Add(captured(f, "healthy/protx_info.json"))
	f.Add(captured(f, "pose-banned-seen-by-ctl/protx_info.json"))
	for _, body := range capturedAnswers(f) {
		f.Add([]byte(body))
	}
	for _, seed := range []string{smartnodeBody, "<html>", "null", `{"error": "x"}`, `{"error": {"code": -8}}`, `{"code": -8}`, `{"code": -28}`, `{"code": [{}]}`, `{"state": null}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := parseSmartnode(body, hashA)
		if got.Penalty < 0 || got.BanHeight < -1 || got.LastPaidHeight != nil && *got.LastPaidHeight < 0 || len(got.Service) > 100 || !utf8.ValidString(got.Service) {
			t.Errorf("smartnode %+v", got)
		}
		checkFuzzed(t, err, got == Smartnode{})
	})
}

func FuzzBlock(f *testing.F) {
	f.Add(captured(f, "healthy/getblockheader_tip.json"), int64(529))
	for _, seed := range []string{
		`{"hash": "` + hashB + `", "height": 7, "tx": []}`, `{"hash": "` + strings.ToUpper(hashB) + `"}`, `{"hash": "abc", "height": 7}`,
		"<html>", "null", `{"error": "x"}`, `{"name": "RpcError", "code": -8}`, `{"hash": 1}`, `{"height": 1e99}`,
	} {
		f.Add([]byte(seed), int64(7))
	}
	f.Fuzz(func(t *testing.T, body []byte, height int64) {
		got, err := parseBlock(body, height)
		if err == nil && (got.Height != height || len(got.Hash) != 64 || strings.Trim(got.Hash, "0123456789abcdef") != "") {
			t.Errorf("block %+v, requested %d", got, height)
		}
		checkFuzzed(t, err, got == Block{})
	})
}

func FuzzReleases(f *testing.F) {
	for _, seed := range []string{releasesBody, "<html>", "null", `{"message": "API rate limit exceeded"}`, `[{"tag_name": "99.99.99.99-mainnet\n"}]`, `[null]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := parseReleases(body)
		if (err == nil) != (got.Version > 0) || got.Version > 99999999 || len(got.Tag) > 64 || !utf8.ValidString(got.Tag) {
			t.Errorf("release %+v, error %v", got, err)
		}
		checkFuzzed(t, err, got == Release{})
	})
}

// checkFuzzed: an error leaves no value, and read makes it one short line.
func checkFuzzed(t *testing.T, err error, empty bool) {
	if err == nil {
		return
	}
	line := (&hostError{host: "a.example", err: err}).Error()
	if !empty || len(line) > 300 || !utf8.ValidString(line) || strings.ContainsAny(line, "\n\r\x00\x1b") {
		t.Errorf("value empty %v, error %q", empty, line)
	}
}
