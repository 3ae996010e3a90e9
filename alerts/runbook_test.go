package alerts_test

import (
	"cmp"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"raptoreum_exporter/alerts"
	"raptoreum_exporter/internal/tools"
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
	checked := 0
	for name, text := range runbookTexts(t) {
		for _, match := range regexp.MustCompile(`\]\((\w+)?(?:\.md)?(?:#([\w-]+))?\)`).FindAllStringSubmatch(text, -1) {
			page := cmp.Or(match[1], name)
			target, ok := alerts.Runbook(page)
			if !ok || !slices.Contains(append(anchors(string(target)), ""), match[2]) {
				t.Errorf("%s: the link %s has no target", name, match[0])
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

// TestRunbookGuards runs what keeps commands from touching the files of a raptoreumd that runs: alone, and with the
// lines for several raptoreumd, while another one of them runs.
func TestRunbookGuards(t *testing.T) {
	guard := regexp.MustCompile(`pgrep -f '[^']*'; \[ \$\? = 1 \]`)
	all, found := runbookTexts(t), 0
	_, several, ok := strings.Cut(all["README"], "unit=THAT.service\n")
	several, _, ends := strings.Cut(several, "```")
	if !ok || !ends {
		t.Fatal("no lines for several raptoreumd")
	}
	dir := t.TempDir()
	for program, script := range map[string]string{"pgrep": "[ -n \"$PIDS\" ] && echo $PIDS", "systemctl": "[ -n \"$MAIN\" ] && echo $MAIN"} {
		if err := os.WriteFile(filepath.Join(dir, program), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range all {
		for _, condition := range guard.FindAllString(text, -1) {
			found++
			for _, test := range []struct {
				lines, pids, main string
				acts              bool
			}{
				{"", "7", "", false},
				{"", "", "", true},
				{several, "7", "7", false},
				{several, "7", "0", true}, // 7 is another one
				{several, "7", "", false}, // systemctl failed
			} {
				cmd := exec.CommandContext(t.Context(), "bash", "-c", test.lines+"\n"+condition+" && echo acts")
				cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "PIDS="+test.pids, "MAIN="+test.main, "unit=rtm2.service")
				out, _ := cmd.Output()
				if acts := strings.HasSuffix(string(out), "acts\n"); acts != test.acts {
					t.Errorf("%s: with pids %q and MainPID %q it prints %q, want acts: %t\n%s", name, test.pids, test.main, out, test.acts, test.lines)
				}
			}
		}
	}
	if found < 4 {
		t.Errorf("%d guards, want at least 4", found)
	}
}

// TestRunbookStop: raptoreumd has 10 minutes to stop everywhere, as it has from heal (--heal.stop-timeout).
func TestRunbookStop(t *testing.T) {
	waits := regexp.MustCompile(`(TimeoutStopSec=|docker stop -t |seq )(\d+)`)
	found := 0
	for name, text := range runbookTexts(t) {
		for _, wait := range waits.FindAllStringSubmatch(text, -1) {
			found++
			seconds, err := strconv.Atoi(wait[2])
			if wait[1] == "seq " { // sleep 5
				seconds *= 5
			}
			if err != nil || seconds != 600 {
				t.Errorf("%s: %s waits for %d s, want 600", name, wait[0], seconds)
			}
		}
	}
	if found < 4 {
		t.Errorf("%d waits, want at least 4", found)
	}
}

// runbookTexts returns all runbooks by name.
func runbookTexts(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("runbooks/*.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("no runbooks (%v)", err)
	}
	all := map[string]string{}
	for _, file := range files {
		all[strings.TrimSuffix(filepath.Base(file), ".md")] = tools.Read(t, file)
	}
	return all
}

// TestRunbookURLs runs the commands of README.md that change the addresses of the runbooks, on a copy.
func TestRunbookURLs(t *testing.T) {
	readme, rules := tools.Read(t, "../README.md"), tools.Read(t, "alerts.yml")
	all := strings.Count(rules, "runbook_url: ")
	for command, changed := range map[string]string{
		`sed -i -E '(.*/runbooks/.*)' alerts.yml`: `runbook_url: https://example\.org/runbooks/Raptoreum\w+\.md$`,
		`sed -i '(/runbook_url/.*)' alerts.yml`:   `runbook_url: .*https://\{\{.*/runbooks/Raptoreum\w+'?$`,
	} {
		found := regexp.MustCompile(command).FindStringSubmatch(readme)
		if found == nil {
			t.Errorf("README.md has no command %s", command)
			continue
		}
		file := write(t, filepath.Join(t.TempDir(), "alerts.yml"), rules)
		run(t, "sed", "-i", "-E", found[1], file)
		if got := len(regexp.MustCompile("(?m)"+changed).FindAllString(tools.Read(t, file), -1)); got != all || all == 0 {
			t.Errorf("%s changed %d of %d addresses correctly", found[0], got, all)
		}
	}
}

// TestCommands: what README.md, the guide of the package and the runbooks paste works for a user who is not root, and
// for every exporter of the machine.
func TestCommands(t *testing.T) {
	texts := runbookTexts(t)
	for _, file := range []string{"../README.md", "../README.fr.md", "../packaging/README.md"} {
		texts[file] = tools.Read(t, file)
	}
	for wrong, why := range map[string]string{
		"(?m)(?:^|[`|;] *)journalctl .*":                                   "prints nothing without sudo",
		"(?m)(?:^|[`|;] *)systemctl (?:start|stop|restart|enable|edit) .*": "needs sudo",
	} {
		for name, text := range texts {
			for _, found := range regexp.MustCompile(wrong).FindAllString(text, -1) {
				t.Errorf("%s: %s: %s", name, found, why)
			}
		}
	}
	for name, text := range runbookTexts(t) {
		if found := regexp.MustCompile(`systemctl (?:restart|reload) raptoreum_exporter\n`).FindString(text); found != "" {
			t.Errorf("%s: %s leaves out raptoreum_exporter@NAME", name, found)
		}
	}
}
