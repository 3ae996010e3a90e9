package main

import (
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// TestSteps follows the welcome of a demo whose port is taken: it says so, the page has the own node, and each step,
// done in order, has the effect that stands beside it.
func TestSteps(t *testing.T) {
	t.Parallel()
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	command, dir := demo(t, "-listen", other.Addr().String())
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	urls, text := readWelcome(t, out)
	if !strings.HasPrefix(text, "\n"+other.Addr().String()+" is taken, so ") || strings.Contains(urls["page"], other.Addr().String()) {
		t.Errorf("the port is taken:\n%s", text)
	}
	const healthy = "All \\d+ checks of this machine are ok\\."
	shows(t, urls["page"], healthy)
	steps := regexp.MustCompile(`(?m)^  curl -d '(.+)' (http\S+) +(.+)$`).FindAllStringSubmatch(text, -1)
	if len(steps) != 3 {
		t.Fatalf("%d steps in\n%s", len(steps), text)
	}
	for _, step := range steps {
		response, err := http.Post(step[2], "application/x-www-form-urlencoded", strings.NewReader(step[1])) // as curl does
		if err != nil {
			t.Fatal(err)
		}
		if response.Body.Close(); response.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", step[0], response.Status)
		}
		effect, _, _ := strings.Cut(step[3], ",")
		if strings.HasPrefix(effect, "raptoreum_") {
			shows(t, urls["metrics"], "(?m)^"+effect+"$")
			continue
		}
		for _, want := range []string{"up 1", "smartnode_pose_strikes_left 2"} {
			shows(t, urls["metrics"], "(?m)^raptoreum_"+want+"$")
		}
	}
	if err := command.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = command.Wait() // TestEnd checks the exit code
	nothingLeft(t, dir)
}

// shows checks that a page contains a pattern.
func shows(t *testing.T, url, pattern string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil || !regexp.MustCompile(pattern).Match(page) {
		t.Errorf("%s lacks %s, %v:\n%s", url, pattern, err, page)
	}
}
