package simnet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// exchanges returns the recorded exchanges with an explorer by name, without the notes of several.
func exchanges(t *testing.T) map[string]exchange {
	t.Helper()
	files, err := filepath.Glob(testdata + "captures/explorer/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]exchange{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if e, err := parseExchange(data); err == nil {
			all[strings.TrimSuffix(filepath.Base(file), ".txt")] = e
		}
	}
	if len(all) < 80 {
		t.Fatalf("%d exchanges", len(all))
	}
	return all
}

// recordedProTx is the smartnode of the recorded answers.
const recordedProTx = "e84bc8f6207f42a834db2e5fc65e820f00b1ac6a8f336b453da7bbc0500a28a5"

// explorerDrift says how an exchange is played again.
type explorerDrift struct {
	mode  ExplorerMode
	tip   int  // height of the network; 0: that of the scenario
	value bool // the scenario has other smartnodes and blocks: compare the fields and their types
}

// skipped are the exchanges that are not played, and why.
func skipped(name string, e exchange) string {
	for prefix, reason := range map[string]string{
		"fake_401": "faults of its daemon that look like others", "fake_503": "the same", "fake_queue": "the same", "fake_dup": "the same",
		"fake_hang": "its daemon hangs: like hang, and ESOCKETTIMEDOUT after 5 s", "fake_ok_getblock6": "a fake block", "head": "HEAD",
		"fake_warmup_then_ok_protx": "errors about smartnodes are not cached here",
		"real_getblock_0":           "the first block has other fields", "real_smartnode_winner": "not requested", "real_smartnode_current": "not requested",
		"real_smartnode_list": "not requested", "accept_header": "like down", "ua_go": "like down",
	} {
		if strings.HasPrefix(name, prefix) {
			return reason
		}
	}
	path, _, _ := strings.Cut(e.path, "?")
	if e.status == http.StatusOK && !playedPath(path) && path != "/api/" {
		return "not requested"
	}
	return ""
}

func driftOf(name string) explorerDrift {
	d := explorerDrift{mode: ExplorerOK}
	switch prefix, _, _ := strings.Cut(name, "_"); {
	case prefix == "down":
		d.mode = ExplorerErrorText
	case prefix == "lag":
		d.mode = ExplorerLagging
	case strings.HasPrefix(name, "fake_warmup_then_ok_getblockcount"):
		d.tip = 7
	case strings.HasPrefix(name, "fake_warmup"):
		d.mode = ExplorerStarting
	case strings.HasPrefix(name, "fake_zero"):
		d.mode = ExplorerResyncing
	case strings.HasPrefix(name, "ratelimit_other"):
		d.tip = 7
	case prefix == "ratelimit":
		d.mode = ExplorerRateLimited
	case name == "real_getblockcount":
		d.tip = 334
	case name == "real_getblockcount_nocache":
		d.tip = 340
	case slices.Contains([]string{"real_getblock_good", "real_getblock_tip", "real_getblock_above"}, name):
		d.tip, d.value = 341, true // the network had moved on
	case strings.HasPrefix(name, "real_protx_info_good"), name == "real_protx_list":
		d.value = true
	}
	return d
}

// TestExplorerAnswersAreTheRecordedOnes: a fake that drifts from what was recorded proves nothing.
func TestExplorerAnswersAreTheRecordedOnes(t *testing.T) {
	played := 0
	for name, e := range exchanges(t) {
		if skipped(name, e) != "" {
			continue
		}
		played++
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := start(t, "healthy")
			d := driftOf(name)
			n.Set(func(s *State) {
				s.Explorers[0].Mode = d.mode
				if d.tip > 0 {
					s.Height, s.NetworkHeight = d.tip, d.tip
				}
			})
			if d.mode == ExplorerResyncing { // however late the request comes, at height 0
				n.Set(func(s *State) { s.Explorers[0].Since = time.Now().Add(time.Hour) })
			}
			ours := strings.NewReplacer(recordedProTx, watched, strings.ToUpper(recordedProTx), strings.ToUpper(watched))
			path := ours.Replace(e.path)
			got := explorerRequest(t, n.ExplorerURLs()[0]+path, name)
			if e.status == 0 {
				if !errors.Is(got.err, context.DeadlineExceeded) {
					t.Errorf("%s was answered: %+v", path, got)
				}
				return
			}
			if got.err != nil || got.status != e.status || got.header.Get("Content-Type") != e.header.Get("Content-Type") {
				t.Fatalf("HTTP %d %q, %v; want %d %q", got.status, got.header.Get("Content-Type"), got.err, e.status, e.header.Get("Content-Type"))
			}
			want, have := string(e.body), strings.ReplaceAll(got.body, watched, recordedProTx)
			if d.value {
				compact := func(body string) bool { return !strings.Contains(body, "\n") }
				if compact(want) != compact(have) {
					t.Errorf("line breaks: %q", have)
				}
				want, have = shape("", decode([]byte(want))), shape("", decode([]byte(have)))
			}
			if diff := cmp.Diff(want, have); diff != "" {
				t.Errorf("%s (-recorded +fake):\n%s", path, diff)
			}
		})
	}
	if played < 40 {
		t.Errorf("%d exchanges were played", played)
	}
}

