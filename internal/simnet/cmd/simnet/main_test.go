package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestRun(t *testing.T) {
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{
			"-scenario", "../../../../testdata/scenarios/healthy", "-captures", "../../../../testdata/captures",
			"-cookie-dir", t.TempDir(), "-explorers", "1", "-advance", "1h",
		}, in)
		in.Close()
	}()
	values := map[string]string{}
	lines := bufio.NewScanner(out)
	for len(values) < 4 && lines.Scan() {
		key, value, _ := strings.Cut(lines.Text(), "=")
		values[key] = value
	}
	for _, key := range []string{"RPC_URL", "PEER_ADDRESS", "EXPLORER_URL_1", "CONTROL_URL"} {
		if values[key] == "" {
			t.Errorf("no %s in %v", key, values)
		}
	}
	response, err := http.Get(values["CONTROL_URL"] + "/state")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil || !strings.Contains(string(body), `"address": "`+values["PEER_ADDRESS"]+`"`) ||
		!strings.Contains(string(body), `"advance_every": "1h0m0s"`) {
		t.Errorf("state %s, %v", body, err)
	}
	stop() // as SIGTERM does
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
}

func TestRunRefuses(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"-control", "0.0.0.0:80"}, "not a loopback address"},
		{[]string{"-scenario", "nowhere", "-password", "x"}, "-scenario nowhere"},
		{[]string{"healthy"}, "unexpected argument"},
		{[]string{"-scenario", "../../../../testdata/scenarios/healthy", "-captures", "../../../../testdata/captures"}, "password"},
	} {
		err := run(t.Context(), test.args, io.Discard)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v; want %q", test.args, err, test.want)
		}
	}
}
