package web_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"raptoreum_exporter/internal/harness"
	"raptoreum_exporter/internal/simnet"
)

// TestMissing: who opens what does not exist reads what does, and a browser gets links.
func TestMissing(t *testing.T) {
	t.Parallel()
	alone := harness.Start(t, "healthy", nil)
	owner := harness.StartFleet(t, []simnet.Member{{Address: harness.Loopback(t, 44)}}, nil)
	for _, test := range []struct{ url, accept, want string }{
		{alone.URL + "/probe?target=x", "*/*", "this exporter has no fleet; start it with --fleet.config"},
		{alone.URL + "/sd", "*/*", "this exporter has no fleet"},
		{alone.URL + "/node/x", "text/html", "this exporter has no fleet"},
		{owner.URL + "/node/none", "*/*", `target "none": no smartnode of the fleet`},
		{owner.URL + "/node/none", "text/html", `<p>target &#34;none&#34;: no smartnode of the fleet has that name or proTxHash; /sd lists them</p><p><a href="../">All nodes</a></p>`},
		{owner.URL + "/runbooks/Nope", "text/html", `<a href="README">All runbooks</a>`},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, test.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Accept", test.accept)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusNotFound || !strings.Contains(string(body), test.want) {
			t.Errorf("%s, %s: %d, %v, %s", test.url, test.accept, response.StatusCode, err, body)
		}
	}
}
