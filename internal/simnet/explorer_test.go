package simnet

import (
	"errors"
	"net/http"
	"strings"
	"syscall"
	"testing"
)

func TestExplorerModes(t *testing.T) {
	n := start(t, "healthy")
	hash := n.config.Scenario.proTx
	paths := map[string]string{
		"height": "/api/getblockcount",
		"node":   "/api/protx?command=info&protxhash=" + hash,
		"block":  "/api/getblock?height=529",
		"beyond": "/api/getblock?height=999999",
		"other":  "/api/protx?command=info&protxhash=" + madeHash("unknown", 1),
		"count":  "/api/smartnode?command=count",
	}
	one := 1
	tests := []struct {
		explorer Explorer
		request  string
		status   int
		want     string // in the body
	}{
		{Explorer{Mode: ExplorerOK}, "height", 200, "530"},
		{Explorer{Mode: ExplorerOK}, "node", 200, `"proTxHash":"` + hash},
		{Explorer{Mode: ExplorerOK}, "block", 200, `"hash":"5d602cc13eeb1dd1bf0993d6e23e6ae2fda60c4d5edbfce6acf4b17a9812a76b"`},
		{Explorer{Mode: ExplorerOK}, "beyond", 200, `"code": -1`},
		{Explorer{Mode: ExplorerOK}, "other", 200, `not found"`},
		{Explorer{Mode: ExplorerOK, Penalty: &one}, "node", 200, `"PoSePenalty":1,`},
		{Explorer{Mode: ExplorerOK, BanHeight: &one}, "node", 200, `"PoSeBanHeight":1,`},
		{Explorer{Mode: ExplorerHTML}, "height", 200, "<!DOCTYPE html>"},
		{Explorer{Mode: ExplorerLying, Offset: -30}, "height", 200, "500"},
		{Explorer{Mode: ExplorerForked}, "block", 200, madeHash("fork", 529)},
		{Explorer{Mode: ExplorerRateLimited}, "height", 429, "Too calls from this IP"},
		{Explorer{Mode: ExplorerErrorText}, "height", 200, "Error: "},
		{Explorer{Mode: ExplorerRedirect}, "height", 302, ""},
		{Explorer{Mode: ExplorerUnknownNode}, "node", 200, `"message": "` + hash + ` not found"`},
		{Explorer{Mode: ExplorerLagging}, "height", 200, "6"},
		{Explorer{Mode: ExplorerLagging}, "node", 200, `"message": "` + hash + ` not found"`},
		{Explorer{Mode: ExplorerLagging}, "count", 200, `{"total":0,"enabled":0}`},
		{Explorer{Mode: ExplorerLagging, Frozen: 261}, "node", 200, " not found"},
		{Explorer{Mode: ExplorerLagging, Frozen: 262}, "node", 200, `"registeredHeight":262,`},
		{Explorer{Mode: ExplorerLagging, Frozen: 262}, "count", 200, `{"total":1,"enabled":1}`},
		{Explorer{Mode: ExplorerOK}, "count", 200, `{"total":4,"enabled":4}`},
		{Explorer{Mode: ExplorerStarting}, "height", 200, "RpcError: -28 "},
		{Explorer{Mode: ExplorerStarting}, "node", 200, `"code": -28`},
	}
	n.AddBlock()
	for _, test := range tests {
		n.Set(func(s *State) { s.Explorers[0] = test.explorer })
		got := get(t, n.ExplorerURLs()[0]+paths[test.request])
		if got.err != nil || got.status != test.status || !strings.Contains(got.body, test.want) {
			t.Errorf("%s, %s: HTTP %d %q, %v; want %d with %q", test.explorer.Mode, test.request, got.status,
				got.body, got.err, test.status, test.want)
		}
	}
	if calls := n.Calls().Explorers[0]; calls["/api/getblockcount"] != 8 {
		t.Errorf("calls %v", calls)
	}
}

func TestExplorerDownStaleAndRedirect(t *testing.T) {
	n := start(t, "healthy")
	first, second := n.ExplorerURLs()[0]+"/api/getblockcount", n.ExplorerURLs()[1]+"/api/getblockcount"
	n.Set(func(s *State) { s.Explorers[0].Mode = ExplorerDown; s.Explorers[1].Mode = ExplorerStale })
	n.AddBlock()
	if got := get(t, first); !errors.Is(got.err, syscall.ECONNREFUSED) {
		t.Errorf("down: %+v", got)
	}
	if got := get(t, second); got.body != "529" {
		t.Errorf("stale: %+v", got)
	}
	n.Set(func(s *State) { s.Explorers[0].Mode = ExplorerRedirect; s.Explorers[1].Mode = ExplorerOK })
	if got := get(t, second); got.body != "530" {
		t.Errorf("no longer stale: %+v", got)
	}
	response, err := (&http.Client{Transport: client(t, 0).Transport}).Get(first) // follows redirects
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if got := n.Calls().RedirectTarget; got != 1 {
		t.Errorf("%d requests followed the redirect", got)
	}
	n.Set(func(s *State) { s.Explorers[0].Mode = ExplorerSlowDrip })
	if got := get(t, first); got.body != "530" { // three bytes
		t.Errorf("slow drip: %+v", got)
	}
}
