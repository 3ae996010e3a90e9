package explorer

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

const captures = "../testdata/captures/explorer/"

// capturedAnswers returns the body of each recorded exchange that was answered with HTTP 200, by name.
func capturedAnswers(t testing.TB) map[string]string {
	t.Helper()
	files, err := filepath.Glob(captures + "*.txt")
	if err != nil || len(files) < 90 {
		t.Fatalf("%d captures, %v", len(files), err)
	}
	end := regexp.MustCompile(`\n# status=200 .* bytes=(\d+) `)
	bodies := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, body, found := strings.Cut(string(text), "\r\n\r\n")
		match := end.FindStringSubmatch(body)
		if !found || match == nil {
			continue
		}
		size, err := strconv.Atoi(match[1])
		if err != nil {
			t.Fatal(err)
		}
		bodies[strings.TrimSuffix(filepath.Base(file), ".txt")] = body[:size]
	}
	return bodies
}

// TestCapturedAnswers: every answer goes through every parser. Those that have a value are listed; any other
// is an error, and none but the listed ones says "unknown smartnode".
func TestCapturedAnswers(t *testing.T) {
	bodies := capturedAnswers(t)
	const (
		good  = "e84bc8f6207f42a834db2e5fc65e820f00b1ac6a8f336b453da7bbc0500a28a5"
		block = int64(334)
	)
	heights := map[string]int64{
		"real_getblockcount": 334, "real_getblockcount_nocache": 340, "lag_getblockcount": 6,
		"fake_hang_getblockcount_cached": 7, "fake_warmup_then_ok_getblockcount": 7, "ratelimit_other_chain": 7, "ratelimit_other_ip": 7,
		"fake_ok_getblock6": 7, "real_supply": 1396, // of other paths
	}
	blocks := map[string]string{"real_getblock_good": "80cfa40b8f580f6c27540d5346eb093425896d497f120addbe2680bb1b5ffd61"}
	smartnodes := map[string]string{"real_protx_info_good": "127.0.0.1:31003", "real_protx_info_good_upper": "127.0.0.1:31003"}
	unknown := map[string]bool{"real_protx_info_unknown": true, "lag_protx_info_registered_elsewhere": true}
	counts := map[string]int{"real_smartnode_count": 4, "lag_smartnode_count": 0}
	for name, body := range bodies {
		height, err := parseHeight([]byte(body))
		if want, ok := heights[name]; height != want || (err == nil) != ok {
			t.Errorf("%s: height %d, %v", name, height, err)
		}
		b, err := parseBlock([]byte(body), block)
		if b.Hash != blocks[name] || (err == nil) != (b.Hash != "") {
			t.Errorf("%s: block %+v, %v", name, b, err)
		}
		mined, err := parseBlockTime([]byte(body))
		isBlock := strings.HasPrefix(body, `{"hash":`)
		if (err == nil) != isBlock || isBlock && name != "real_getblock_0" && mined.Format(time.DateOnly) != "2026-11-25" {
			t.Errorf("%s: block time %s, %v", name, mined, err)
		}
		s, err := parseSmartnode([]byte(body), good)
		if s.Service != smartnodes[name] || (err == nil) != (s.Service != "") || errors.Is(err, ErrUnknownSmartnode) != unknown[name] {
			t.Errorf("%s: smartnode %+v, %v", name, s, err)
		}
		count, err := parseCount([]byte(body))
		if want, ok := counts[name]; count != want || (err == nil) != ok {
			t.Errorf("%s: count %d, %v", name, count, err)
		}
	}
	if len(bodies) < 80 {
		t.Errorf("%d answers", len(bodies))
	}
}

// TestCapturedSmartnode: the whole answer of a healthy explorer.
func TestCapturedSmartnode(t *testing.T) {
	body := capturedAnswers(t)["real_protx_info_good"]
	got, err := parseSmartnode([]byte(body), "e84bc8f6207f42a834db2e5fc65e820f00b1ac6a8f336b453da7bbc0500a28a5")
	if err != nil || got.BanHeight != -1 || got.Penalty != 0 || *got.LastPaidHeight != 338 || *got.RegisteredHeight != 268 ||
		*got.RevivedHeight != -1 || got.Payout != "yQrWAhdyy7fVXhKjTqcDMHZUkGmhDs54EX" || *got.NeedToUpgrade {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestCapturedWarmUp: what an explorer answers while its daemon starts, and at height 0. "Not found" comes
// only while its height is unknown, so it is not believed: see TestSmartnodeNearTip.
func TestCapturedWarmUp(t *testing.T) {
	text, err := os.ReadFile(captures + "real_warmup_timeline.txt")
	if err != nil {
		t.Fatal(err)
	}
	answer := regexp.MustCompile(`^\S+ (.*) \[\S+ [^]]*\] \| (.*) \[\S+ [^]]*\]$`)
	lines, notFound := 0, 0
	for line := range strings.Lines(string(text)) {
		match := answer.FindStringSubmatch(strings.TrimSpace(line))
		if match == nil {
			continue
		}
		lines++
		if height, err := parseHeight([]byte(match[1])); err == nil {
			t.Errorf("height %d: %s", height, line)
		}
		_, err := parseSmartnode([]byte(match[2]), hashA)
		if err == nil {
			t.Errorf("a smartnode: %s", line)
		}
		if errors.Is(err, ErrUnknownSmartnode) {
			notFound++
		}
	}
	if lines < 20 || notFound < 10 {
		t.Errorf("%d lines, %d not found", lines, notFound)
	}
}
