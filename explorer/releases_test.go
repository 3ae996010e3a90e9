package explorer

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"raptoreum_exporter/internal/poll"
)

const releasesBody = `[
  {"tag_name": "2.0.4.01", "draft": false, "prerelease": false, "assets": [{"name": "x", "size": 1}]},
  {"tag_name": "2.0.4.01-testnet", "draft": false, "prerelease": false},
  {"tag_name": "2.0.5.00-mainnet", "draft": true, "prerelease": false},
  {"tag_name": "2.0.6.00-mainnet", "draft": false, "prerelease": true},
  {"tag_name": "next-mainnet", "draft": false, "prerelease": false},
  {"tag_name": "1.3.17.06-mainnet", "draft": false, "prerelease": false},
  {"tag_name": "2.0.3.01-mainnet", "draft": false, "prerelease": false},
  {"tag_name": "2.0.3.00-mainnet", "draft": false, "prerelease": false}
]`

func TestParseVersion(t *testing.T) {
	for tag, want := range map[string]int{
		"2.0.3.01-mainnet": 2000301, "2.0.3.01": 2000301, "2.0.3.1": 2000301, "2.0.3.99-testnet": 2000399, "1.3.17.06-mainnet": 1031706,
		"0.0.0.0": 0, "99.99.99.99": 99999999, "2.0.3.01-a-b": 2000301,
	} {
		if got, ok := ParseVersion(tag); !ok || got != want {
			t.Errorf("%q: %d, %v, want %d", tag, got, ok, want)
		}
	}
	for _, tag := range []string{"", "-mainnet", "2.0.3", "2.0.3.1.0", "2.0.3.", "v2.0.3.1", "2.0.+3.1", "2.0.-3.1", "2.0.3.100", "2.0.3.1 ", "2.0.3.999999999999999999999", "/Raptoreum Core:2.0.3.1/"} {
		if got, ok := ParseVersion(tag); ok || got != 0 {
			t.Errorf("%q: %d, want none", tag, got)
		}
	}
}

func TestParseReleases(t *testing.T) {
	got, err := parseReleases([]byte(releasesBody))
	if diff := cmp.Diff(Release{Version: 2000301, Tag: "2.0.3.01-mainnet"}, got); diff != "" || err != nil {
		t.Errorf("error %v, release differs (-want +got):\n%s", err, diff)
	}
	got, err = parseReleases([]byte(`[{"tag_name": "2.0.3.01-mainnet\n` + strings.Repeat("x", 1000) + `"}]`))
	if err != nil || len(got.Tag) > 64 || strings.Contains(got.Tag, "\n") {
		t.Errorf("tag %q, %v", got.Tag, err)
	}
	for _, body := range []string{"", "<html>", "null", "[]", "{}", `{"message": "x"}`, `[{"tag_name": 1}]`, `[{"tag_name": "2.0.4.01-testnet"}]`} {
		if got, err := parseReleases([]byte(body)); err == nil {
			t.Errorf("%s: %+v, want an error", body, got)
		}
	}
}

// TestReleasesSchedule walks through a week of a page that fails now and then.
func TestReleasesSchedule(t *testing.T) {
	var up atomic.Bool
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if !up.Load() {
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, `{"message": "API rate limit exceeded"}`)
			return
		}
		io.WriteString(w, releasesBody)
	})
	clock := &clock{}
	start := clock.Now()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	releases, err := NewReleases(t.Context(), ReleasesConfig{URL: s.URL + "/releases", HTTP: transport, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		at    time.Duration
		up    bool
		hits  int32         // so far
		known bool          // a release
		age   time.Duration // since At
	}{
		{0, false, 1, false, 0},
		{59 * time.Minute, true, 1, false, 59 * time.Minute},
		{time.Hour, true, 2, true, 0},
		{2 * time.Hour, true, 2, true, time.Hour},
		{6*time.Hour + 59*time.Minute, true, 2, true, 5*time.Hour + 59*time.Minute},
		{8 * time.Hour, false, 3, true, 7 * time.Hour},
		{8*time.Hour + time.Minute, false, 3, true, 7*time.Hour + time.Minute},
		{9 * time.Hour, false, 4, true, 8 * time.Hour},
		{25 * time.Hour, false, 5, false, 0},
		{26 * time.Hour, true, 6, true, 0},
	}
	for _, step := range steps {
		clock.offset.Store(int64(step.at))
		up.Store(step.up)
		got, ok := releases.Latest(t.Context(), poll.Wait)
		if !ok || s.hits.Load() != step.hits || (got.Value.Version == 2000301) != step.known || (got.Err == nil) != step.known || start.Add(step.at).Sub(got.At) != step.age {
			t.Errorf("at %s: %+v, age %s after %d requests, want %+v", step.at, got, start.Add(step.at).Sub(got.At), s.hits.Load(), step)
		}
		if !step.known {
			wantError(t, got.Err, s.host(), `HTTP 403 with text "{\"message\": \"API rate limit`)
		}
	}
}

func TestReleasesURL(t *testing.T) {
	if _, err := NewReleases(t.Context(), ReleasesConfig{URL: "ftp://a.example"}); err == nil || !strings.Contains(err.Error(), `release page "ftp://a.example"`) {
		t.Errorf("error %v", err)
	}
	if _, err := NewReleases(t.Context(), ReleasesConfig{}); err != nil {
		t.Error(err)
	}
}