// explorerRequest sends the request as it was recorded.
func explorerRequest(t *testing.T, address, name string) answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	method := http.MethodGet
	if name == "post" {
		method = http.MethodPost
	}
	request, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if name == "no_user_agent" {
		request.Header.Set("User-Agent", "") // net/http then sends none
	}
	response, err := client(t, 0).Do(request)
	if err != nil {
		return answer{err: err}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, string(body), err}
}

// shape lists the fields of a value and their types. The wallet of the recorded daemon was on; that of the
// scenario is off.
func shape(at string, value any) string {
	switch value := value.(type) {
	case object:
		var lines []string
		for name, field := range value {
			if name != "wallet" {
				lines = append(lines, shape(at+"."+name, field))
			}
		}
		slices.Sort(lines)
		return strings.Join(lines, "\n")
	case []any:
		if len(value) == 0 {
			return at + " empty"
		}
		return shape(at+"[]", value[0])
	}
	return fmt.Sprintf("%s %T", at, value)
}

// TestMissingBlockIsCached: the explorer says for an hour that it lacks a block, also when it has it.
func TestMissingBlockIsCached(t *testing.T) {
	n := start(t, "healthy")
	block := func(i, height int) string {
		return get(t, fmt.Sprintf("%s/api/getblock?%s", n.ExplorerURLs()[i], url.Values{"height": {fmt.Sprint(height)}}.Encode())).body
	}
	const missing = `"code": -1`
	if body := block(0, 530); !strings.Contains(body, missing) {
		t.Errorf("before it exists: %s", body)
	}
	n.AddBlock()
	if body := block(0, 530); !strings.Contains(body, missing) {
		t.Errorf("it was missing a moment ago: %s", body)
	}
	for _, body := range []string{block(1, 530), block(0, 529)} {
		if strings.Contains(body, missing) {
			t.Errorf("another explorer, another block: %s", body)
		}
	}
}

func TestResyncing(t *testing.T) {
	n := start(t, "healthy")
	height := func() string { return get(t, n.ExplorerURLs()[0]+"/api/getblockcount").body }
	n.Set(func(s *State) { s.Explorers[0].Mode = ExplorerResyncing })
	if got := height(); got != "" {
		t.Errorf("at height 0: %q", got)
	}
	for after, want := range map[time.Duration]string{2050 * time.Millisecond: "20", time.Hour: "529"} {
		n.Set(func(s *State) { s.Explorers[0].Since = time.Now().Add(-after) })
		if got := height(); got != want {
			t.Errorf("after %s: %s, want %s", after, got, want)
		}
	}
	n.Set(func(s *State) { s.Explorers[0].Mode = ExplorerOK })
	if e := n.State().Explorers[0]; !e.Since.IsZero() || e.Frozen != 0 {
		t.Errorf("%+v", e)
	}
}

func TestExplorerHangs(t *testing.T) {
	n := start(t, "healthy")
	n.Set(func(s *State) { s.Explorers[0].Mode = ExplorerHang })
	if got := explorerRequest(t, n.ExplorerURLs()[0]+"/api/getblockcount", ""); !errors.Is(got.err, context.DeadlineExceeded) {
		t.Errorf("%+v", got)
	}
}

func TestExplorersNeedCaptures(t *testing.T) {
	_, err := Start(Config{Scenario: load(t, "healthy"), Password: "p", Explorers: 1})
	if err == nil || !strings.Contains(err.Error(), "Captures") {
		t.Error(err)
	}
	_, err = Start(Config{Scenario: load(t, "healthy"), Password: "p", Captures: os.DirFS(t.TempDir())})
	if err == nil {
		t.Error("started without captures")
	}
}
