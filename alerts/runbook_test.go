package alerts_test

import (
	"cmp"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"raptoreum_exporter/alerts"
)

// TestServeRunbook requests runbooks the way the exporter routes them.
func TestServeRunbook(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /runbooks/{alert}", alerts.ServeRunbook)
	mux.HandleFunc("GET /runbooks/{$}", alerts.ServeRunbook)
	for _, test := range []struct {
		path, start string
		status      int
	}{
		{"/runbooks/", "# Runbooks\n", http.StatusOK},
		{"/runbooks/README", "# Runbooks\n", http.StatusOK},
		{"/runbooks/RaptoreumDaemonHung", "# RaptoreumDaemonHung\n", http.StatusOK},
		{"/runbooks/RaptoreumNope", "404 ", http.StatusNotFound},
		{"/runbooks/..%2falerts", "404 ", http.StatusNotFound},
	} {
		recorder := httptest.NewRecorder()
		mux.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, test.path, nil))
		if recorder.Code != test.status || !strings.HasPrefix(recorder.Body.String(), test.start) {
			t.Errorf("%s: status %d, body %.40q; want %d and %q", test.path, recorder.Code, recorder.Body, test.status, test.start)
		}
		if got, want := recorder.Header().Get("Content-Type"), "text/plain; charset=utf-8"; got != want {
			t.Errorf("%s: content type %q, want %q", test.path, got, want)
		}
	}
}

// TestRunbookLinks checks that every relative link of a runbook has a target, including the heading.
func TestRunbookLinks(t *testing.T) {
	files, err := filepath.Glob("runbooks/*.md")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`\]\((\w+)?(?:\.md)?(?:#([\w-]+))?\)`).FindAllStringSubmatch(string(text), -1) {
			page := cmp.Or(match[1], strings.TrimSuffix(filepath.Base(file), ".md"))
			target, ok := alerts.Runbook(page)
			if !ok || !slices.Contains(append(anchors(string(target)), ""), match[2]) {
				t.Errorf("%s: the link %s has no target", file, match[0])
			}
			checked++
		}
	}
	if checked < 100 {
		t.Errorf("%d links, want at least 100", checked)
	}
}

// anchors returns the anchors that GitHub gives to the headings of a Markdown text.
func anchors(text string) (all []string) {
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		words := regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(heading[1]), "")
		all = append(all, strings.ReplaceAll(words, " ", "-"))
	}
	return all
}
